#if defined(__x86_64__)
#include "layout.h"
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>

// 512-bit registers with byte (VNNI) and bfloat16 dot products. A tile is `rows` × `panels` sums held in registers:
// wide where rows are few, so that enough additions are under way at once; tall where they are many, so that each
// weight read serves many rows.

enum { MOST_ROWS = 12 };

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16"))), apply_to = function)

static void product(int32_t precision, const void *weights, size_t panels, size_t depth, const pass_scratch *parts,
                    size_t count, float *out, size_t stride);

#include "rows_body.h"

#define UNROLLED _Pragma("clang loop unroll(full)")

typedef void (*tile)(const uint8_t *weights, size_t panel_bytes, size_t depth, const pass_scratch *parts, size_t first,
                     float *out, size_t stride);

/// Asks for a line of the panels that come after this tile's, so that memory works while this tile is computed.
/// Tiles of few rows wait for memory anyway. Asking beyond the last panel is harmless: no fault comes of it.
ALWAYS void fetch_ahead(const uint8_t *line) { _mm_prefetch((const char *)line, _MM_HINT_T1); }

ALWAYS void store_tile(const int rows, const int panels, __m512 (*sums)[8], float *out, size_t stride) {
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      _mm512_storeu_ps(out + row * stride + panel * BALLAST_PANEL, sums[row][panel]);
    }
  }
}

ALWAYS void float32_tile(const int rows, const int panels, const uint8_t *weights, size_t panel_bytes, size_t depth,
                         const pass_scratch *parts, size_t first, float *out, size_t stride) {
  __m512 sums[MOST_ROWS][8];
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) sums[row][panel] = _mm512_setzero_ps();
  }
  const uint32_t *units = units_of(parts, first);
  size_t height = parts->height;
  for (size_t step = 0; step < depth; step++) {
    __m512 lines[8];
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      lines[panel] = _mm512_load_ps(weights + panel * panel_bytes + step * 64);
      if (rows > 3) fetch_ahead(weights + (panels + panel) * panel_bytes + step * 64);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
      __m512 value = _mm512_set1_ps(float_of(units[step * height + row]));
      UNROLLED for (int panel = 0; panel < panels; panel++) {
        sums[row][panel] = _mm512_fmadd_ps(lines[panel], value, sums[row][panel]);
      }
    }
  }
  store_tile(rows, panels, sums, out, stride);
}

ALWAYS void bfloat16_tile(const int rows, const int panels, const uint8_t *weights, size_t panel_bytes, size_t depth,
                          const pass_scratch *parts, size_t first, float *out, size_t stride) {
  __m512 sums[MOST_ROWS][8];
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) sums[row][panel] = _mm512_setzero_ps();
  }
  const uint32_t *units = units_of(parts, first);
  size_t height = parts->height;
  for (size_t pair = 0; pair < ceiling(depth, 2); pair++) {
    __m512i lines[8];
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      lines[panel] = _mm512_load_si512(weights + panel * panel_bytes + pair * 64);
      if (rows > 3) fetch_ahead(weights + (panels + panel) * panel_bytes + pair * 64);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
      __m512i value = _mm512_set1_epi32((int32_t)units[pair * height + row]);
      UNROLLED for (int panel = 0; panel < panels; panel++) {
        sums[row][panel] = _mm512_dpbf16_ps(sums[row][panel], (__m512bh)lines[panel], (__m512bh)value);
      }
    }
  }
  store_tile(rows, panels, sums, out, stride);
}

/// Adds one group's integer products, scaled, to the sums.
ALWAYS void int8_group(const int rows, const int panels, const uint8_t *weights, size_t panel_bytes, size_t group,
                       size_t quads, const pass_scratch *parts, size_t first, __m512 (*sums)[8]) {
  __m512i integers[MOST_ROWS][8];
  size_t height = parts->height, place = first * parts->most_groups + group * height;
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512i start = _mm512_set1_epi32(parts->starts[place + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) integers[row][panel] = start;
  }
  const uint32_t *units = units_of(parts, first) + group * QUADS * height;
  for (size_t quad = 0; quad < quads; quad++) {
    __m512i lines[8];
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      lines[panel] = _mm512_load_si512(weights + panel * panel_bytes + (quad + 1) * 64);
      if (rows > 3) fetch_ahead(weights + (panels + panel) * panel_bytes + (quad + 1) * 64);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
      __m512i value = _mm512_set1_epi32((int32_t)units[quad * height + row]);
      UNROLLED for (int panel = 0; panel < panels; panel++) {
        integers[row][panel] = _mm512_dpbusd_epi32(integers[row][panel], lines[panel], value);
      }
    }
  }
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512 scale = _mm512_set1_ps(parts->scales[place + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512 both = _mm512_mul_ps(scale, _mm512_load_ps(weights + panel * panel_bytes));
      sums[row][panel] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(integers[row][panel]), both, sums[row][panel]);
    }
  }
}

