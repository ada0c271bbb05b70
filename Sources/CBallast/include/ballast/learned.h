/* What a balancer has learned, kept in a file. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_LEARNED_H
#define BALLAST_LEARNED_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Saves the load the balancer expects, importance, errors, affinity and the placement in use. The file is versioned and checksummed,
 * written under another name (`path` with ".new" behind it), made durable, and renamed: a stop at any instant leaves the newest
 * whole save, or the one before it. A path has at most 4096 bytes. BALLAST_BUSY while a turn is under way; BALLAST_FILE_REFUSED when
 * the system refuses. Thread: any, one save to a path at a time. */
ballast_status ballast_balancer_save(ballast_balancer balancer, const char *path);

/* Takes over what another balancer of the same model on as many devices saved, and applies its placement, which in advice mode is
 * carried out by steps, unless it is the one in use. It returns as `ballast_balancer_tick` does. BALLAST_BAD_BYTES for a file that is
 * damaged or of another version, BALLAST_PLACEMENT_REFUSED for another model or a placement without room; all stays then as it
 * was. Thread: any. */
ballast_status ballast_balancer_restore(ballast_balancer balancer, const char *path);

/* Writes the placement a file holds, ordered by layer, expert, device, for `ballast_balancer_create`; *count is the number of
 * replicas. Thread: any. */
ballast_status ballast_saved_placement(const char *path, ballast_replica *replicas, uint64_t capacity, uint64_t *count);

#ifdef __cplusplus
}
#endif

#endif
