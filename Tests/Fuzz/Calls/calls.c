/* Random sequences of calls of the C interface. Nothing may trap, leak a lane or
 * read out of bounds, whatever the arguments: null, foreign handles, wrong sizes, wild counts. Buffers are as large as
 * stated, since that is what a caller promises. */
#include "calls.h"

#include <ballast.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANDLES = 8, ELEMENTS = 64 };

typedef struct {
  const uint8_t *bytes;
  size_t left;
} source;

static uint8_t byte(source *from) {
  if (!from->left) return 0;
  from->left--;
  return *from->bytes++;
}

static uint64_t word(source *from) {
  uint64_t value = 0;
  for (int index = 0; index < 8; index++) value = value << 8 | byte(from);
  return value;
}

/* Mostly small numbers, sometimes wild ones. */
static uint64_t number(source *from) {
  uint8_t first = byte(from);
  return first < 240 ? first % 20 : word(from);
}

static double real(source *from) {
  uint64_t bits = word(from);
  double value;
  memcpy(&value, &bits, sizeof value);
  return byte(from) < 200 ? (double)(bits % 1000) : value;
}

static uint64_t handles[HANDLES];
static uint64_t any_handle(source *from) {
  uint8_t first = byte(from);
  return first < 250 ? handles[first % HANDLES] : word(from);
}
/* Ends whatever a handle names. */
static void end(uint64_t handle) {
  ballast_lane_destroy(handle);
  ballast_load_destroy(handle);
  ballast_plan_destroy(handle);
  ballast_balancer_destroy(handle);
}

/* Where the next handle goes; what was there ends. */
static uint64_t *place(source *from) {
  uint64_t *handle = &handles[byte(from) % HANDLES];
  end(*handle);
  *handle = 0;
  return handle;
}

static void create(source *from) {
  ballast_device devices[8];
  ballast_model model = {sizeof model, (uint32_t)number(from) % 5, (uint32_t)number(from) % 17, (uint32_t)number(from) % 4,
                         (uint32_t)number(from), 0, {2000, 1000, 500, 250}};
  if (byte(from) > 250) model.bytes_per_expert[byte(from) % 4] = word(from);
  if (byte(from) > 250) model.size = (uint32_t)word(from);
  for (int device = 0; device < 8; device++)
    devices[device] = (ballast_device){byte(from) > 250 ? word(from) : 100000, byte(from) > 250 ? real(from) : 1, byte(from) % 3, 0};
  ballast_cost cost = {sizeof cost, 0, {1, 1, 1, 1}, {1, 1, 1, 1}, real(from), real(from)};
  ballast_cluster cluster = {sizeof cluster, byte(from) % 9, devices, byte(from) % 2 ? &cost : NULL};
  ballast_replica replicas[ELEMENTS];
  uint32_t count = byte(from) % 3 ? 0 : byte(from) % ELEMENTS;
  for (uint32_t index = 0; index < count; index++)
    replicas[index] = (ballast_replica){(uint32_t)number(from), (uint32_t)number(from), (uint32_t)number(from) % 4, 1, 0, 0};
  const char *settings = byte(from) % 4 ? "planner.memoryBudgetShare = 3\nplanner.moveBudgetShare = 1\nestimator.windowTokens = 8\n"
                                         "controller.dwellTicks = 1\nrollout.stagingTimeoutSeconds = 0.01\nlaneLimit = 3"
                                       : NULL;
  if (byte(from) % 2) {
    ballast_balancer_create(byte(from) > 250 ? NULL : &model, &cluster, settings, count ? replicas : NULL, count, place(from));
  } else {
    double tokens[4 * 16];
    for (int index = 0; index < 64; index++) tokens[index] = real(from);
    ballast_plan_create(&model, &cluster, settings, tokens, count ? replicas : NULL, count, place(from));
  }
}

