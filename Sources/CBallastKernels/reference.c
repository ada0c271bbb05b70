#include "layout.h"
#include <math.h>
#include <stdlib.h>

// The specification. Weights are taken from the packed layout one by one; activations are rounded as the precision
// says (bfloat16: to nearest; int8: each group of 64 to 127 steps of its largest value); sums are float32 in the order
// of the reduction.

float ballast_reference_weight(int32_t precision, const void *packed, size_t depth, size_t panel, size_t column,
                               size_t reduction) {
  const uint8_t *start = (const uint8_t *)packed + panel * ballast_panel_bytes(precision, depth);
  switch (precision) {
    case BALLAST_FLOAT32: return ((const float *)start)[reduction * BALLAST_PANEL + column];
    case BALLAST_BFLOAT16: {
      const uint16_t *values = (const uint16_t *)start;
      return float_of((uint32_t)values[(reduction / 2 * BALLAST_PANEL + column) * 2 + reduction % 2] << 16);
    }
    default: {
      const uint8_t *group = start + reduction / BALLAST_GROUP * (QUADS + 1) * 64;
      size_t place = reduction % BALLAST_GROUP;
      float scale = ((const float *)group)[column];
      return scale * (float)(group[64 + (place / 4 * BALLAST_PANEL + column) * 4 + place % 4] - 128);
    }
  }
}

/// Replaces a row by what the kernels multiply with.
static void round_row(int32_t precision, float *row, size_t depth) {
  if (precision == BALLAST_BFLOAT16) {
    for (size_t i = 0; i < depth; i++) row[i] = float_of((uint32_t)bfloat16_of(row[i]) << 16);
  }
  if (precision != BALLAST_INT8) return;
  for (size_t first = 0; first < depth; first += BALLAST_GROUP) {
    size_t end = first + BALLAST_GROUP < depth ? first + BALLAST_GROUP : depth;
    float largest = 0;
    int is_finite = 1;
    for (size_t i = first; i < end; i++) {
      is_finite &= isfinite(row[i]) != 0;
      largest = fmaxf(largest, fabsf(row[i]));
    }
    float scale = largest / 127;
    for (size_t i = first; i < end; i++) {
      row[i] = !is_finite ? NAN : scale > 1e-37f ? scale * rintf(row[i] * (1 / scale)) : 0;
    }
  }
}

static float dot(int32_t precision, const void *packed, size_t depth, size_t panel, size_t column, const float *row) {
  float sum = 0;
  for (size_t i = 0; i < depth; i++) {
    sum += ballast_reference_weight(precision, packed, depth, panel, column, i) * row[i];
  }
  return sum;
}

int32_t ballast_reference_expert(const ballast_expert *expert, const float *input, const int32_t *rows, size_t count,
                                 float *output) {
  size_t hidden = expert->hidden, inner = expert->inner, stride = ballast_padded(hidden);
  float *row = malloc((hidden + inner) * sizeof(float));
  if (!row) return 1;
  float *middle = row + hidden;
  for (size_t r = 0; r < count; r++) {
    memcpy(row, input + (size_t)rows[r] * hidden, hidden * sizeof(float));
    round_row(expert->precision, row, hidden);
    for (size_t i = 0; i < inner; i++) {
      size_t panel = i / BALLAST_PANEL * 2, column = i % BALLAST_PANEL;
      float gate = dot(expert->precision, expert->gate_up, hidden, panel, column, row);
      float up = dot(expert->precision, expert->gate_up, hidden, panel + 1, column, row);
      middle[i] = gate / (1 + expf(-gate)) * up;
    }
    round_row(expert->precision, middle, inner);
    for (size_t i = 0; i < hidden; i++) {
      output[r * stride + i] =
          dot(expert->precision, expert->down, inner, i / BALLAST_PANEL, i % BALLAST_PANEL, middle);
    }
    for (size_t i = hidden; i < stride; i++) output[r * stride + i] = 0;
  }
  free(row);
  return 0;
}
