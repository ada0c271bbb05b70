#if defined(__x86_64__)
#include "layout.h"
#include "scratch.h"
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>

// 512-bit registers with byte (VNNI) and bfloat16 dot products. A tile is `rows` × `panels` sums in registers: a whole
// strip wide where rows are few, half a strip wide where they are many, so that each weight read serves many rows.

/// The most rows of a tile, and of one that is a whole strip wide.
enum { MOST_ROWS = 12, MOST_ROWS_OF_STRIP = 6, MOST_ROWS_OF_INTEGERS = 6, MOST_ROWS_OF_INTEGER_STRIP = 2 };

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16"))), apply_to = function)

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *rows, float *out, size_t stride, const void *next);

#include "vectors_body.h"

/// The most rows of a block: as many as the registers hold sums for.
ALWAYS size_t most_rows(int32_t precision) {
  return precision < BALLAST_INT8 ? MOST_ROWS : MOST_ROWS_OF_INTEGERS;
}

#include "activations_body.h"
#include "exact_body.h"
#include "expert_body.h"
#include "quantize_body.h"

#include "pack_body.h"

#define UNROLLED _Pragma("clang loop unroll(full)")
#define TWICE _Pragma("clang loop unroll_count(2)")

/// What a tile reads and where it writes.
typedef struct tile_place {
  const uint8_t *lines;
  size_t step;           // bytes from a panel's line to its next
  size_t depth;
  const uint32_t *units;
  const float *scales;
  const int32_t *starts;
  float *out;
  size_t stride;
  int continues;         // adds to what `out` holds
  const uint8_t *asked;  // the line to ask memory for with the first line read,
  size_t asked_step;     // and bytes from there to the next
} tile_place;

typedef void (*tile)(const tile_place *place);

/// Asks memory for what will be read later, `lines` times, `step` bytes apart; answers where to go on. The processor drops
/// what it cannot keep track of, so requests are spread evenly. Any address will do: no fault comes of it.
ALWAYS const uint8_t *ask(const uint8_t *asked, size_t step, const int lines) {
  for (int line = 0; line < lines; line++) _mm_prefetch((const char *)asked + line * step, _MM_HINT_T0);
  return asked + lines * step;
}

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
  WIDE(NAME, 1) WIDE(NAME, 2) NARROW(NAME, 3) NARROW(NAME, 4) NARROW(NAME, 5) NARROW(NAME, 6)             \
  static const tile NAME##_tiles[MOST_ROWS_OF_INTEGERS][3] = {WIDE_NAMES(NAME, 1),   WIDE_NAMES(NAME, 2), \
                                                              NARROW_NAMES(NAME, 3), NARROW_NAMES(NAME, 4), \
                                                              NARROW_NAMES(NAME, 5), NARROW_NAMES(NAME, 6)};

FLOAT_TILES(float32)
FLOAT_TILES(bfloat16)
INTEGER_TILES(int8_coarse)
INTEGER_TILES(int8_fine)
INTEGER_TILES(int4)

/// Lines of each panel that are computed for all rows before the next: they stay in the first-level cache where blocks
/// are few and memory limits; in the second-level cache where blocks are many, so that sums are stored less often.
enum { CHUNK = 64, LONG_CHUNK = 512, FEW_BLOCKS = 2 };

/// How far ahead of a stream to ask where each line is read once.
enum { STREAM_AHEAD = 8192 };

/// How a product is cut into tiles.
typedef struct product_cut {
  const tile (*tiles)[3];
  int32_t precision;
  int grain;
  size_t most_panels;    // of a tile: 4 or 2
  size_t chunk;          // steps of the reduction computed for all rows before the next
  size_t chunk_lines;    // of a panel
} product_cut;

static product_cut cut_product(int32_t precision, int grain, size_t depth, const pass_scratch *rows) {
  const int is_integer = precision >= BALLAST_INT8;
  const size_t most_rows_of_strip = is_integer ? MOST_ROWS_OF_INTEGER_STRIP : MOST_ROWS_OF_STRIP;
  product_cut cut = {.precision = precision, .grain = grain};
  cut.tiles = precision == BALLAST_FLOAT32    ? float32_tiles
              : precision == BALLAST_BFLOAT16 ? bfloat16_tiles
              : precision == BALLAST_INT4     ? int4_tiles
              : grain == COARSE               ? int8_coarse_tiles
                                              : int8_fine_tiles;
  cut.most_panels = rows->count <= most_rows_of_strip ? STRIP : STRIP / 2;
  size_t lines = rows->blocks <= FEW_BLOCKS || !is_integer ? CHUNK : LONG_CHUNK;
  size_t whole = rounded(depth, SPAN), some = lines * line_steps(precision);
  cut.chunk = cut.most_panels == STRIP || some > whole ? whole : some;
  cut.chunk_lines = cut.chunk / SPAN * span_lines(precision);
  return cut;
}

/// Computes a chunk of a strip of `width` panels for all rows; `at` is the place of its first panel and row.
static void chunk_product(const product_cut *cut, const tile_place *at, size_t width, size_t span,
                          const pass_scratch *rows) {
  size_t calls = rows->blocks * ceiling(width, cut->most_panels), call = 0;
  for (size_t block = 0; block < rows->blocks; block++) {
    size_t row = block_start(rows, block), count = block_start(rows, block + 1) - row;
    tile_place place = *at;
    place.units = rows->units + row * rows->most_units + span * span_units(cut->precision) * count;
    place.scales = rows->scales + row * rows->most_groups + span * (SPAN / cut->grain) * count;
    place.starts = rows->starts + row * rows->most_groups + span * span_sums(cut->grain) * count;
    for (size_t panel = 0; panel < width; call++) {
      size_t exponent = cut->most_panels == STRIP ? 2 : 1;
      while (panel + ((size_t)1 << exponent) > width) exponent -= 1;
      place.lines = at->lines + panel * 64;
      place.asked = at->asked + cut->chunk_lines * at->step * call / calls;
      place.out = at->out + row * at->stride + panel * BALLAST_PANEL;
      cut->tiles[count - 1][exponent](&place);
      panel += (size_t)1 << exponent;
    }
  }
}

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *rows, float *out, size_t stride, const void *next) {
  if (rows->count == 0) return;
  product_cut cut = cut_product(precision, grain, depth, rows);
  int is_stream = cut.most_panels == STRIP;
  // Lines of scales are read without asking; where there are any, the others make up for them.
  size_t scale_share = precision < BALLAST_INT8 ? 0 : 64 / (span_lines(precision) - 1);
  tile_place place = {.stride = stride, .asked_step = (64 + scale_share) / rows->blocks};
  for (size_t panel = 0; panel < panels; panel += STRIP) {
    place.lines = (const uint8_t *)weights + panel * panel_bytes(precision, depth);
    place.out = out + panel * BALLAST_PANEL;
    place.step = strip_width(panels, panel) * 64;
    for (size_t done = 0; done < depth; done += cut.chunk) {
      const uint8_t *after = place.lines + cut.chunk_lines * place.step;
      int is_last = panel + STRIP >= panels && done + cut.chunk >= depth;
      place.depth = depth - done < cut.chunk ? depth - done : cut.chunk;
      place.continues = done > 0;
      place.asked = is_stream ? place.lines + STREAM_AHEAD : is_last ? next : after;
      chunk_product(&cut, &place, strip_width(panels, panel), done / SPAN, rows);
      place.lines = after;
    }
  }
  if (is_stream) ask(next, 64, STREAM_AHEAD / 64);
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
