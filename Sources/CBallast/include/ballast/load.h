/* Loads: what was counted, in one process or several. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_LOAD_H
#define BALLAST_LOAD_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An empty load of a model's shape. Thread: any. */
ballast_status ballast_load_create(uint32_t layers, uint32_t experts_per_layer, ballast_load *load);
/* What a balancer has counted since it was made. Thread: any. */
ballast_status ballast_load_snapshot(ballast_balancer balancer, ballast_load *load);
/* Adds `other`, of the same shape, to `load`. Thread: any. */
ballast_status ballast_load_merge(ballast_load load, ballast_load other);
/* Adds one batch, counted elsewhere: tokens_per_expert is [expert]. Thread: any. */
ballast_status ballast_load_add(ballast_load load, uint32_t layer, uint32_t phase, uint64_t tokens,
                                const uint64_t *tokens_per_expert, uint64_t experts);
/* Writes [layer][expert] tokens of one phase; `capacity` is in elements, *count the number of them. Thread: any. */
ballast_status ballast_load_counts(ballast_load load, uint32_t phase, uint64_t *counts, uint64_t capacity, uint64_t *count);
/* Writes the load as bytes with a version and a checksum; *count is their number. Thread: any. */
ballast_status ballast_load_serialise(ballast_load load, void *bytes, uint64_t capacity, uint64_t *count);
/* The load that was written as these bytes. Thread: any. */
ballast_status ballast_load_deserialise(const void *bytes, uint64_t count, ballast_load *load);
ballast_status ballast_load_destroy(ballast_load load);

#ifdef __cplusplus
}
#endif

#endif
