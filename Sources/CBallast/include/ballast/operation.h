/* Operating a balancer by hand: look at its next plan, apply one, take one back. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_OPERATION_H
#define BALLAST_OPERATION_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Freeze the balancer first where its loop should not plan anew once its cooldown is over. */

/* The plan the balancer would make now, were every imbalance old enough; nothing is applied and nothing remembered. `load` is what
 * to plan on, in place of what this balancer has counted, or 0. BALLAST_NOTHING before anything was counted; BALLAST_BUSY while a
 * turn is under way. Thread: any. */
ballast_status ballast_balancer_dry_run(ballast_balancer balancer, ballast_load load, ballast_plan *plan);

/* The plan that leads from the placement in use to another. `placement` has replica_count elements in any order, whose names do not
 * matter. Thread: any. */
ballast_status ballast_balancer_plan_to(ballast_balancer balancer, const ballast_replica *placement, uint64_t replica_count,
                                        ballast_plan *plan);

/* Applies a plan, frozen or not. It must begin with the placement in use and, if it carries a version, lead to the next one; what is
 * there, what waits to be retired and what is to be staged must have room together (else BALLAST_PLACEMENT_REFUSED). It returns as
 * `ballast_balancer_tick` does; an event says what became of it. In executor mode a plan with a switch step is only begun, and
 * published by `ballast_balancer_reach`. Thread: any. */
ballast_status ballast_balancer_apply(ballast_balancer balancer, ballast_plan plan);

/* Applies the placement that the last publication replaced; a second one undoes the first. BALLAST_NOTHING before the first
 * publication. Thread: any. */
ballast_status ballast_balancer_roll_back(ballast_balancer balancer);

/* Executor mode: says that serving is about to begin `step`. A plan that is to be switched to at that step, or before, is published
 * when this returns. BALLAST_BUSY when it is not staged yet: hold the step back, or abort the plan in every process. Thread: any. */
ballast_status ballast_balancer_reach(ballast_balancer balancer, uint64_t step);

#ifdef __cplusplus
}
#endif

#endif
