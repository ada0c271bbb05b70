/* The control loop, and in advice mode the steps of a plan. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_CONTROL_H
#define BALLAST_CONTROL_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

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
  /* For a publication, the step of serving its plan is to be switched to at (`ballast_plan_set_switch`), 0 for none: acknowledge it
   * just before the engine begins that step. Since 1.1. */
  uint64_t switch_step;
} ballast_step;

/* Gives the next step, in the order they must be carried out; each once. While a turn is under way and has no step yet, waits up
 * to `wait_milliseconds` for one. BALLAST_NOTHING when there is none. Thread: any. */
ballast_status ballast_balancer_next_step(ballast_balancer balancer, uint32_t wait_milliseconds, ballast_step *step);

/* Says that a step is done (`failed` 0) or could not be done (1), which abandons the plan: what was staged is retired by further
 * steps, and the old placement stays. Acknowledging a publication returns when lanes dispatch by the new placement. A step that
 * took longer than `rollout.stagingTimeoutSeconds`, or was aborted, gives BALLAST_NOTHING: give back what it staged. Thread: any. */
ballast_status ballast_balancer_acknowledge(ballast_balancer balancer, uint64_t step, uint32_t failed);

/* Abandons the plan under way, in executor mode one that waits for its switch step; BALLAST_NOTHING when there is none, or it is
 * published already. Thread: any. */
ballast_status ballast_balancer_abort(ballast_balancer balancer);

#ifdef __cplusplus
}
#endif

#endif
