#pragma once
#include "layout.h"

// Where a pass keeps what it computes on the way; every part starts on a 64-byte boundary. Rows are computed in blocks
// as equal as can be, and a block's activations are interleaved, so that a tile reads one stream whatever the row length:
// rows a power of two apart would all fall into the same lines of the cache.

/// Activations that share a scale: coarse where they are even, fine where a product of two made them uneven.
enum { COARSE = 64, FINE = 16 };

typedef struct pass_scratch {
  float *products;     // [row][2 · padded inner]
  uint8_t *row;        // one row's activations before they are interleaved
  uint32_t *units;     // [block][unit][row of the block]: 4 bytes of activations
  float *scales;       // [block][group of activations][row of the block]: int8 and int4 only
  int32_t *starts;     // [block][group of activations or of weights, the shorter][row of the block]
  size_t most_units;   // of a row
  size_t most_groups;
  size_t count;        // rows of the pass
  size_t blocks;
} pass_scratch;

static inline pass_scratch scratch_parts(size_t hidden, size_t inner, void *memory) {
  size_t longest = rounded(hidden > inner ? hidden : inner, COARSE);
  pass_scratch parts;
  parts.most_units = longest;
  parts.most_groups = longest / FINE;
  parts.count = parts.blocks = 0;
  parts.products = memory;
  parts.units = (uint32_t *)(parts.products + BALLAST_PASS * 2 * rounded(inner, BALLAST_PANEL));
  parts.row = (uint8_t *)(parts.units + BALLAST_PASS * parts.most_units);
  parts.scales = (float *)(parts.row + parts.most_units * sizeof(float));
  parts.starts = (int32_t *)(parts.scales + BALLAST_PASS * parts.most_groups);
  return parts;
}

/// Divides the pass's rows into blocks of at most `most`.
static inline void divide_rows(pass_scratch *parts, size_t count, size_t most) {
  parts->count = count;
  parts->blocks = ceiling(count, most);
}

/// The first row of a block.
static inline size_t block_start(const pass_scratch *parts, size_t block) {
  return block * parts->count / parts->blocks;
}

/// Units of a row in a span.
static inline size_t span_units(int32_t precision) {
  return precision < BALLAST_INT8 ? SPAN / line_steps(precision) : SPAN / 4;
}

/// Sums of whole numbers in a span: one for each group of weights or activations, the shorter.
static inline size_t span_sums(int grain) { return SPAN / (grain < BALLAST_GROUP ? grain : BALLAST_GROUP); }
