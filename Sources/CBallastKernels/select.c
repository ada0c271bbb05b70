#include "layout.h"
#include <stdlib.h>
#include <string.h>

static int has(int32_t level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (level == BALLAST_AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (level == BALLAST_AVX512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16") && has(BALLAST_AVX2);
  }
#endif
  return level == BALLAST_PORTABLE;
}

const ballast_kernel_set *ballast_kernels_for(int32_t level) {
  if (!has(level)) return NULL;
#if defined(__x86_64__)
  if (level == BALLAST_AVX512) return &ballast_avx512_kernels;
  if (level == BALLAST_AVX2) return &ballast_avx2_kernels;
#endif
  return &ballast_portable_kernels;
}

const ballast_kernel_set *ballast_kernels(void) {
  // Whoever comes first fills it in; all would fill in the same.
  static _Atomic(const ballast_kernel_set *) chosen;
  const ballast_kernel_set *set = chosen;
  if (set) return set;
  int32_t best = BALLAST_AVX512;
  const char *wanted = getenv("BALLAST_KERNELS");
  if (wanted && strcmp(wanted, "portable") == 0) best = BALLAST_PORTABLE;
  if (wanted && strcmp(wanted, "avx2") == 0) best = BALLAST_AVX2;
  while (!has(best)) best -= 1;
  set = ballast_kernels_for(best);
  chosen = set;
  return set;
}
