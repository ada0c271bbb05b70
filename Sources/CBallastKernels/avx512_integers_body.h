// int8 and int4 tiles. Integer sums of up to 32 products are held in registers; scaled once by the finer of the two
// scales (a group's or the activations'), in twos once more by the other, they are added to the float sums.

/// What a tile has added up so far.
typedef struct tile_sums {
  __m512 sums[MOST_ROWS_OF_INTEGERS][STRIP];
  __m512 halves[MOST_ROWS_OF_INTEGERS][STRIP];
} tile_sums;

/// Adds four products to each integer sum.
ALWAYS void int8_quad(const int rows, const int panels, const tile_place *place, const uint8_t *lines,
                      const uint32_t *units, __m512i (*integers)[STRIP]) {
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
}

/// Adds eight products to each integer sum, from codes two a byte.
ALWAYS void int4_quads(const int rows, const int panels, const tile_place *place, const uint8_t *lines,
                       const uint32_t *units, __m512i (*integers)[STRIP]) {
  const __m512i low_half = _mm512_set1_epi8(0x0f);
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
}

/// Adds `lines` lines of products to each integer sum: at once where they are few, which keeps memory busy.
ALWAYS void integer_lines(const int rows, const int panels, const int32_t precision, const tile_place *place,
                          const uint8_t *weights, const uint32_t *units, size_t lines, __m512i (*integers)[STRIP]) {
  size_t unit_step = (precision == BALLAST_INT8 ? 1 : 2) * place->height;
#define LINE(INDEX)                                                                                               \
  if (precision == BALLAST_INT8)                                                                                  \
    int8_quad(rows, panels, place, weights + (INDEX) * place->step, units + (INDEX) * unit_step, integers);       \
  if (precision == BALLAST_INT4)                                                                                  \
    int4_quads(rows, panels, place, weights + (INDEX) * place->step, units + (INDEX) * unit_step, integers);
  if (rows * panels <= 8) {
    UNROLLED for (size_t line = 0; line < lines; line++) { LINE(line) }
  } else {
    TWICE for (size_t line = 0; line < lines; line++) { LINE(line) }
  }
#undef LINE
}

/// The scales of a span's first or second group.
ALWAYS __m512 group_scales(const uint8_t *line, const int group) {
  __m512i both = _mm512_load_si512(line);
  return _mm512_castsi512_ps(group ? _mm512_and_si512(both, _mm512_set1_epi32((int32_t)0xffff0000))
                                   : _mm512_slli_epi32(both, 16));
}

/// One integer sum for each output and what scales it first: `part` counts the sums along the reduction.
ALWAYS void integer_part(const int rows, const int panels, const int32_t precision, const int grain,
                         const tile_place *place, const uint8_t *lines, const __m512 *group, size_t part,
                         size_t quads, const int is_second, tile_sums *tile) {
  const int part_units = grain == COARSE ? BALLAST_GROUP / 4 : FINE / 4;
  __m512i integers[MOST_ROWS_OF_INTEGERS][STRIP];
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512i start = _mm512_set1_epi32(place->starts[part * place->height + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) integers[row][panel] = start;
  }
  const uint32_t *units = place->units + part * part_units * place->height;
  integer_lines(rows, panels, precision, place, lines, units, ceiling(quads, line_steps(precision) / 4), integers);
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512 rounding = _mm512_set1_ps(place->scales[part * place->height + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512 scale = grain == COARSE ? group[panel] : rounding;
      __m512 whole = _mm512_cvtepi32_ps(integers[row][panel]);
      tile->halves[row][panel] = is_second ? _mm512_fmadd_ps(whole, scale, tile->halves[row][panel])
                                           : _mm512_mul_ps(whole, scale);
    }
  }
}

/// Adds the scaled halves, scaled by the other scale.
ALWAYS void add_halves(const int rows, const int panels, const int grain, const tile_place *place,
                       const __m512 *group, size_t span, tile_sums *tile) {
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512 rounding = _mm512_set1_ps(place->scales[span * place->height + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512 scale = grain == COARSE ? rounding : group[panel];
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
  UNROLLED for (size_t part = 0; part < parts; part++) {
    size_t some = within(quads, part * part_quads, part_quads);
    const uint8_t *weights = lines + (part * part_quads / line_quads + 1) * place->step;
    __m512 group[STRIP];
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      group[panel] = group_scales(lines + panel * 64, part * part_quads >= BALLAST_GROUP / 4);
    }
    if (some > 0) {
      integer_part(rows, panels, precision, grain, place, weights, group, span * parts + part, some, part % 2, tile);
    }
    if (part % 2 && within(quads, (part - 1) * part_quads, part_quads) > 0) {
      add_halves(rows, panels, grain, place, group, span, tile);
    }
  }
}

ALWAYS void integer_tile(const int rows, const int panels, const int32_t precision, const int grain,
                         const tile_place *place) {
  tile_sums tile;
  begin_tile(rows, panels, tile.sums, place);
  size_t whole = place->depth / SPAN, rest = ceiling(place->depth % SPAN, 4);
  const uint8_t *lines = place->lines;
  for (size_t span = 0; span < whole; span++) {
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
