/* Ballast: an adaptive load balancer for mixture-of-experts inference, as a C library.
 *
 * Every function returns a status; anything but BALLAST_OK leaves its outputs and the library's state as they were, unless its
 * comment says otherwise, and `ballast_explanation` then says why, with the value, the limit and the fix. No exception, trap
 * or abort crosses this boundary.
 *
 * Handles are numbers that are checked, never addresses: 0 is no handle, and one whose object is gone, or that names an object
 * of another kind, gives BALLAST_STALE_HANDLE. Structures begin with `size`, which the caller sets to sizeof of the structure
 * as it was compiled; a smaller known size is accepted, an unknown one is refused. Reserved members must be 0. Elements of
 * arrays (devices, replicas, runs, device memories) carry no size and stay as they are for all of version 1. Pointers are
 * trusted for as many elements as the call states, and checked for null and alignment.
 *
 * Threads: "any" means that any number of threads may call at once; "lane" that one thread at a time may use the lane, which
 * is checked (BALLAST_LANE_BUSY). Destroying an object while another thread uses it is safe: the object goes with the last use.
 *
 * Names: docs/glossary.md. How to embed: docs/embedding.md.
 */
#ifndef BALLAST_H
#define BALLAST_H

#include <stddef.h>
#include <stdint.h>

#define BALLAST_VERSION_MAJOR 1
#define BALLAST_VERSION_MINOR 0
#define BALLAST_VERSION_PATCH 0

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
  BALLAST_WRONG_MODE = 14
};

/* What the calling thread's last failing call has to say: a text that is never null and stays until the thread's next failing
 * call. Thread: any. */
const char *ballast_explanation(void);

/* The version of the library as "major.minor.patch"; the macros above are that of the header. Thread: any. */
const char *ballast_version(void);

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

/* ---- Balancers ---- */

typedef uint64_t ballast_balancer;
typedef uint64_t ballast_executor;
typedef uint64_t ballast_lane;
typedef uint64_t ballast_load;
typedef uint64_t ballast_plan;

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

/* ---- Lanes: the serving path ---- */

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

/* ---- The control loop ---- */

/* One turn of the control loop, now. In executor mode it returns when the turn is over; in advice mode as soon as the turn is
 * over or waits for the engine, which then polls `ballast_balancer_next_step`. BALLAST_BUSY while a turn is under way.
 * `nanoseconds` is now on the caller's clock, which must not run backwards. Thread: any. */
ballast_status ballast_balancer_tick(ballast_balancer balancer, int64_t nanoseconds);

/* The same on counts made elsewhere, such as the sum over the processes of a cluster: equal counts, placements and settings give
 * equal plans everywhere. Thread: any. */
ballast_status ballast_balancer_tick_load(ballast_balancer balancer, ballast_load load, int64_t nanoseconds);

/* Ticks every `tickMilliseconds` until `ballast_balancer_stop`, and returns then. Thread: any, one run at a time (BALLAST_BUSY). A stop
 * before the run ends the run at once. */
ballast_status ballast_balancer_run(ballast_balancer balancer);
ballast_status ballast_balancer_stop(ballast_balancer balancer);

/* ---- Advice mode: the steps of a plan ---- */

enum {
  /* Put the replica in place on its device. */
  BALLAST_STEP_STAGE = 1,
  /* Give its memory back, once nothing the engine has begun uses it. */
  BALLAST_STEP_RETIRE = 2,
  /* Everything of the plan is in place: acknowledge between two batches, in every process between the same two, and the next
   * batch uses the new placement. */
  BALLAST_STEP_PUBLISH = 3
};

typedef struct {
  uint32_t size;
  /* BALLAST_STEP_... */
  uint32_t kind;
  /* The number to acknowledge the step by; ascending, the same in every process that plans on the same counts. */
  uint64_t step;
  /* What to stage or retire; for a publication all members are 0. */
  ballast_replica replica;
  /* The version the placement will have once published. */
  uint64_t table_version;
  /* Bytes to stage or retire, by the model. */
  uint64_t bytes;
} ballast_step;

/* Gives the next step, in the order they must be carried out; each once. While a turn is under way and has no step yet, waits up
 * to `wait_milliseconds` for one. BALLAST_NOTHING when there is none. Thread: any. */
ballast_status ballast_balancer_next_step(ballast_balancer balancer, uint32_t wait_milliseconds, ballast_step *step);

