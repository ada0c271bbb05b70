#if defined(__x86_64__)
#include "layout.h"
#include "scratch.h"
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>

// 512-bit registers with byte (VNNI) and bfloat16 dot products. A tile is `rows` × `panels` sums: a whole strip wide
// where rows are few, so that weights come as one stream; half a strip wide where they are many, so that each weight
// read serves many rows.

enum { MOST_ROWS = 12, MOST_ROWS_OF_STRIP = 6, MOST_ROWS_OF_INTEGERS = 4 };

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16"))), apply_to = function)

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *parts, size_t count, float *out, size_t stride, const void *next);

#include "vectors_body.h"

/// The most rows of a block: as many as the registers hold sums for.
ALWAYS size_t most_rows(int32_t precision, int grain) {
  (void)grain;
  if (precision < BALLAST_INT8) return MOST_ROWS;
  return MOST_ROWS_OF_INTEGERS;
}

#include "activations_body.h"
#include "exact_body.h"
#include "expert_body.h"
#include "quantize_body.h"

#include "pack_body.h"

#define UNROLLED _Pragma("clang loop unroll(full)")
#pragma clang diagnostic ignored "-Wpass-failed"
#define TWICE _Pragma("clang loop unroll_count(2)")

/// What a tile reads and where it writes.
typedef struct tile_place {
  const uint8_t *lines;
  size_t step;            // bytes from a panel's line to its next
  size_t depth;
  const uint32_t *units;
  const float *scales;
  const int32_t *starts;
  size_t height;
  float *out;
  size_t stride;
  int continues;          // adds to what `out` holds
  ptrdiff_t ahead;        // where a line is asked for, from the one that is read; 0: nowhere
} tile_place;

typedef void (*tile)(const tile_place *place);

/// Asks for a line that comes later, so that memory works while others are computed. Any address will do: no fault
/// comes of it.
ALWAYS void ask_ahead(const uint8_t *line) { _mm_prefetch((const char *)line, _MM_HINT_T0); }

#include "avx512_floats_body.h"
#include "avx512_integers_body.h"

#define TILE(NAME, ROWS, PANELS) \
  static void NAME##_##ROWS##_##PANELS(const tile_place *place) { NAME##_tile(ROWS, PANELS, place); }
#define NARROW(NAME, ROWS) TILE(NAME, ROWS, 1) TILE(NAME, ROWS, 2)
#define WIDE(NAME, ROWS) NARROW(NAME, ROWS) TILE(NAME, ROWS, 4)
#define NARROW_NAMES(NAME, ROWS) {NAME##_##ROWS##_1, NAME##_##ROWS##_2}
#define WIDE_NAMES(NAME, ROWS) {NAME##_##ROWS##_1, NAME##_##ROWS##_2, NAME##_##ROWS##_4}
/// `[rows − 1][log₂ panels]`
#define FLOAT_TILES(NAME)                                                                                 \
  WIDE(NAME, 1) WIDE(NAME, 2) WIDE(NAME, 3) WIDE(NAME, 4) WIDE(NAME, 5) WIDE(NAME, 6)                     \
  NARROW(NAME, 7) NARROW(NAME, 8) NARROW(NAME, 9) NARROW(NAME, 10) NARROW(NAME, 11) NARROW(NAME, 12)      \
  static const tile NAME##_tiles[MOST_ROWS][3] = {                                                        \
      WIDE_NAMES(NAME, 1),   WIDE_NAMES(NAME, 2),    WIDE_NAMES(NAME, 3),    WIDE_NAMES(NAME, 4),         \
      WIDE_NAMES(NAME, 5),   WIDE_NAMES(NAME, 6),    NARROW_NAMES(NAME, 7),  NARROW_NAMES(NAME, 8),       \
      NARROW_NAMES(NAME, 9), NARROW_NAMES(NAME, 10), NARROW_NAMES(NAME, 11), NARROW_NAMES(NAME, 12)};
#define INTEGER_TILES(NAME)                                                                               \
  WIDE(NAME, 1) WIDE(NAME, 2) WIDE(NAME, 3) WIDE(NAME, 4)                                                 \
  static const tile NAME##_tiles[MOST_ROWS_OF_INTEGERS][3] = {WIDE_NAMES(NAME, 1), WIDE_NAMES(NAME, 2),   \
                                                              WIDE_NAMES(NAME, 3), WIDE_NAMES(NAME, 4)};

FLOAT_TILES(float32)
FLOAT_TILES(bfloat16)
INTEGER_TILES(int8_coarse)
INTEGER_TILES(int8_fine)
INTEGER_TILES(int4)

