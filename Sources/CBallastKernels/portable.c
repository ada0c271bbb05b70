#include "layout.h"
#include "scratch.h"
#include <math.h>
#include <stdlib.h>

// For any processor; the vectors become whatever registers it has.

enum { MOST_ROWS = 4 };

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *rows, float *out, size_t stride, const void *next);

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

ALWAYS integer_lanes portable_dot4(integer_lanes sum, integer_lanes bytes, int32_t four) {
  for (int place = 0; place < 4; place++) {
    sum += ((bytes >> (8 * place)) & 0xff) * (int32_t)(int8_t)((uint32_t)four >> (8 * place));
  }
  return sum;
}

#define DOT4(SUM, BYTES, FOUR) portable_dot4(SUM, BYTES, FOUR)

#include "product_body.h"

#define PEAK_VECTOR lanes
#define PEAK_FLOAT32(SUM, LEFT, RIGHT) ((SUM) + (LEFT) * (RIGHT))
#define PEAK_BFLOAT16(SUM, LEFT, RIGHT) ((SUM) + (LEFT) * (RIGHT))
#define PEAK_INT8(SUM, LEFT, RIGHT) (lanes) DOT4((integer_lanes)(SUM), (integer_lanes)(LEFT), (int32_t)bits_of((RIGHT)[0]))
#define PEAK_PAIRS 1
#include "peaks_body.h"

const ballast_kernel_set ballast_portable_kernels = {"portable", pack, quantize, pack_codes, expert_rows, combine, exact, arithmetic, read_memory};
