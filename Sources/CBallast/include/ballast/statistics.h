/* Events and statistics. Include ballast.h, which says what holds for all functions. */
#ifndef BALLAST_STATISTICS_H
#define BALLAST_STATISTICS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif
