#pragma once
#include "ballast_kernels.h"
#include <string.h>

// How packed weights lie in memory, one panel after the other. A panel has 16 outputs (columns); its 64-byte lines hold
//   float32   one step of the reduction:  [step][column]
//   bfloat16  two:                        [pair][column][2]
//   int8      four:                       [group]{ scale[column], [quad][column][4] }, values stored plus 128
// int8 activations are signed, so the instruction that multiplies unsigned by signed bytes fits; the 128 is taken out
// by starting each group's sum at -128 · Σ activations.

enum { QUADS = BALLAST_GROUP / 4 };

static inline size_t ceiling(size_t value, size_t unit) { return (value + unit - 1) / unit; }
static inline size_t rounded(size_t value, size_t unit) { return ceiling(value, unit) * unit; }
static inline size_t groups_of(size_t depth) { return ceiling(depth, BALLAST_GROUP); }
static inline size_t quads_of(size_t depth) { return ceiling(depth, 4); }

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

// Where a pass keeps what it computes on the way; every part starts on a 64-byte boundary. Rows are computed in blocks
// of `height`, and a block's activations are interleaved, so that a tile reads one stream whatever the row length:
// rows a power of two apart would all fall into the same lines of the cache.
typedef struct pass_scratch {
  float *products;     // [row][2 · padded inner]
  uint8_t *row;        // one row's activations before they are interleaved
  uint32_t *units;     // [block][unit][height]: 4 bytes of activations, one line of weights
  float *scales;       // [block][group][height]: int8 only
  int32_t *starts;     // [block][group][height]: int8 only
  size_t most_units;
  size_t most_groups;
  size_t height;
} pass_scratch;

static inline pass_scratch scratch_parts(size_t hidden, size_t inner, void *memory) {
  size_t longest = hidden > inner ? hidden : inner;
  pass_scratch parts;
  parts.most_units = rounded(longest, BALLAST_GROUP);
  parts.most_groups = groups_of(longest);
  parts.height = 1;
  parts.products = memory;
  parts.units = (uint32_t *)(parts.products + BALLAST_PASS * 2 * rounded(inner, BALLAST_PANEL));
  parts.row = (uint8_t *)(parts.units + BALLAST_PASS * parts.most_units);
  parts.scales = (float *)(parts.row + parts.most_units * sizeof(float));
  parts.starts = (int32_t *)(parts.scales + BALLAST_PASS * parts.most_groups);
  return parts;
}

/// Divides `count` rows into equal blocks of at most `most`.
static inline size_t block_height(size_t count, size_t most) { return ceiling(count, ceiling(count, most)); }

static inline const uint32_t *units_of(const pass_scratch *parts, size_t first) {
  return parts->units + first * parts->most_units;
}

extern const ballast_kernel_set ballast_portable_kernels;
#if defined(__x86_64__)
extern const ballast_kernel_set ballast_avx2_kernels;
extern const ballast_kernel_set ballast_avx512_kernels;
#endif
