#if defined(__x86_64__)
#include "layout.h"
#include "scratch.h"
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>

// 512-bit registers with byte (VNNI) and bfloat16 dot products. A tile is `rows` × `panels` sums: a whole strip wide
// where rows are few, so that weights come as one stream; half a strip wide where they are many, so that each weight
// read serves many rows.

enum { MOST_ROWS = 12, MOST_ROWS_OF_STRIP = 6 };

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16"))), apply_to = function)

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *parts, size_t count, float *out, size_t stride, const void *next);

#include "vectors_body.h"

#include "activations_body.h"
#include "exact_body.h"
#include "expert_body.h"
#include "quantize_body.h"

#include "pack_body.h"

#define UNROLLED _Pragma("clang loop unroll(full)")

/// What a tile reads and where it writes.
typedef struct tile_place {
  const uint8_t *lines;
  size_t step;
  ptrdiff_t ahead;
  size_t depth;
  const uint32_t *units;
  const float *scales;
  const int32_t *starts;
  size_t height;
  float *out;
  size_t stride;
} tile_place;

typedef void (*tile)(const tile_place *place);

/// Asks for a line that comes later, so that memory works while others are computed. Any address will do: no fault
/// comes of it.
ALWAYS void ask_ahead(const uint8_t *line) { _mm_prefetch((const char *)line, _MM_HINT_T1); }

#include "avx512_floats_body.h"
#include "avx512_integers_body.h"

#define TILE(NAME, ROWS, PANELS) \
  static void NAME##_##ROWS##_##PANELS(const tile_place *place) { NAME##_tile(ROWS, PANELS, place); }
#define NARROW(NAME, ROWS) TILE(NAME, ROWS, 1) TILE(NAME, ROWS, 2)
#define WIDE(NAME, ROWS) NARROW(NAME, ROWS) TILE(NAME, ROWS, 4)
#define NARROW_NAMES(NAME, ROWS) {NAME##_##ROWS##_1, NAME##_##ROWS##_2}
#define WIDE_NAMES(NAME, ROWS) {NAME##_##ROWS##_1, NAME##_##ROWS##_2, NAME##_##ROWS##_4}
/// `[rows − 1][log₂ panels]`
#define TILES(NAME)                                                                                       \
  WIDE(NAME, 1) WIDE(NAME, 2) WIDE(NAME, 3) WIDE(NAME, 4) WIDE(NAME, 5) WIDE(NAME, 6)                     \
  NARROW(NAME, 7) NARROW(NAME, 8) NARROW(NAME, 9) NARROW(NAME, 10) NARROW(NAME, 11) NARROW(NAME, 12)      \
  static const tile NAME##_tiles[MOST_ROWS][3] = {                                                        \
      WIDE_NAMES(NAME, 1),   WIDE_NAMES(NAME, 2),    WIDE_NAMES(NAME, 3),    WIDE_NAMES(NAME, 4),         \
      WIDE_NAMES(NAME, 5),   WIDE_NAMES(NAME, 6),    NARROW_NAMES(NAME, 7),  NARROW_NAMES(NAME, 8),       \
      NARROW_NAMES(NAME, 9), NARROW_NAMES(NAME, 10), NARROW_NAMES(NAME, 11), NARROW_NAMES(NAME, 12)};

TILES(float32)
TILES(bfloat16)
TILES(int8_coarse)
TILES(int8_fine)
TILES(int4)

/// How far ahead of a stream to ask.
enum { STREAM_AHEAD = 4096 };

/// Computes a strip for every row. `ahead` is where the first block asks for what comes next.
static void strip_product(const tile (*tiles)[3], tile_place place, size_t width, const pass_scratch *parts,
                          size_t count, const uint8_t *strip, float *out) {
  ptrdiff_t ahead = place.ahead;
  for (size_t row = 0; row < count; row += parts->height) {
    size_t height = count - row < parts->height ? count - row : parts->height;
    place.height = parts->height;
    place.units = units_of(parts, row);
    place.scales = parts->scales + row * parts->most_groups;
    place.starts = parts->starts + row * parts->most_groups;
    place.ahead = row == 0 ? ahead : 0;
    size_t widest = height <= MOST_ROWS_OF_STRIP ? 2 : 1;
    for (size_t panel = 0; panel < width;) {
      size_t exponent = widest;
      while (panel + ((size_t)1 << exponent) > width) exponent -= 1;
      place.lines = strip + panel * 64;
      place.out = out + row * place.stride + panel * BALLAST_PANEL;
      tiles[height - 1][exponent](&place);
      panel += (size_t)1 << exponent;
    }
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
  tile_place place = {.depth = depth, .stride = stride};
  size_t bytes = panel_bytes(precision, depth);
  for (size_t panel = 0; panel < panels; panel += STRIP) {
    size_t width = strip_width(panels, panel);
    const uint8_t *strip = (const uint8_t *)weights + panel * bytes;
    const uint8_t *following = panel + STRIP < panels ? strip + width * bytes : next;
    place.step = width * 64;
    place.ahead = count <= MOST_ROWS_OF_STRIP ? STREAM_AHEAD : following - strip;
    strip_product(tiles, place, width, parts, count, strip, out + panel * BALLAST_PANEL);
  }
  for (size_t line = 0; line < STREAM_AHEAD; line += 64) ask_ahead((const uint8_t *)next + line);
}

#pragma clang attribute pop

const ballast_kernel_set ballast_avx512_kernels = {"avx512", pack, quantize, pack_codes, expert_rows, combine, exact};
#endif
