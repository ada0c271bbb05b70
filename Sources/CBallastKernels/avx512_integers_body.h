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

/// Sums the whole numbers of `quads` times four products.
ALWAYS void integer_part(const int rows, const int panels, const int32_t precision, const int quads,
                         const uint8_t *lines, const uint32_t *units, const int32_t *starts, const uint8_t *asked,
                         size_t asked_step, __m512i (*integers)[STRIP]) {
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512i start = _mm512_set1_epi32(starts[row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) integers[row][panel] = start;
  }
  const int line_quads = precision == BALLAST_INT8 ? 1 : 2;
  TWICE for (int line = 0; line < quads / line_quads; line++) {
    asked = ask(asked, asked_step, panels);
    if (precision == BALLAST_INT8) int8_quad(rows, panels, lines, units, integers);
    if (precision == BALLAST_INT4) int4_quads(rows, panels, lines, units, integers);
    lines += STEP_BYTES;
    units += line_quads * rows;
  }
}

/// Scales the sums of a part; those of an odd one, with its predecessor's, are added to the tile's.
ALWAYS void add_part(const int rows, const int panels, const int grain, const int part, __m512i (*integers)[STRIP],
                     const uint8_t *scale_lines, const float *scales, float_sums halves, float_sums sums) {
  __m512 group[STRIP];
  UNROLLED for (int panel = 0; panel < panels; panel++) {
    group[panel] = group_scales(scale_lines + panel * 64, grain == COARSE ? part : part / 2);
  }
  UNROLLED for (int row = 0; row < rows; row++) {
    __m512 rounding = _mm512_set1_ps(scales[grain == COARSE ? row : part * rows + row]);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      __m512 whole = _mm512_cvtepi32_ps(integers[row][panel]), half = halves[row][panel];
      __m512 first = grain == COARSE ? group[panel] : rounding, second = grain == COARSE ? rounding : group[panel];
      halves[row][panel] = part % 2 ? _mm512_fmadd_ps(whole, first, half) : _mm512_mul_ps(whole, first);
      if (part % 2) sums[row][panel] = _mm512_fmadd_ps(halves[row][panel], second, sums[row][panel]);
    }
  }
}

ALWAYS void integer_tile(const int rows, const int panels, const int32_t precision, const int grain,
                         const tile_place *place) {
  const int parts = grain == COARSE ? SPAN / BALLAST_GROUP : SPAN / FINE, quads = SPAN / 4 / parts;
  const size_t part_lines = quads * 4 / line_steps(precision);
  float_sums sums, halves = {0};
  begin_tile(rows, panels, sums, place);
  const uint8_t *lines = place->lines, *asked = place->asked;
  const uint32_t *units = place->units;
  const float *scales = place->scales;
  const int32_t *starts = place->starts;
  size_t asked_step = place->asked_step;
  for (size_t span = spans_of(place->depth); span > 0; span--) {
    UNROLLED for (int part = 0; part < parts; part++) {
      __m512i integers[MOST_ROWS][STRIP];
      integer_part(rows, panels, precision, quads, lines + (1 + part * part_lines) * STEP_BYTES,
                   units + part * quads * rows, starts + part * rows, asked, asked_step, integers);
      add_part(rows, panels, grain, part, integers, lines, scales, halves, sums);
      asked += part_lines * panels * asked_step;
    }
    lines += span_lines(precision) * STEP_BYTES;
    units += SPAN / 4 * rows;
    scales += SPAN / grain * rows;
    starts += parts * rows;
  }
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
