/* Counts what record and dispatch allocate once they have seen their largest batch; prints it, and fails unless it is nothing. */
#include <ballast.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
static _Thread_local unsigned long counted;

void *malloc(size_t bytes) { counted++; return __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { counted++; return __libc_calloc(count, bytes); }
void *realloc(void *block, size_t bytes) { counted++; return __libc_realloc(block, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { counted++; return __libc_memalign(alignment, bytes); }
int posix_memalign(void **block, size_t alignment, size_t bytes) {
  counted++;
  *block = __libc_memalign(alignment, bytes);
  return *block ? 0 : 12;
}

enum { TOKENS = 256, CHOICES = 4, EXPERTS = 32, DEVICES = 4, ENTRIES = TOKENS * CHOICES };

int main(void) {
  ballast_model model = {sizeof model, 1, EXPERTS, CHOICES, BALLAST_PRECISION_BFLOAT16, 0, {2000, 1000, 500, 250}};
  ballast_device devices[DEVICES];
  for (int device = 0; device < DEVICES; device++) devices[device] = (ballast_device){100000, 1.0, 0, 0};
  ballast_cluster cluster = {sizeof cluster, DEVICES, devices, NULL};
  ballast_balancer balancer = 0;
  ballast_lane lane = 0;
  if (ballast_balancer_create(&model, &cluster, NULL, NULL, 0, &balancer) || ballast_lane_create(balancer, &lane)) {
    fprintf(stderr, "%s\n", ballast_explanation());
    return 1;
  }
  static uint16_t experts[ENTRIES];
  static uint8_t least[TOKENS];
  static int32_t rows[ENTRIES], starts[TOKENS + 1];
  static ballast_run runs[ENTRIES];
  for (int choice = 0; choice < ENTRIES; choice++) experts[choice] = (uint16_t)(choice * 7 % EXPERTS);
  for (int token = 0; token <= TOKENS; token++) starts[token] = token * CHOICES;
  memset(least, BALLAST_PRECISION_INT4, sizeof least);
  unsigned long calls = 0, before = 0;
  for (int round = 0; round < 1000; round++) {
    if (round == 10) before = counted, calls = 0;
    ballast_selection selection = {sizeof selection, (uint32_t)(TOKENS - round % 100), CHOICES, 2, experts, NULL, NULL, NULL, NULL, 1, 0};
    if (round % 2) selection.experts_per_token = 0, selection.row_starts = starts, selection.least_precision = least;
    ballast_dispatch dispatch = {.size = sizeof dispatch, .run_capacity = ENTRIES, .entry_capacity = ENTRIES, .runs = runs, .rows = rows};
    if (ballast_lane_record(lane, 0, &selection) || ballast_lane_dispatch(lane, 0, &selection, &dispatch)) return 2;
    calls += 2;
  }
  printf("%lu allocations in %lu calls of record and dispatch\n", counted - before, calls);
  return counted != before;
}
