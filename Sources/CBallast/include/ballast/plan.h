/* Plans as pure functions. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_PLAN_H
#define BALLAST_PLAN_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Plans the next placement; nothing is applied, and nothing but the arguments decides it.
 *
 * `tokens_per_batch` is [layer][expert], each at least 0. `placement` is where experts are now, or NULL as for
 * `ballast_balancer_create`. Thread: any. */
ballast_status ballast_plan_create(const ballast_model *model, const ballast_cluster *cluster, const char *settings,
                                   const double *tokens_per_batch, const ballast_replica *placement, uint64_t replica_count,
                                   ballast_plan *plan);

/* What is expected of a plan. */
typedef struct {
  uint32_t size;
  /* 1 when more would have paid than one plan may stage. */
  uint32_t is_cut_short;
  double batch_nanoseconds_before;
  double batch_nanoseconds_after;
  double imbalance_before;
  double imbalance_after;
  uint64_t bytes_moved;
  double quality_spent;
  uint64_t added;
  uint64_t removed;
} ballast_forecast;

/* Thread: any. */
ballast_status ballast_plan_forecast(ballast_plan plan, ballast_forecast *forecast);
/* The placement it leads to, ordered by layer, expert, device; *count is the number of replicas. Thread: any. */
ballast_status ballast_plan_placement(ballast_plan plan, ballast_replica *replicas, uint64_t capacity, uint64_t *count);

/* What a plan carries. *table_version is the version the placement has once the plan is applied, one more than the balancer's it was
 * made by, or 0 for a plan made without one; *switch_step is the step of serving at which every process switches, 0 for as soon as
 * everything is in place. Thread: any. */
ballast_status ballast_plan_switch(ballast_plan plan, uint64_t *table_version, uint64_t *switch_step);
/* Chooses that step, on a count of the caller's that all processes share; 0 for none. Thread: any. */
ballast_status ballast_plan_set_switch(ballast_plan plan, uint64_t switch_step);
/* Writes the plan, with all it carries, as bytes with a version and a checksum; *count is their number. Thread: any. */
ballast_status ballast_plan_serialise(ballast_plan plan, void *bytes, uint64_t capacity, uint64_t *count);
/* The plan that was written as these bytes, in this process or another. Thread: any. */
ballast_status ballast_plan_deserialise(const void *bytes, uint64_t count, ballast_plan *plan);
ballast_status ballast_plan_destroy(ballast_plan plan);

/* A plan from nothing, in the shapes of the published expert-parallel load balancer (EPLB), whose names these are.
 *
 * weights is [layers][experts]; physical_to_logical [layers][replicas]; counts [layers][experts]; logical_to_physical
 * [layers][experts][slots], -1 past an expert's last copy. Any output may be NULL. `slots` of replicas - experts + 1 always suffices;
 * one too small gives BALLAST_BUFFER_TOO_SMALL. *most_copies is the most any expert has. Thread: any. */
ballast_status ballast_rebalance(const double *weights, uint32_t layers, uint32_t experts, uint32_t replicas, uint32_t groups,
                                 uint32_t nodes, uint32_t devices, uint32_t slots, int64_t *physical_to_logical,
                                 int64_t *logical_to_physical, int64_t *counts, uint32_t *most_copies);

#ifdef __cplusplus
}
#endif

#endif