static void serve(source *from) {
  int64_t experts[ELEMENTS];
  int32_t starts[ELEMENTS + 1], rows[ELEMENTS], entries[ELEMENTS];
  float gates[ELEMENTS], sorted[ELEMENTS];
  uint8_t mask[ELEMENTS], least[ELEMENTS];
  ballast_run runs[ELEMENTS];
  uint32_t device_runs[17];
  double times[16];
  ballast_selection selection;
  memset(&selection, 0, sizeof selection);
  selection.size = sizeof selection;
  selection.expert_bytes = 1u << byte(from) % 5;
  selection.experts = experts;
  selection.phase = byte(from) % 3;
  selection.uncounted = byte(from) % 8 == 0;
  for (int index = 0; index < ELEMENTS; index++) {
    uint64_t expert = number(from) % 9;
    if (selection.expert_bytes == 1) ((uint8_t *)experts)[index] = (uint8_t)expert;
    if (selection.expert_bytes == 2) ((uint16_t *)experts)[index] = (uint16_t)expert;
    if (selection.expert_bytes == 4) ((int32_t *)experts)[index] = (int32_t)expert;
    if (selection.expert_bytes >= 8) experts[index] = (int64_t)expert;
    gates[index] = (float)real(from);
    mask[index] = byte(from) % 2;
    least[index] = byte(from) % 4;
  }
  if (byte(from) % 2) {
    selection.experts_per_token = 1 + byte(from) % 4;
    selection.tokens = byte(from) % (ELEMENTS / selection.experts_per_token);
  } else {
    selection.tokens = byte(from) % 16;
    starts[0] = byte(from) > 250;
    for (uint32_t token = 0; token < selection.tokens; token++) starts[token + 1] = starts[token] + byte(from) % 4;
    if (selection.tokens > 1 && byte(from) > 250) starts[1] = (int32_t)(number(from));
    selection.row_starts = starts;
  }
  if (byte(from) % 2) selection.gates = gates;
  if (byte(from) % 4 == 0) selection.mask = mask;
  if (byte(from) % 4 == 0) selection.least_precision = least;
  uint32_t layer = (uint32_t)number(from) % 3;
  if (byte(from) % 2) {
    ballast_lane_record(any_handle(from), layer, &selection);
    return;
  }
  ballast_dispatch dispatch = {sizeof dispatch, 0, byte(from) % ELEMENTS, byte(from) % ELEMENTS, byte(from) % 16, runs, device_runs,
                               rows, sorted, entries, times, 0, 0, 0, 0, 0};
  ballast_lane_dispatch(any_handle(from), layer, &selection, &dispatch);
}

static void control(source *from) {
  ballast_step step = {.size = sizeof step};
  ballast_event event = {.size = sizeof event};
  ballast_statistics statistics = {.size = sizeof statistics};
  ballast_replica replicas[ELEMENTS];
  uint64_t count = 0;
  uint64_t balancer = any_handle(from);
  switch (byte(from) % 12) {
    case 0: ballast_balancer_tick(balancer, (int64_t)number(from)); break;
    case 1: ballast_balancer_tick_load(balancer, any_handle(from), (int64_t)number(from)); break;
    case 2:
      if (ballast_balancer_next_step(balancer, byte(from) % 4, &step) == BALLAST_OK)
        ballast_balancer_acknowledge(balancer, step.step, byte(from) % 4 == 0);
      break;
    case 3: ballast_balancer_acknowledge(balancer, number(from), byte(from) % 3); break;
    case 4: ballast_balancer_abort(balancer); break;
    case 5: ballast_balancer_next_event(balancer, &event); break;
    case 6: ballast_balancer_statistics(balancer, &statistics); break;
    case 7: ballast_balancer_placement(balancer, replicas, byte(from) % ELEMENTS, &count); break;
    case 8: ballast_balancer_freeze(balancer); break;
    case 9: ballast_balancer_unfreeze(balancer); break;
    case 10: ballast_balancer_set_device(balancer, (uint32_t)number(from), (uint32_t)number(from) % 4); break;
    default: ballast_balancer_stop(balancer), ballast_balancer_run(balancer); break;
  }
}

