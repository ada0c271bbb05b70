// int8 and int4 tiles. Integer sums of up to 32 products are held in registers; scaled once by the finer of the two
// scales (a group's or the activations'), in twos once more by the other, they are added to the float sums.

/// What a tile has added up so far.
typedef struct tile_sums {
  __m512 sums[MOST_ROWS][STRIP];
  __m512 halves[MOST_ROWS][STRIP];
} tile_sums;

/// Adds `quads` times four products to each integer sum.
ALWAYS void int8_quads(const int rows, const int panels, const tile_place *place, const uint8_t *lines,
                       const uint32_t *units, size_t quads, __m512i (*integers)[STRIP]) {
  _Pragma("clang loop unroll_count(2)") for (size_t quad = 0; quad < quads; quad++) {
    __m512i weights[STRIP];
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      weights[panel] = _mm512_load_si512(lines + panel * 64);
      ask_ahead(lines + panel * 64 + place->ahead);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
      __m512i value = _mm512_set1_epi32((int32_t)units[row]);
      UNROLLED for (int panel = 0; panel < panels; panel++) {
        integers[row][panel] = _mm512_dpbusd_epi32(integers[row][panel], weights[panel], value);
      }
    }
    lines += place->step;
    units += place->height;
  }
}

/// As above from codes two a byte.
ALWAYS void int4_quads(const int rows, const int panels, const tile_place *place, const uint8_t *lines,
                       const uint32_t *units, size_t quads, __m512i (*integers)[STRIP]) {
  const __m512i low_half = _mm512_set1_epi8(0x0f);
  _Pragma("clang loop unroll_count(2)") for (size_t quad = 0; quad < quads; quad += 2) {
    __m512i low[STRIP], high[STRIP];
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512i both = _mm512_load_si512(lines + panel * 64);
      ask_ahead(lines + panel * 64 + place->ahead);
      low[panel] = _mm512_and_si512(both, low_half);
      high[panel] = _mm512_and_si512(_mm512_srli_epi32(both, 4), low_half);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
      __m512i first = _mm512_set1_epi32((int32_t)units[row]);
      __m512i last = _mm512_set1_epi32((int32_t)units[place->height + row]);
      UNROLLED for (int panel = 0; panel < panels; panel++) {
        integers[row][panel] = _mm512_dpbusd_epi32(integers[row][panel], low[panel], first);
        integers[row][panel] = _mm512_dpbusd_epi32(integers[row][panel], high[panel], last);
      }
    }
    lines += place->step;
    units += 2 * place->height;
  }
}

/// The scales of a span's first or second group.
ALWAYS __m512 group_scales(const uint8_t *line, const int group) {
  __m512i both = _mm512_load_si512(line);
  return _mm512_castsi512_ps(group ? _mm512_and_si512(both, _mm512_set1_epi32((int32_t)0xffff0000))
                                   : _mm512_slli_epi32(both, 16));
}

/// One integer sum for each output and what scales it first: `part` counts the sums along the reduction.
ALWAYS void integer_part(const int rows, const int panels, const int32_t precision, const int grain,
                         const tile_place *place, const uint8_t *lines, const uint8_t *scale_lines, size_t part,
                         size_t quads, const int is_second, tile_sums *tile) {
  const int part_units = grain == COARSE ? BALLAST_GROUP / 4 : FINE / 4;
  __m512i integers[MOST_ROWS][STRIP];
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512i start = _mm512_set1_epi32(place->starts[part * place->height + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) integers[row][panel] = start;
  }
  const uint32_t *units = place->units + part * part_units * place->height;
  if (precision == BALLAST_INT8) int8_quads(rows, panels, place, lines, units, quads, integers);
  if (precision == BALLAST_INT4) int4_quads(rows, panels, place, lines, units, quads, integers);
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512 scale = grain == COARSE ? group_scales(scale_lines + panel * 64, is_second)
                                     : _mm512_set1_ps(place->scales[part * place->height + row]);
      __m512 whole = _mm512_cvtepi32_ps(integers[row][panel]);
      tile->halves[row][panel] = is_second ? _mm512_fmadd_ps(whole, scale, tile->halves[row][panel])
                                           : _mm512_mul_ps(whole, scale);
    }
  }
}

/// Adds the scaled halves, scaled by the other scale.
ALWAYS void add_halves(const int rows, const int panels, const int grain, const tile_place *place,
                       const uint8_t *scale_lines, size_t span, const int group, tile_sums *tile) {
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512 scale = grain == COARSE ? _mm512_set1_ps(place->scales[span * place->height + row])
                                     : group_scales(scale_lines + panel * 64, group);
      tile->sums[row][panel] = _mm512_fmadd_ps(tile->halves[row][panel], scale, tile->sums[row][panel]);
    }
  }
}

/// The part of `left` that lies in `most` from `first` on.
ALWAYS size_t within(size_t left, size_t first, size_t most) {
  return left <= first ? 0 : left - first < most ? left - first : most;
}

/// Adds `quads`, at most 16, times four products to every sum.
ALWAYS void integer_span(const int rows, const int panels, const int32_t precision, const int grain,
                         const tile_place *place, const uint8_t *lines, size_t span, size_t quads, tile_sums *tile) {
  const int line_quads = precision == BALLAST_INT8 ? 1 : 2;
  const size_t part_quads = grain == COARSE ? BALLAST_GROUP / 4 : FINE / 4, parts = 16 / part_quads;
  const uint8_t *weights = lines + place->step;
  UNROLLED for (size_t part = 0; part < parts; part += 2) {
    // What was added up lies in memory: the registers are the integers'.
    if (rows * panels > 8) __asm__ volatile("" ::: "memory");
    size_t first = within(quads, part * part_quads, part_quads);
    size_t second = within(quads, (part + 1) * part_quads, part_quads);
    if (first == 0) break;
    integer_part(rows, panels, precision, grain, place, weights + part * part_quads / line_quads * place->step, lines,
                 span * parts + part, first, 0, tile);
    if (second > 0) {
      integer_part(rows, panels, precision, grain, place,
                   weights + (part + 1) * part_quads / line_quads * place->step, lines, span * parts + part + 1, second,
                   1, tile);
    }
    add_halves(rows, panels, grain, place, lines, span, (int)(part / 2), tile);
  }
}

ALWAYS void integer_tile(const int rows, const int panels, const int32_t precision, const int grain,
                         const tile_place *place) {
  tile_sums tile;
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) tile.sums[row][panel] = _mm512_setzero_ps();
  }
  size_t whole = place->depth / SPAN, rest = ceiling(place->depth % SPAN, 4);
  const uint8_t *lines = place->lines;
  for (size_t span = 0; span < whole; span++) {
    ask_ahead(lines + place->ahead);
    integer_span(rows, panels, precision, grain, place, lines, span, 16, &tile);
    lines += (SPAN / line_steps(precision) + 1) * place->step;
  }
  if (rest) integer_span(rows, panels, precision, grain, place, lines, whole, rest, &tile);
  store_tile(rows, panels, tile.sums, place);
}

ALWAYS void int8_coarse_tile(const int rows, const int panels, const tile_place *place) {
  integer_tile(rows, panels, BALLAST_INT8, COARSE, place);
}

ALWAYS void int8_fine_tile(const int rows, const int panels, const tile_place *place) {
  integer_tile(rows, panels, BALLAST_INT8, FINE, place);
}

ALWAYS void int4_tile(const int rows, const int panels, const tile_place *place) {
  integer_tile(rows, panels, BALLAST_INT4, COARSE, place);
}
