#include "layout.h"
#include "scratch.h"
#include <math.h>
#include <stdlib.h>

// The specification. Weights are taken from the packed layout one by one; activations are rounded as the precision
// says (bfloat16: to nearest; int8: each group of 64, of 16 for the down product, to 127 steps of its largest value;
// int4: each group of 64 likewise); sums are float32 in the order of the reduction.

float ballast_reference_weight(int32_t precision, const void *packed, size_t panels, size_t depth, size_t panel,
                               size_t column, size_t reduction) {
  size_t first = panel / STRIP * STRIP, width = strip_width(panels, first), steps = line_steps(precision);
  size_t line = reduction / steps, place = reduction % steps, span = reduction / SPAN;
  if (precision >= BALLAST_INT8) line += span + 1;
  const uint8_t *strip = (const uint8_t *)packed + first * panel_bytes(precision, depth);
  const uint8_t *values = strip + (line * width + panel - first) * 64;
  if (precision == BALLAST_FLOAT32) return ((const float *)values)[column];
  if (precision == BALLAST_BFLOAT16) return float_of((uint32_t)((const uint16_t *)values)[column * 2 + place] << 16);
  size_t scale_line = span * (SPAN / steps + 1);
  const uint16_t *scales = (const uint16_t *)(strip + (scale_line * width + panel - first) * 64);
  float scale = float_of((uint32_t)scales[column * 2 + reduction % SPAN / BALLAST_GROUP] << 16);
  int code = values[column * 4 + place % 4];
  if (precision == BALLAST_INT8) return scale * (float)(code - 128);
  return scale * (float)((place < 4 ? code & 15 : code >> 4) - 8);
}

/// Replaces a row by what the kernels multiply with.
static void round_row(int32_t precision, size_t grain, float *row, size_t depth) {
  if (precision == BALLAST_BFLOAT16) {
    for (size_t i = 0; i < depth; i++) row[i] = float_of((uint32_t)bfloat16_of(row[i]) << 16);
  }
  if (precision < BALLAST_INT8) return;
  for (size_t first = 0; first < depth; first += grain) {
    size_t end = first + grain < depth ? first + grain : depth;
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

static float dot(int32_t precision, const void *packed, size_t panels, size_t depth, size_t panel, size_t column,
                 const float *row) {
  float sum = 0;
  for (size_t i = 0; i < depth; i++) {
    sum += ballast_reference_weight(precision, packed, panels, depth, panel, column, i) * row[i];
  }
  return sum;
}

int32_t ballast_reference_expert(const ballast_expert *expert, const float *input, const int32_t *rows, size_t count,
                                 float *output) {
  size_t hidden = expert->hidden, inner = expert->inner, stride = ballast_padded(hidden);
  int32_t precision = expert->precision;
  float *row = malloc((hidden + inner) * sizeof(float));
  if (!row) return 1;
  float *middle = row + hidden;
  for (size_t r = 0; r < count; r++) {
    memcpy(row, input + (size_t)rows[r] * hidden, hidden * sizeof(float));
    round_row(precision, COARSE, row, hidden);
    for (size_t i = 0; i < inner; i++) {
      size_t panels = gate_up_panels(inner), panel = i / BALLAST_PANEL * 2, column = i % BALLAST_PANEL;
      float gate = dot(precision, expert->gate_up, panels, hidden, panel, column, row);
      float up = dot(precision, expert->gate_up, panels, hidden, panel + 1, column, row);
      middle[i] = gate / (1 + expf(-gate)) * up;
    }
    round_row(precision, precision == BALLAST_INT8 ? FINE : COARSE, middle, inner);
    for (size_t i = 0; i < hidden; i++) {
      output[r * stride + i] = dot(precision, expert->down, panels_of(hidden), inner, i / BALLAST_PANEL,
                                   i % BALLAST_PANEL, middle);
    }
    for (size_t i = hidden; i < stride; i++) output[r * stride + i] = 0;
  }
  free(row);
  return 0;
}