static void loads(source *from) {
  uint8_t bytes[1024];
  uint64_t counts[ELEMENTS], count = 0;
  switch (byte(from) % 7) {
    case 0: ballast_load_create((uint32_t)number(from) % 4, (uint32_t)number(from), place(from)); break;
    case 1: ballast_load_snapshot(any_handle(from), place(from)); break;
    case 2: ballast_load_merge(any_handle(from), any_handle(from)); break;
    case 3:
      for (int index = 0; index < ELEMENTS; index++) counts[index] = number(from);
      ballast_load_add(any_handle(from), (uint32_t)number(from), (uint32_t)number(from) % 3, number(from), counts, byte(from) % ELEMENTS);
      break;
    case 4: ballast_load_counts(any_handle(from), byte(from) % 3, counts, byte(from) % ELEMENTS, &count); break;
    case 5:
      if (ballast_load_serialise(any_handle(from), bytes, sizeof bytes, &count) == BALLAST_OK) {
        if (byte(from) % 2) bytes[byte(from)] ^= byte(from);
        ballast_load_deserialise(bytes, count, place(from));
      }
      break;
    default: ballast_load_destroy(any_handle(from)); break;
  }
}

/* Handles of every kind, of which most find something else than they expect. */
static void operate(source *from) {
  static uint8_t bytes[1 << 16];
  ballast_replica replicas[ELEMENTS];
  ballast_forecast forecast = {.size = sizeof forecast};
  uint64_t count = 0, version = 0, balancer = any_handle(from), plan = any_handle(from);
  switch (byte(from) % 9) {
    case 0: ballast_balancer_dry_run(balancer, byte(from) % 2 ? any_handle(from) : 0, place(from)); break;
    case 1:
      ballast_balancer_placement(balancer, replicas, ELEMENTS, &count);
      if (count > 0 && count < ELEMENTS) replicas[byte(from) % count].device = byte(from) % 4;
      ballast_balancer_plan_to(balancer, replicas, count % ELEMENTS, place(from));
      break;
    case 2: ballast_balancer_apply(balancer, plan); break;
    case 3: ballast_balancer_roll_back(balancer); break;
    case 4: ballast_balancer_reach(balancer, number(from)); break;
    case 5: ballast_plan_set_switch(plan, number(from)); break;
    case 6: ballast_plan_switch(plan, &version, &count); break;
    case 7:
      if (ballast_plan_serialise(plan, bytes, sizeof bytes, &count) == BALLAST_OK) {
        if (byte(from) % 2) bytes[number(from) % count] ^= byte(from);
        ballast_plan_deserialise(bytes, count, place(from));
      }
      break;
    default: ballast_plan_forecast(plan, &forecast), ballast_plan_placement(plan, replicas, byte(from) % ELEMENTS, &count); break;
  }
}

/* What one balancer learned, damaged or not, in another. */
static void learn(source *from) {
  char path[64];
  ballast_replica replicas[ELEMENTS];
  uint64_t count = 0;
  snprintf(path, sizeof path, "/dev/shm/ballast-fuzz-calls-%d", (int)getpid());
  if (ballast_balancer_save(any_handle(from), path) != BALLAST_OK) return;
  if (byte(from) % 4 == 0) {
    FILE *file = fopen(path, "r+");
    if (file) {
      fseek(file, (long)(number(from) % 512), SEEK_SET);
      fputc(byte(from), file);
      fclose(file);
    }
  }
  ballast_saved_placement(path, replicas, ELEMENTS, &count);
  ballast_balancer_restore(any_handle(from), path);
  unlink(path);
}

