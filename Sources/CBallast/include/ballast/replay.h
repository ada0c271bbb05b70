/* Replay: what a policy would have made of recorded loads. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_REPLAY_H
#define BALLAST_REPLAY_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  /* One copy of each expert, contiguous, for ever. */
  BALLAST_REPLAY_STATIC = 0,
  /* Replicate and pack from nothing after every window. */
  BALLAST_REPLAY_GREEDY = 1,
  /* Ballast's control loop. */
  BALLAST_REPLAY_BALLAST = 2
};

typedef struct {
  uint32_t size;
  /* BALLAST_REPLAY_... */
  uint32_t policy;
  uint32_t layers;
  uint32_t experts_per_layer;
  /* Equal devices, shared evenly by the nodes. */
  uint32_t devices;
  uint32_t nodes;
  /* Replicas each layer holds in all, a multiple of the devices; 0 lets bytes decide. */
  uint32_t copies_per_layer;
  /* Windows recorded, at least 2: the first only teaches. */
  uint32_t windows;
  /* Batches in each window, at least 1. */
  uint32_t batches_per_window;
  /* Windows a plan is expected to serve, at least 1: what its gain is multiplied by. */
  uint32_t plan_life_windows;
  /* Bytes of one expert at full precision, which is bfloat16. */
  uint64_t expert_bytes;
  /* Between two devices. */
  double link_bytes_per_second;
} ballast_replay_options;

/* Means over the windows that were judged, unless another is said. */
typedef struct {
  uint32_t size;
  uint32_t reserved;
  /* Maximum over mean device tokens, mean over layers and batches; the value 19 windows in 20 do not exceed; the largest. */
  double device_imbalance;
  double device_imbalance_p95;
  double device_imbalance_worst;
  /* Experts * busiest expert / total, and experts * busiest replica / total. */
  double expert_imbalance;
  double replica_imbalance;
  /* Copies moved after a window over all copies. */
  double copies_moved_share;
  /* In all. */
  uint64_t bytes_moved;
  /* What a batch takes on the simulated devices, all layers. */
  double batch_microseconds;
  double plan_milliseconds;
} ballast_replay_result;

/* One window that was judged. */
typedef struct {
  /* From 1; window 0 only teaches. */
  uint32_t window;
  /* The layer with the largest device imbalance. */
  uint32_t worst_layer;
  double worst_layer_imbalance;
  double device_imbalance;
  double expert_imbalance;
  double replica_imbalance;
  uint64_t copies_moved;
  uint64_t bytes_moved;
  double batch_microseconds;
  double plan_milliseconds;
} ballast_replay_window;

/* Judges each window by the placement planned from the windows before it: what `ballast replay` does.
 *
 * `tokens` is [window][batch][layer][expert], at most 2^30 values that together are at most 2^44. `settings` are read on top of those
 * that plan once a window. `windows` may be NULL when only the result is wanted; else `capacity` is in elements, and *count, which
 * may be NULL with it, is the number of windows judged. Thread: any; it takes as long as planning every window does. */
ballast_status ballast_replay(const ballast_replay_options *options, const char *settings, const uint64_t *tokens,
                              ballast_replay_result *result, ballast_replay_window *windows, uint64_t capacity, uint64_t *count);

#ifdef __cplusplus
}
#endif

#endif
