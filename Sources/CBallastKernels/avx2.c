#if defined(__x86_64__)
#include "layout.h"
#include "scratch.h"
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>

// 256-bit registers, fused multiply-add.

enum { MOST_ROWS = 4 };

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *rows, float *out, size_t stride, const void *next);

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "vectors_body.h"

/// The most rows of a block.
ALWAYS size_t most_rows(int32_t precision) {
  (void)precision;
  return MOST_ROWS;
}

#include "activations_body.h"
#include "exact_body.h"
#include "expert_body.h"
#include "quantize_body.h"

#include "pack_body.h"

typedef union {
  integer_lanes lanes;
  __m256i halves[2];
} register_pair;

/// Even and odd bytes become 16-bit numbers, whose products the processor adds in pairs.
ALWAYS integer_lanes avx2_dot4(integer_lanes sum, integer_lanes bytes, int32_t four) {
  __m256i values = _mm256_set1_epi32(four), low_bytes = _mm256_set1_epi16(0xff);
  __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(values, 8), 8), odd = _mm256_srai_epi16(values, 8);
  register_pair sums = {sum}, weights = {bytes};
  for (int half = 0; half < 2; half++) {
    __m256i evens = _mm256_madd_epi16(_mm256_and_si256(weights.halves[half], low_bytes), even);
    __m256i odds = _mm256_madd_epi16(_mm256_srli_epi16(weights.halves[half], 8), odd);
    sums.halves[half] = _mm256_add_epi32(sums.halves[half], _mm256_add_epi32(evens, odds));
  }
  return sums.lanes;
}

#define DOT4(SUM, BYTES, FOUR) avx2_dot4(SUM, BYTES, FOUR)

#include "product_body.h"

#define PEAK_VECTOR lanes
#define PEAK_FLOAT32(SUM, LEFT, RIGHT) ((SUM) + (LEFT) * (RIGHT))
#define PEAK_BFLOAT16(SUM, LEFT, RIGHT) ((SUM) + (LEFT) * (RIGHT))
#define PEAK_INT8(SUM, LEFT, RIGHT) (lanes) DOT4((integer_lanes)(SUM), (integer_lanes)(LEFT), (int32_t)bits_of((RIGHT)[0]))
#define PEAK_PAIRS 1
#include "peaks_body.h"

#pragma clang attribute pop

const ballast_kernel_set ballast_avx2_kernels = {"avx2", pack, quantize, pack_codes, expert_rows, combine, exact, arithmetic, read_memory};
#endif
