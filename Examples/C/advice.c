/* An engine that owns its weights: it counts and dispatches batches through a lane, and carries out the steps of each plan.
 * The "weights" here are a table of what is in memory; a real engine would copy to its devices. */
#include <ballast.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 2, EXPERTS = 8, CHOICES = 2, DEVICES = 4, TOKENS = 256, REPLICAS = 1024 };

static unsigned char in_memory[65536];

static void check(ballast_status status) {
  if (status == BALLAST_OK) return;
  fprintf(stderr, "status %" PRId32 ": %s\n", status, ballast_explanation());
  exit(1);
}

/* Half of all choices fall on expert 0. */
static void choose(int32_t *experts, unsigned *state) {
  for (int token = 0; token < TOKENS; token++) {
    *state = *state * 1664525u + 1013904223u;
    experts[token * CHOICES] = 0;
    experts[token * CHOICES + 1] = 1 + (int32_t)((*state >> 16) % (EXPERTS - 1));
  }
}

static void hold_first_placement(ballast_balancer balancer) {
  static ballast_replica replicas[REPLICAS];
  uint64_t count = 0;
  check(ballast_balancer_placement(balancer, replicas, REPLICAS, &count));
  for (uint64_t index = 0; index < count; index++) in_memory[replicas[index].replica] = 1;
  printf("begins with %" PRIu64 " replicas\n", count);
}

static double serve(ballast_lane lane, unsigned *state) {
  static int32_t experts[TOKENS * CHOICES], rows[TOKENS * CHOICES];
  static ballast_run runs[REPLICAS];
  uint32_t device_runs[DEVICES + 1];
  double times[DEVICES], slowest = 0, sum = 0;
  for (uint32_t layer = 0; layer < LAYERS; layer++) {
    choose(experts, state);
    ballast_selection selection = {sizeof selection, TOKENS, CHOICES, sizeof experts[0], experts, NULL, NULL, NULL, NULL,
                                   BALLAST_PHASE_DECODE, 0};
    ballast_dispatch dispatch;
    memset(&dispatch, 0, sizeof dispatch);
    dispatch.size = sizeof dispatch;
    dispatch.run_capacity = REPLICAS;
    dispatch.entry_capacity = TOKENS * CHOICES;
    dispatch.device_capacity = DEVICES;
    dispatch.runs = runs;
    dispatch.rows = rows;
    dispatch.device_runs = device_runs;
    dispatch.device_times = times;
    check(ballast_lane_dispatch(lane, layer, &selection, &dispatch));
    for (uint64_t run = 0; run < dispatch.run_count; run++)
      if (!in_memory[runs[run].replica]) exit(2); /* A run never names weights that are not there. */
    double longest = 0;
    for (int device = 0; device < DEVICES; device++) {
      sum += times[device];
      if (times[device] > longest) longest = times[device];
    }
    slowest += longest;
  }
  return slowest / (sum / DEVICES);
}

static void carry_out_steps(ballast_balancer balancer) {
  ballast_step step;
  step.size = sizeof step;
  ballast_status status;
  while ((status = ballast_balancer_next_step(balancer, 10000, &step)) == BALLAST_OK) {
    if (step.kind == BALLAST_STEP_STAGE) in_memory[step.replica.replica] = 1;
    if (step.kind == BALLAST_STEP_RETIRE) in_memory[step.replica.replica] = 0;
    check(ballast_balancer_acknowledge(balancer, step.step, 0));
  }
  if (status != BALLAST_NOTHING) check(status);
}

int main(void) {
  ballast_model model = {sizeof model, LAYERS, EXPERTS, CHOICES, BALLAST_PRECISION_BFLOAT16, 0, {2000, 1000, 500, 250}};
  ballast_device devices[DEVICES];
  for (int device = 0; device < DEVICES; device++) devices[device] = (ballast_device){100000, 1.0, 0, 0};
  ballast_cluster cluster = {sizeof cluster, DEVICES, devices, NULL};
  ballast_balancer balancer = 0;
  ballast_lane lane = 0;
  unsigned state = 7;

  check(ballast_balancer_create(&model, &cluster,
                                "planner.memoryBudgetShare = 3\nplanner.moveBudgetShare = 1\nplanner.qualityBudget = 0\n"
                                "estimator.windowTokens = 1024\ncontroller.dwellTicks = 1\n",
                                NULL, 0, &balancer));
  hold_first_placement(balancer);
  check(ballast_lane_create(balancer, &lane));
  double before = serve(lane, &state), after = before;
  for (int64_t turn = 1; turn <= 12; turn++) {
    for (int batch = 0; batch < 8; batch++) after = serve(lane, &state);
    check(ballast_balancer_tick(balancer, turn * 1000000));
    carry_out_steps(balancer);
  }
  ballast_statistics statistics;
  statistics.size = sizeof statistics;
  check(ballast_balancer_statistics(balancer, &statistics));
  printf("device imbalance %s, %s\n", before > 1.5 ? "above 1.5 at first" : "low from the start",
         after < 1.1 ? "below 1.1 at the end" : "still there");
  printf("plans %s, %s abandoned\n", statistics.plans_published > 0 ? "published" : "missing",
         statistics.plans_abandoned == 0 ? "none" : "some");
  check(ballast_lane_destroy(lane));
  check(ballast_balancer_destroy(balancer));
  if (ballast_lane_record(lane, 0, NULL) != BALLAST_BAD_POINTER) return 3;
  if (ballast_balancer_destroy(balancer) != BALLAST_STALE_HANDLE) return 4;
  printf("%s\n", strstr(ballast_explanation(), "destroyed") ? "a stale handle is refused" : "no explanation");
  return 0;
}
