// int8 and int4 tiles. Whole numbers of up to 32 products are summed in registers; scaled once by the finer of the two
// scales (a group's or the activations'), in twos once more by the other, they are added to the float sums.

typedef __m512 float_sums[MOST_ROWS][STRIP];

/// Adds four products to each sum of whole numbers.
ALWAYS void int8_quad(const int rows, const int panels, const uint8_t *lines, const uint32_t *units,
                      __m512i (*integers)[STRIP]) {
  __m512i weights[STRIP];
  UNROLLED for (int panel = 0; panel < panels; panel++) weights[panel] = _mm512_load_si512(lines + panel * 64);
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512i value = _mm512_set1_epi32((int32_t)units[row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      integers[row][panel] = _mm512_dpbusd_epi32(integers[row][panel], weights[panel], value);
    }
  }
}

/// Adds eight products to each sum of whole numbers, from codes two a byte.
ALWAYS void int4_quads(const int rows, const int panels, const uint8_t *lines, const uint32_t *units,
                       __m512i (*integers)[STRIP]) {
  const __m512i low_half = _mm512_set1_epi8(0x0f);
  __m512i low[STRIP], high[STRIP];
  UNROLLED for (int panel = 0; panel < panels; panel++) {
    __m512i both = _mm512_load_si512(lines + panel * 64);
    low[panel] = _mm512_and_si512(both, low_half);
    high[panel] = _mm512_and_si512(_mm512_srli_epi32(both, 4), low_half);
  }
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512i first = _mm512_set1_epi32((int32_t)units[row]), last = _mm512_set1_epi32((int32_t)units[rows + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      integers[row][panel] = _mm512_dpbusd_epi32(integers[row][panel], low[panel], first);
      integers[row][panel] = _mm512_dpbusd_epi32(integers[row][panel], high[panel], last);
    }
  }
}

/// The scales of a span's first or second group.
ALWAYS __m512 group_scales(const uint8_t *line, const int group) {
  __m512i both = _mm512_load_si512(line);
  return _mm512_castsi512_ps(group ? _mm512_and_si512(both, _mm512_set1_epi32((int32_t)0xffff0000))
                                   : _mm512_slli_epi32(both, 16));
}

/// Where a tile is along the reduction.
typedef struct tile_cursor {
  const uint8_t *scale_lines;  // of the span
  const uint8_t *lines;
  size_t step;
  const uint32_t *units;
  const float *scales;
  const int32_t *starts;
  const uint8_t *asked;
  size_t asked_step;
} tile_cursor;

/// Sums the whole numbers of `quads` times four products, the part `part` of a span.
ALWAYS void integer_part(const int rows, const int panels, const int32_t precision, const int grain, size_t part,
                         size_t quads, tile_cursor *at, __m512i (*integers)[STRIP]) {
  const size_t part_quads = SPAN / 4 / span_sums(grain), line_quads = line_steps(precision) / 4;
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512i start = _mm512_set1_epi32(at->starts[part * rows + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) integers[row][panel] = start;
  }
  const uint32_t *units = at->units + part * part_quads * rows;
  TWICE for (size_t line = 0; line < ceiling(quads, line_quads); line++) {
    at->asked = ask(at->asked, at->asked_step, panels);
    if (precision == BALLAST_INT8) int8_quad(rows, panels, at->lines, units, integers);
    if (precision == BALLAST_INT4) int4_quads(rows, panels, at->lines, units, integers);
    at->lines += at->step;
    units += line_quads * rows;
  }
}

/// Scales the sums of a part; those of every second part, or of the last, go with their predecessor's to the tile's.
ALWAYS void add_part(const int rows, const int panels, const int grain, size_t part, int is_last,
                     const tile_cursor *at, __m512i (*integers)[STRIP], float_sums halves, float_sums sums) {
  __m512 group[STRIP];
  UNROLLED for (int panel = 0; panel < panels; panel++) {
    group[panel] = group_scales(at->scale_lines + panel * 64, grain == COARSE ? part : part / 2);
  }
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512 rounding = _mm512_set1_ps(at->scales[grain == COARSE ? row : part * rows + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512 whole = _mm512_cvtepi32_ps(integers[row][panel]), half = halves[row][panel];
      __m512 first = grain == COARSE ? group[panel] : rounding, second = grain == COARSE ? rounding : group[panel];
      halves[row][panel] = part % 2 ? _mm512_fmadd_ps(whole, first, half) : _mm512_mul_ps(whole, first);
      if (part % 2 || is_last) sums[row][panel] = _mm512_fmadd_ps(halves[row][panel], second, sums[row][panel]);
    }
  }
}

/// Adds `quads` times four products, at most a span, and moves on.
ALWAYS void integer_span(const int rows, const int panels, const int32_t precision, const int grain, size_t quads,
                         tile_cursor *at, float_sums sums) {
  const size_t parts = span_sums(grain), part_quads = SPAN / 4 / parts;
  float_sums halves = {0};
  at->scale_lines = at->lines;
  at->lines += at->step;
  UNROLLED for (size_t part = 0; part < parts; part++) {
    size_t some = within(quads, part * part_quads, part_quads);
    if (some == 0) continue;
    __m512i integers[MOST_ROWS][STRIP];
    integer_part(rows, panels, precision, grain, part, some, at, integers);
    add_part(rows, panels, grain, part, (part + 1) * part_quads >= quads, at, integers, halves, sums);
  }
  at->units += SPAN / 4 * rows;
  at->scales += SPAN / grain * rows;
  at->starts += parts * rows;
}

ALWAYS void integer_tile(const int rows, const int panels, const int32_t precision, const int grain,
                         const tile_place *place) {
  float_sums sums;
  begin_tile(rows, panels, sums, place);
  tile_cursor at = {.lines = place->lines, .step = place->step, .units = place->units, .scales = place->scales,
                    .starts = place->starts, .asked = place->asked, .asked_step = place->asked_step};
  for (size_t span = place->depth / SPAN; span > 0; span--) {
    integer_span(rows, panels, precision, grain, SPAN / 4, &at, sums);
  }
  size_t rest = ceiling(place->depth % SPAN, 4);
  if (rest) integer_span(rows, panels, precision, grain, rest, &at, sums);
  store_tile(rows, panels, sums, place);
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
