#pragma once
#include "ballast_kernels.h"
#include <string.h>

// How packed weights lie in memory.
//
// Outputs stand in panels of 16, panels in strips of up to 4 (the last strip of a matrix has what is left), strips one
// after the other. A strip is one stream: at each step of the reduction come the 64-byte lines of its panels in turn,
// so that a kernel reads memory in order whatever number of panels it computes at once. A panel's line holds, for its
// 16 outputs (columns),
//   float32   one step of the reduction:  [column]
//   bfloat16  two:                        [column][2]
//   int8      four:                       [column][4]        codes plus 128, a byte each
//   int4      eight:                      [column][4]        codes plus 8, two a byte: low halves hold the first four
// For int8 and int4, every 64 steps of the reduction begin with a line of scales, [column][2] in bfloat16: one for the
// first 32 steps, one for the others.
//
// Codes and scales. A weight is scale · code; 32 codes along the reduction share a scale, which may be negative, so that
// the code of the largest weight can be the one value that has no opposite. Codes are -128…127 (int8) or -8…7 (int4).
// Before packing they are row-major, whatever the kernels: codes [output][depth] in a byte each, scales
// [output][groups of depth]. Whoever finds better codes or scales than `quantize` does writes these two arrays.
//
// int8 activations are signed, so the instruction that multiplies unsigned by signed bytes fits; the 128 or 8 is taken
// out by starting each integer sum at -128 or -8 times the sum of its activations.

/// Panels of a strip, lines of 64 bytes in a step.
enum { STRIP = 4 };

/// Steps of the reduction that begin with a line of scales.
enum { SPAN = 2 * BALLAST_GROUP };

static inline size_t ceiling(size_t value, size_t unit) { return (value + unit - 1) / unit; }
static inline size_t rounded(size_t value, size_t unit) { return ceiling(value, unit) * unit; }

/// The part of `count` that lies in the `most` from `first` on.
static inline size_t within(size_t count, size_t first, size_t most) {
  return count <= first ? 0 : count - first < most ? count - first : most;
}

static inline size_t groups_of(size_t depth) { return ceiling(depth, BALLAST_GROUP); }
static inline size_t spans_of(size_t depth) { return ceiling(depth, SPAN); }

/// Steps of the reduction in one line.
static inline size_t line_steps(int32_t precision) { return (size_t)1 << precision; }

/// Lines of one panel in a span, that of scales included.
static inline size_t span_lines(int32_t precision) {
  return SPAN / line_steps(precision) + (precision < BALLAST_INT8 ? 0 : 1);
}

/// Lines of one panel with reductions of `depth`, those of scales included.
static inline size_t panel_lines(int32_t precision, size_t depth) {
  return ceiling(depth, line_steps(precision)) + (precision < BALLAST_INT8 ? 0 : spans_of(depth));
}

static inline size_t panel_bytes(int32_t precision, size_t depth) { return panel_lines(precision, depth) * 64; }
static inline size_t panels_of(size_t outputs) { return ceiling(outputs, BALLAST_PANEL); }

/// Gate and up panels alternate.
static inline size_t gate_up_panels(size_t inner) { return 2 * panels_of(inner); }

/// Panels of the strip that begins with panel `first`.
static inline size_t strip_width(size_t panels, size_t first) {
  return panels - first < STRIP ? panels - first : STRIP;
}

static inline uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

static inline float float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

/// Rounds to the nearest bfloat16, ties to even; NaN stays NaN.
static inline uint16_t bfloat16_of(float value) {
  uint32_t bits = bits_of(value);
  uint32_t nearest = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16) | 0x40u : nearest);
}

extern const ballast_kernel_set ballast_portable_kernels;
#if defined(__x86_64__)
extern const ballast_kernel_set ballast_avx2_kernels;
extern const ballast_kernel_set ballast_avx512_kernels;
#endif