/* Says that a step is done (`failed` 0) or could not be done (1), which abandons the plan: what was staged is retired by further
 * steps, and the old placement stays. Acknowledging a publication returns when lanes dispatch by the new placement. A step that
 * took longer than `rollout.stagingTimeoutSeconds`, or was aborted, gives BALLAST_NOTHING: give back what it staged. Thread: any. */
ballast_status ballast_balancer_acknowledge(ballast_balancer balancer, uint64_t step, uint32_t failed);

/* Abandons the plan under way; BALLAST_NOTHING when there is none, or it is published already. Thread: any. */
ballast_status ballast_balancer_abort(ballast_balancer balancer);

/* ---- Events and statistics ---- */

enum { BALLAST_OUTCOME_NONE = 0, BALLAST_OUTCOME_PUBLISHED = 1, BALLAST_OUTCOME_ABANDONED = 2 };

/* What one turn of the control loop did or declined. */
typedef struct {
  uint32_t size;
  /* BALLAST_OUTCOME_... of the turn's plan. */
  uint32_t outcome;
  /* Which turn, from 0. */
  uint64_t tick;
  int64_t nanoseconds;
  /* Device imbalance forecast for the placement as it was; NaN while nothing has been counted. */
  double imbalance;
  /* That of the plan's target; NaN without a plan. */
  double imbalance_after;
  /* Nanoseconds of a batch, summed over layers, before and after the plan; NaN without a plan. */
  double batch_nanoseconds;
  double batch_nanoseconds_after;
  /* Replicas the plan stages and removes. */
  uint64_t added;
  uint64_t removed;
  uint64_t bytes_moved;
  /* Replicas of earlier plans retired in this turn. */
  uint64_t retired;
  /* Estimating, deciding and planning took so long. */
  int64_t thinking_nanoseconds;
  /* Events lost before this one because nobody polled: the queue holds 1024. */
  uint64_t dropped_before;
  /* What was decided or went wrong, for people; ends with a zero. */
  char text[192];
} ballast_event;

/* Gives the oldest event not yet given; BALLAST_NOTHING when there is none. Thread: any. */
ballast_status ballast_balancer_next_event(ballast_balancer balancer, ballast_event *event);

typedef struct {
  uint32_t size;
  uint32_t device_count;
  uint64_t ticks;
  uint64_t plans_published;
  uint64_t plans_abandoned;
  /* Publications since the start. */
  uint64_t table_version;
  uint64_t replica_count;
  /* Tokens counted through the busiest layer. */
  uint64_t tokens;
  uint64_t lanes;
  /* Replaced tables kept because a lane may be reading them. */
  uint64_t waiting_tables;
  /* Times a lane has held retirement up for longer than `rollout.retirementPatienceTicks`. */
  uint64_t retirement_delays;
  uint64_t events_dropped;
  /* 1 or 0. */
  uint32_t is_applying;
  uint32_t is_frozen;
} ballast_statistics;

/* Thread: any. */
ballast_status ballast_balancer_statistics(ballast_balancer balancer, ballast_statistics *statistics);

typedef struct {
  /* Weights and scales of everything staged. */
  uint64_t replica_bytes;
  uint64_t peak_replica_bytes;
  /* What the allocator holds beyond that; 0 in advice mode. */
  uint64_t overhead_bytes;
  /* What the device may hold, staging included. */
  uint64_t budget_bytes;
} ballast_device_memory;

/* [device]; *count is the number of devices. Thread: any. */
ballast_status ballast_balancer_device_memory(ballast_balancer balancer, ballast_device_memory *memory, uint64_t capacity,
                                              uint64_t *count);

/* ---- Load ---- */

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

/* ---- Plans ---- */

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
ballast_status ballast_plan_destroy(ballast_plan plan);

/* A plan from nothing, in the shapes of the published expert-parallel load balancer (EPLB), whose names these are.
 *
 * weights is [layers][experts]; physical_to_logical [layers][replicas]; counts [layers][experts]; logical_to_physical
 * [layers][experts][slots], -1 past an expert's last copy. Any output may be NULL. `slots` of replicas - experts + 1 always suffices;
 * one too small gives BALLAST_BUFFER_TOO_SMALL. *most_copies is the most any expert has. Thread: any. */
ballast_status ballast_rebalance(const double *weights, uint32_t layers, uint32_t experts, uint32_t replicas, uint32_t groups,
                                 uint32_t nodes, uint32_t devices, uint32_t slots, int64_t *physical_to_logical,
                                 int64_t *logical_to_physical, int64_t *counts, uint32_t *most_copies);

/* ---- Executor mode: experts computed on this machine ---- */

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
