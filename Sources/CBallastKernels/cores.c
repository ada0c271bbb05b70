#define _GNU_SOURCE
#include "ballast_kernels.h"
#include <sched.h>

int32_t ballast_may_use_core(size_t core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return core == 0;
  return core < CPU_SETSIZE && CPU_ISSET(core, &set);
}

int32_t ballast_pin_to_core(size_t core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core < CPU_SETSIZE) CPU_SET(core, &set);
  return sched_setaffinity(0, sizeof set, &set);
}

int32_t ballast_leave_core(size_t core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (core >= CPU_SETSIZE || sched_getaffinity(0, sizeof set, &set) != 0) return -1;
  CPU_CLR(core, &set);
  return CPU_COUNT(&set) > 0 ? sched_setaffinity(0, sizeof set, &set) : -1;
}
