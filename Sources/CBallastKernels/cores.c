#define _GNU_SOURCE
#include "ballast_kernels.h"
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

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

int32_t ballast_current_core(void) { return sched_getcpu(); }

void ballast_sleep_while(const void *word, uint32_t value) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

void ballast_wake_all(const void *word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void ballast_rest(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