/// The most rows that are computed for a whole strip at once.
ALWAYS size_t most_rows_of_strip(int32_t precision) {
  return precision < BALLAST_INT8 ? MOST_ROWS_OF_STRIP : MOST_ROWS_OF_INTEGERS;
}

/// How far ahead of a stream to ask, and the steps' lines of a strip that are computed for all rows before the next:
/// they stay in the first-level cache meanwhile.
enum { STREAM_AHEAD = 8192, CHUNK = 64 };

/// Moves a place, which stands at the beginning of a strip and block, along the reduction.
ALWAYS void move_along(tile_place *place, int32_t precision, int grain, size_t spans) {
  size_t scale_lines = precision < BALLAST_INT8 ? 0 : 1, units = precision < BALLAST_INT8 ? SPAN / line_steps(precision) : SPAN / 4;
  place->lines += spans * (SPAN / line_steps(precision) + scale_lines) * place->step;
  place->units += spans * units * place->height;
  place->scales += spans * (SPAN / grain) * place->height;
  place->starts += spans * (grain == COARSE ? 2 : SPAN / FINE) * place->height;
}

/// Computes one block of rows for a strip, or for part of its reduction.
static void block_product(const tile (*tiles)[3], const tile_place *at, size_t rows, size_t width, int is_wide) {
  tile_place place = *at;
  for (size_t panel = 0; panel < width;) {
    size_t exponent = is_wide ? 2 : 1;
    while (panel + ((size_t)1 << exponent) > width) exponent -= 1;
    place.lines = at->lines + panel * 64;
    place.out = at->out + panel * BALLAST_PANEL;
    tiles[rows - 1][exponent](&place);
    panel += (size_t)1 << exponent;
  }
}

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *parts, size_t count, float *out, size_t stride, const void *next) {
  const tile(*tiles)[3] = precision == BALLAST_FLOAT32    ? float32_tiles
                          : precision == BALLAST_BFLOAT16 ? bfloat16_tiles
                          : precision == BALLAST_INT4     ? int4_tiles
                          : grain == COARSE               ? int8_coarse_tiles
                                                          : int8_fine_tiles;
  if (count == 0) return;
  int is_wide = parts->height <= most_rows_of_strip(precision);
  size_t bytes = panel_bytes(precision, depth), chunk = is_wide && count <= parts->height ? rounded(depth, SPAN) : CHUNK * line_steps(precision);
  size_t blocks = ceiling(count, parts->height), chunk_lines = CHUNK + (precision < BALLAST_INT8 ? 0 : chunk / SPAN);
  for (size_t panel = 0; panel < panels; panel += STRIP) {
    size_t width = strip_width(panels, panel);
    for (size_t done = 0; done < depth; done += chunk) {
      for (size_t block = 0; block < blocks; block++) {
        size_t row = block * parts->height, left = count - row;
        tile_place place = {.lines = (const uint8_t *)weights + panel * bytes, .step = width * 64, .height = parts->height,
                            .depth = depth - done < chunk ? depth - done : chunk, .units = units_of(parts, row),
                            .scales = parts->scales + row * parts->most_groups,
                            .starts = parts->starts + row * parts->most_groups,
                            .out = out + row * stride + panel * BALLAST_PANEL, .stride = stride, .continues = done > 0};
        move_along(&place, precision, grain, done / SPAN);
        place.ahead = block > 0 ? 0 : is_wide ? STREAM_AHEAD : (ptrdiff_t)(chunk_lines * place.step);
        block_product(tiles, &place, left < parts->height ? left : parts->height, width, is_wide);
      }
    }
  }
  for (size_t line = 0; line < STREAM_AHEAD; line += 64) ask_ahead((const uint8_t *)next + line);
}

#define PEAK_VECTOR __m512
#define PEAK_FLOAT32(SUM, LEFT, RIGHT) _mm512_fmadd_ps(LEFT, RIGHT, SUM)
#define PEAK_BFLOAT16(SUM, LEFT, RIGHT) _mm512_dpbf16_ps(SUM, (__m512bh)(LEFT), (__m512bh)(RIGHT))
#define PEAK_INT8(SUM, LEFT, RIGHT) \
  (__m512)_mm512_dpbusd_epi32((__m512i)(SUM), (__m512i)(LEFT), (__m512i)(RIGHT))
#define PEAK_PAIRS 2
#include "peaks_body.h"

#pragma clang attribute pop

const ballast_kernel_set ballast_avx512_kernels = {"avx512", pack, quantize, pack_codes, expert_rows, combine, exact,
                                                     arithmetic, read_memory};
#endif
