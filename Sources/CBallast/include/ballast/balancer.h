/* Balancers: making, changing and looking at one. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_BALANCER_H
#define BALLAST_BALANCER_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Settings, wherever they are taken, are text: one `key = value` a line, `#` begins a comment, NULL or "" leaves the defaults.
 * The keys are those of `ballast config`, such as `controller.enterImbalance`; at most 65536 bytes are read. */

/* Makes a balancer in advice mode: the engine owns its weights and moves them, one step of a plan after another.
 *
 * `placement` is where the experts are now, replica_count elements in any order, or NULL to begin with one copy of each expert,
 * contiguous (as many of low precision as the memory budget needs). The engine is taken to hold that placement already; read it
 * with `ballast_balancer_placement`, which also names each replica. Thread: any. */
ballast_status ballast_balancer_create(const ballast_model *model, const ballast_cluster *cluster, const char *settings,
                                       const ballast_replica *placement, uint64_t replica_count, ballast_balancer *balancer);

/* Makes a balancer in executor mode: `executor` owns the experts and computes them. Every expert must have been loaded. It keeps
 * the executor alive, stages the first placement, and measures the machine; that takes seconds for large models. Thread: any. */
ballast_status ballast_balancer_create_on(ballast_executor executor, const char *settings, ballast_balancer *balancer);

/* Stops a `run`, fails what waits, and lets the balancer go; its lanes are stale then. Thread: any. */
ballast_status ballast_balancer_destroy(ballast_balancer balancer);

/* Changes settings that may change while running; a setting left out keeps its value. Thread: any. */
ballast_status ballast_balancer_configure(ballast_balancer balancer, const char *settings);

/* Keeps the placement as it is until `unfreeze`; counting and estimating go on. Thread: any. */
ballast_status ballast_balancer_freeze(ballast_balancer balancer);
ballast_status ballast_balancer_unfreeze(ballast_balancer balancer);

/* The placement lanes dispatch by, ordered by layer, expert, device. *count is the number of replicas; `replicas` may be NULL
 * when capacity is 0. BALLAST_BUFFER_TOO_SMALL writes *count alone. Thread: any. */
ballast_status ballast_balancer_placement(ballast_balancer balancer, ballast_replica *replicas, uint64_t capacity,
                                          uint64_t *count);

enum {
  /* It computes and takes replicas. */
  BALLAST_DEVICE_SERVING = 0,
  /* It still computes, but its replicas are to stand elsewhere before it goes. */
  BALLAST_DEVICE_DRAINING = 1,
  /* It is gone, and with it every replica it held. */
  BALLAST_DEVICE_LOST = 2
};

/* Says whether a device takes part, for one that fails, is taken away, or comes back empty. The next turn plans for it. One device
 * at least must serve. Thread: any. */
ballast_status ballast_balancer_set_device(ballast_balancer balancer, uint32_t device, uint32_t device_status);

#ifdef __cplusplus
}
#endif

#endif
