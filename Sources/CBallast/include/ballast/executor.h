/* Executor mode: experts computed on this machine. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_EXECUTOR_H
#define BALLAST_EXECUTOR_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  uint32_t size;
  uint32_t layers;
  uint32_t experts_per_layer;
  uint32_t experts_per_token;
  /* Length of what an expert reads and writes, and between its two products; 1...65536. */
  uint32_t hidden;
  uint32_t inner;
  /* How the caller's weights are stored: BALLAST_PRECISION_FLOAT32 or BALLAST_PRECISION_BFLOAT16. */
  uint32_t full_precision;
  /* Groups of worker threads, each with memory of its own. */
  uint32_t devices;
  /* Packed weights and scales each device may hold, staging included; 0 for as much as the experts take and a half more. */
  uint64_t memory_bytes_per_device;
} ballast_executor_options;

/* An executor without weights. Thread: any. */
ballast_status ballast_executor_create(const ballast_executor_options *options, ballast_executor *executor);

/* Names the weights of one SwiGLU expert, down(silu(gate x) * (up x)): row-major, gate and up [inner][hidden], down
 * [hidden][inner], in full precision. The memory is read whenever a replica is staged: it stays the caller's and must stay in place
 * until the executor and every balancer on it are destroyed. Thread: any. */
ballast_status ballast_executor_load(ballast_executor executor, uint32_t layer, uint32_t expert, const void *gate, const void *up,
                                     const void *down);
ballast_status ballast_executor_destroy(ballast_executor executor);

#ifdef __cplusplus
}
#endif

#endif