static void replay(source *from) {
  uint64_t tokens[4 * 2 * 3 * 8], count = 0;
  ballast_replay_options options = {sizeof options, byte(from) % 4, byte(from) % 4, byte(from) % 9, byte(from) % 5,
                                    1 + byte(from) % 3, byte(from) % 17, byte(from) % 5, byte(from) % 3, byte(from) % 4,
                                    byte(from) > 250 ? word(from) : 1000, byte(from) > 250 ? real(from) : 1e9};
  ballast_replay_result result = {.size = sizeof result};
  ballast_replay_window windows[4];
  for (size_t index = 0; index < sizeof tokens / sizeof *tokens; index++)
    tokens[index] = byte(from) > 252 ? word(from) : byte(from);
  ballast_replay(&options, byte(from) % 4 ? NULL : "planner.copiesPerLayer = 8", tokens, &result, byte(from) % 2 ? windows : NULL,
                 byte(from) % 5, byte(from) % 4 ? &count : NULL);
}

/* Executor mode: weights of one tiny model, which stay in place for the life of the process. */
static void compute(source *from) {
  static float weights[16 * 8];
  static uint64_t executor;
  if (!executor) {
    ballast_executor_options options = {sizeof options, 2, 4, 2, 16, 8, 0, 2, 0};
    ballast_executor_create(&options, &executor);
    for (int index = 0; index < 16 * 8; index++) weights[index] = (float)(index % 7 - 3);
    for (uint32_t layer = 0; layer < 2; layer++)
      for (uint32_t expert = 0; expert < 4; expert++) ballast_executor_load(executor, layer, expert, weights, weights, weights);
  }
  switch (byte(from) % 4) {
    case 0: ballast_balancer_create_on(byte(from) > 250 ? any_handle(from) : executor, "planner.memoryBudgetShare = 3", place(from)); break;
    case 1: {
      ballast_executor_options options = {sizeof options, (uint32_t)number(from), (uint32_t)number(from), byte(from) % 4,
                                          byte(from), byte(from), byte(from) % 3, byte(from) % 4, number(from)};
      uint64_t other = 0;
      if (options.layers > 64 || options.experts_per_layer > 64) return;
      ballast_executor_create(&options, &other);
      ballast_executor_load(other, (uint32_t)number(from), (uint32_t)number(from), weights, byte(from) % 4 ? weights : NULL, weights);
      ballast_executor_destroy(other);
      break;
    }
    default: {
      int32_t experts[16];
      float gates[16], input[8 * 16], output[8 * 16];
      ballast_selection selection = {sizeof selection, byte(from) % 9, 2, 4, experts, NULL, gates, NULL, NULL, 1, 0};
      for (int index = 0; index < 16; index++) experts[index] = (int32_t)number(from) % 5, gates[index] = (float)real(from);
      for (int index = 0; index < 8 * 16; index++) input[index] = (float)byte(from);
      ballast_lane_forward(any_handle(from), (uint32_t)number(from) % 3, &selection, input, byte(from) % 2 ? input : NULL, output);
    }
  }
}

static void rebalance(source *from) {
  double weights[ELEMENTS];
  int64_t physical[256], logical[2048], counts[ELEMENTS];
  uint32_t most, layers = byte(from) % 5, experts = byte(from) % 17, replicas = byte(from) % 64, slots = byte(from) % 32;
  for (int index = 0; index < ELEMENTS; index++) weights[index] = real(from);
  ballast_rebalance(weights, layers, experts, replicas, byte(from) % 5, byte(from) % 5, byte(from) % 17, slots, physical, logical,
                    counts, &most);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  source input = {bytes, count}, *from = &input;
  memset(handles, 0, sizeof handles);
  for (int call = 0; call < 64 && input.left; call++) switch (byte(from) % 12) {
      case 0: create(from); break;
      case 1:
      case 2: serve(from); break;
      case 3: loads(from); break;
      case 4: rebalance(from); break;
      case 5: ballast_lane_create(any_handle(from), place(from)); break;
      case 6:
      case 7: control(from); break;
      case 8: operate(from); break;
      case 9: learn(from); break;
      case 10: byte(from) % 2 ? replay(from) : compute(from); break;
      default: end(any_handle(from)); break;
    }
  for (int index = 0; index < HANDLES; index++) end(handles[index]);
  return 0;
}