ALWAYS void int8_tile(const int rows, const int panels, const uint8_t *weights, size_t panel_bytes, size_t depth,
                      const pass_scratch *parts, size_t first, float *out, size_t stride) {
  __m512 sums[MOST_ROWS][8];
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) sums[row][panel] = _mm512_setzero_ps();
  }
  size_t whole = depth / BALLAST_GROUP, rest = quads_of(depth % BALLAST_GROUP);
  for (size_t group = 0; group < whole; group++) {
    int8_group(rows, panels, weights + group * (QUADS + 1) * 64, panel_bytes, group, QUADS, parts, first, sums);
  }
  if (rest) {
    int8_group(rows, panels, weights + whole * (QUADS + 1) * 64, panel_bytes, whole, rest, parts, first, sums);
  }
  store_tile(rows, panels, sums, out, stride);
}

#define TILE(NAME, ROWS, PANELS)                                                                                \
  static void NAME##_##ROWS##_##PANELS(const uint8_t *weights, size_t panel_bytes, size_t depth,                \
                                       const pass_scratch *parts, size_t first, float *out, size_t stride) {    \
    NAME##_tile(ROWS, PANELS, weights, panel_bytes, depth, parts, first, out, stride);                          \
  }
#define NARROW(NAME, ROWS) TILE(NAME, ROWS, 1) TILE(NAME, ROWS, 2)
#define MEDIUM(NAME, ROWS) NARROW(NAME, ROWS) TILE(NAME, ROWS, 4)
#define WIDE(NAME, ROWS) MEDIUM(NAME, ROWS) TILE(NAME, ROWS, 8)
#define NARROW_NAMES(NAME, ROWS) {NAME##_##ROWS##_1, NAME##_##ROWS##_2}
#define MEDIUM_NAMES(NAME, ROWS) {NAME##_##ROWS##_1, NAME##_##ROWS##_2, NAME##_##ROWS##_4}
#define WIDE_NAMES(NAME, ROWS) {NAME##_##ROWS##_1, NAME##_##ROWS##_2, NAME##_##ROWS##_4, NAME##_##ROWS##_8}
/// `[rows − 1][log₂ panels]`
#define TILES(NAME)                                                                                             \
  WIDE(NAME, 1) WIDE(NAME, 2) WIDE(NAME, 3) MEDIUM(NAME, 4) MEDIUM(NAME, 5) MEDIUM(NAME, 6)                     \
  NARROW(NAME, 7) NARROW(NAME, 8) NARROW(NAME, 9) NARROW(NAME, 10) NARROW(NAME, 11) NARROW(NAME, 12)            \
  static const tile NAME##_tiles[MOST_ROWS][4] = {                                                              \
      WIDE_NAMES(NAME, 1),   WIDE_NAMES(NAME, 2),    WIDE_NAMES(NAME, 3),    MEDIUM_NAMES(NAME, 4),             \
      MEDIUM_NAMES(NAME, 5), MEDIUM_NAMES(NAME, 6),  NARROW_NAMES(NAME, 7),  NARROW_NAMES(NAME, 8),             \
      NARROW_NAMES(NAME, 9), NARROW_NAMES(NAME, 10), NARROW_NAMES(NAME, 11), NARROW_NAMES(NAME, 12)};

TILES(float32)
TILES(bfloat16)
TILES(int8)

static void product(int32_t precision, const void *weights, size_t panels, size_t depth, const pass_scratch *parts,
                    size_t count, float *out, size_t stride) {
  const tile(*tiles)[4] = precision == BALLAST_FLOAT32    ? float32_tiles
                          : precision == BALLAST_BFLOAT16 ? bfloat16_tiles
                                                          : int8_tiles;
  if (count == 0) return;
  size_t bytes = ballast_panel_bytes(precision, depth);
  size_t rows = parts->height;
  size_t widest = rows <= 3 ? 3 : rows <= 6 ? 2 : 1;
  for (size_t panel = 0; panel < panels;) {
    size_t width = widest;
    while (panel + ((size_t)1 << width) > panels) width -= 1;
    for (size_t row = 0; row < count; row += rows) {
      size_t height = count - row < rows ? count - row : rows;
      tiles[height - 1][width]((const uint8_t *)weights + panel * bytes, bytes, depth, parts, row,
                               out + row * stride + panel * BALLAST_PANEL, stride);
    }
    panel += (size_t)1 << width;
  }
}

#pragma clang attribute pop

const ballast_kernel_set ballast_avx512_kernels = {"avx512", pack, expert_rows, combine, exact};
#endif
