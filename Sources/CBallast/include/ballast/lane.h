/* Lanes: the serving path. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_LANE_H
#define BALLAST_LANE_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the gate chose for one layer of one batch. Zero-initialise, then set what applies. */
typedef struct {
  uint32_t size;
  uint32_t tokens;
  /* Choices of every token; 0 when row_starts says how many each has. */
  uint32_t experts_per_token;
  /* Bytes of one expert's number: 1 (unsigned), 2, 4 or 8. */
  uint32_t expert_bytes;
  /* [assignment]: the chosen experts, tokens in order. */
  const void *experts;
  /* [tokens + 1]: where each token's choices start, from 0; NULL when all rows are equally long. */
  const int32_t *row_starts;
  /* [assignment]: gate weights; NULL when the grouping does not need them. */
  const float *gates;
  /* [tokens]: 0 for a token that takes no part, else 1; NULL: all do. */
  const uint8_t *mask;
  /* [tokens]: the least exact precision the token accepts; NULL: any. */
  const uint8_t *least_precision;
  /* BALLAST_PHASE_... of all tokens. */
  uint32_t phase;
  /* 1 for padding and warm-up, whose load does not count; else 0. */
  uint32_t uncounted;
} ballast_selection;

/* Consecutive entries that meet one replica on one device; an entry is one token meeting one replica. */
typedef struct {
  uint32_t expert;
  /* The replica's name, as in ballast_replica. */
  uint32_t replica;
  uint32_t precision;
  /* Where it is computed. */
  uint32_t device;
  /* Where the weights live; another device when they are borrowed for this batch. */
  uint32_t home;
  uint32_t first_entry;
  uint32_t entry_count;
  uint32_t reserved;
} ballast_run;

/* Where a dispatch is written: arrays of the caller, any of which may be NULL when it is not wanted. */
typedef struct {
  uint32_t size;
  uint32_t reserved;
  /* Elements there is room for in `runs`. */
  uint64_t run_capacity;
  /* Elements there is room for in each of `rows`, `gates`, `entry_of_assignment`. */
  uint64_t entry_capacity;
  /* Elements there is room for in `device_times`; `device_runs` has room for one more. */
  uint64_t device_capacity;
  /* The runs, ascending by device, then expert. */
  ballast_run *runs;
  /* [device + 1]: the runs of a device are device_runs[device]...device_runs[device + 1] - 1. */
  uint32_t *device_runs;
  /* [entry]: the token. */
  int32_t *rows;
  /* [entry]: the gate weight; written only when the selection has gates. */
  float *gates;
  /* [assignment]: the entry that serves each choice; choices of tokens that take no part are left out. */
  int32_t *entry_of_assignment;
  /* [device]: nanoseconds by the cost law. */
  double *device_times;
  /* Written: how many there are of each, also when the capacity is too small. */
  uint64_t run_count;
  uint64_t entry_count;
  uint64_t device_count;
  /* Written: choices whose least precision no replica meets; the most exact there is serves them. */
  uint64_t unmet_assignments;
  /* Written: which publication of the placement was used. */
  uint64_t table_version;
} ballast_dispatch;

/* A handle for one more serving worker; at most `laneLimit` exist. Thread: any. */
ballast_status ballast_lane_create(ballast_balancer balancer, ballast_lane *lane);

/* Gives the lane back. Thread: lane (BALLAST_LANE_BUSY while another thread uses it). */
ballast_status ballast_lane_destroy(ballast_lane lane);

/* Counts the load of a batch. Thread: lane. No lock, no allocation once the largest batch was seen. */
ballast_status ballast_lane_record(ballast_lane lane, uint32_t layer, const ballast_selection *selection);

/* Counts the load of a batch and chooses a replica for every choice. A capacity that is too small gives
 * BALLAST_BUFFER_TOO_SMALL, writes the five counts alone, and counts nothing. Thread: lane. No lock, no allocation once the
 * largest batch was seen. */
ballast_status ballast_lane_dispatch(ballast_lane lane, uint32_t layer, const ballast_selection *selection,
                                     ballast_dispatch *dispatch);

/* Executor mode: counts, dispatches and computes one layer of one batch.
 *
 * `input` and `output` are [tokens][hidden]; output is overwritten with the sum over a token's choices of gate * expert(input).
 * `residual`, the stream the output will be added to, may be NULL; then the batch teaches nothing about importance. The selection
 * needs gates and no mask. On BALLAST_EXECUTION_FAILED the output is unspecified. Thread: lane. */
ballast_status ballast_lane_forward(ballast_lane lane, uint32_t layer, const ballast_selection *selection, const float *input,
                                    const float *residual, float *output);

#ifdef __cplusplus
}
#endif

#endif
