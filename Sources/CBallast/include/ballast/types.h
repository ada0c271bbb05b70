/* Statuses, handles, and what describes a model and a cluster. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_TYPES_H
#define BALLAST_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Statuses ---- */

typedef int32_t ballast_status;

enum {
  BALLAST_OK = 0,
  /* A pointer is null that must not be, or not aligned for what it points to. */
  BALLAST_BAD_POINTER = 1,
  /* A value is outside its range, or contradicts another. */
  BALLAST_BAD_VALUE = 2,
  /* `size` is not one this library knows, or a reserved member is not 0. */
  BALLAST_BAD_SIZE = 3,
  /* The handle names no living object of its kind. */
  BALLAST_STALE_HANDLE = 4,
  /* Another thread uses the lane. */
  BALLAST_LANE_BUSY = 5,
  /* A buffer has not the capacity needed; the needed count is written where the function says. */
  BALLAST_BUFFER_TOO_SMALL = 6,
  /* A setting is unknown, ill-formed or out of range. */
  BALLAST_BAD_SETTING = 7,
  /* A limit on objects is reached, such as `laneLimit`. */
  BALLAST_LIMIT_REACHED = 8,
  /* Nothing to give: no event, no step, no earlier placement. */
  BALLAST_NOTHING = 9,
  /* A turn of the control loop is under way. */
  BALLAST_BUSY = 10,
  /* Serialised bytes are damaged, of another version, or of another model. */
  BALLAST_BAD_BYTES = 11,
  /* Replicas could not be put in place, or a placement cannot be used. */
  BALLAST_PLACEMENT_REFUSED = 12,
  /* A batch could not be computed. */
  BALLAST_EXECUTION_FAILED = 13,
  /* The function needs a balancer of the other mode. */
  BALLAST_WRONG_MODE = 14,
  /* The system refused a call on a file. */
  BALLAST_FILE_REFUSED = 15
};

/* What the calling thread's last failing call has to say: a text that is never null and stays until the thread's next failing
 * call. Thread: any. */
const char *ballast_explanation(void);

/* The version of the library as "major.minor.patch"; the macros above are that of the header. Thread: any. */
const char *ballast_version(void);

/* ---- Handles ---- */

typedef uint64_t ballast_balancer;
typedef uint64_t ballast_executor;
typedef uint64_t ballast_lane;
typedef uint64_t ballast_load;
typedef uint64_t ballast_plan;

/* ---- The model and the cluster ---- */

/* How weights are stored, from the most exact to the least. */
enum {
  BALLAST_PRECISION_FLOAT32 = 0,
  BALLAST_PRECISION_BFLOAT16 = 1,
  BALLAST_PRECISION_INT8 = 2,
  BALLAST_PRECISION_INT4 = 3
};

/* Which half of serving tokens belong to. */
enum { BALLAST_PHASE_PREFILL = 0, BALLAST_PHASE_DECODE = 1 };

typedef struct {
  uint32_t size;
  /* MoE layers, 1...65535. */
  uint32_t layers;
  /* 1...65535. */
  uint32_t experts_per_layer;
  /* 1...experts_per_layer, at most. */
  uint32_t experts_per_token;
  /* The checkpoint's own precision. */
  uint32_t full_precision;
  uint32_t reserved;
  /* Bytes of one expert's weights and scales at each precision. */
  uint64_t bytes_per_expert[4];
} ballast_model;

typedef struct {
  /* Bytes for replicas, staging included. */
  uint64_t memory_bytes;
  /* Work per unit of time relative to a device of speed 1; above 0. */
  double relative_speed;
  /* The node whose fast link the device shares, from 0. */
  uint32_t node;
  uint32_t reserved;
} ballast_device;

/* What a device's share of a batch takes: the sum over its replicas of activation + tokens * per_token. */
typedef struct {
  uint32_t size;
  uint32_t reserved;
  /* [precision] */
  double activation_nanoseconds[4];
  /* [precision] */
  double per_token_nanoseconds[4];
  /* Between devices of one node; infinity where moving is free. */
  double link_bytes_per_second;
  /* Between nodes. */
  double node_link_bytes_per_second;
} ballast_cost;

typedef struct {
  uint32_t size;
  /* 1...65535. */
  uint32_t device_count;
  const ballast_device *devices;
  /* NULL: one nanosecond a token, nothing for activation, links free. */
  const ballast_cost *cost;
} ballast_cluster;

/* One copy of one expert. */
typedef struct {
  uint32_t layer;
  uint32_t expert;
  uint32_t device;
  uint32_t precision;
  /* The name dispatches use; unique while the replica exists; 0 in a placement that is not in use. */
  uint32_t replica;
  uint32_t reserved;
} ballast_replica;

#ifdef __cplusplus
}
#endif

#endif
