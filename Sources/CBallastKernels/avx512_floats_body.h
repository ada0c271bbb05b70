// float32 and bfloat16 tiles: `rows` × `panels` sums held in registers.

ALWAYS void begin_tile(const int rows, const int panels, __m512 (*sums)[STRIP], const tile_place *place) {
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      const float *before = place->out + row * place->stride + panel * BALLAST_PANEL;
      sums[row][panel] = place->continues ? _mm512_loadu_ps(before) : _mm512_setzero_ps();
    }
  }
}

ALWAYS void store_tile(const int rows, const int panels, __m512 (*sums)[STRIP], const tile_place *place) {
  UNROLLED for (int row = 0; row < rows; row++) {
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      _mm512_storeu_ps(place->out + row * place->stride + panel * BALLAST_PANEL, sums[row][panel]);
    }
  }
}

ALWAYS void float32_tile(const int rows, const int panels, const tile_place *place) {
  __m512 sums[MOST_ROWS][STRIP];
  begin_tile(rows, panels, sums, place);
  const uint32_t *units = place->units;
  const uint8_t *lines = place->lines;
  const uint8_t *asked = place->asked;
  size_t asked_step = place->asked_step;
  for (size_t step = 0; step < place->depth; step++) {
    __m512 weights[STRIP];
    asked = ask(asked, asked_step, panels);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      weights[panel] = _mm512_load_ps(lines + panel * 64);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
      __m512 value = _mm512_set1_ps(float_of(units[row]));
      UNROLLED for (int panel = 0; panel < panels; panel++) {
        sums[row][panel] = _mm512_fmadd_ps(weights[panel], value, sums[row][panel]);
      }
    }
    lines += place->step;
    units += rows;
  }
  store_tile(rows, panels, sums, place);
}

ALWAYS void bfloat16_tile(const int rows, const int panels, const tile_place *place) {
  __m512 sums[MOST_ROWS][STRIP];
  begin_tile(rows, panels, sums, place);
  const uint32_t *units = place->units;
  const uint8_t *lines = place->lines;
  const uint8_t *asked = place->asked;
  size_t asked_step = place->asked_step;
  for (size_t pair = 0; pair < ceiling(place->depth, 2); pair++) {
    __m512i weights[STRIP];
    asked = ask(asked, asked_step, panels);
    UNROLLED for (int panel = 0; panel < panels; panel++) {
      weights[panel] = _mm512_load_si512(lines + panel * 64);
    }
    UNROLLED for (int row = 0; row < rows; row++) {
      __m512i value = _mm512_set1_epi32((int32_t)units[row]);
      UNROLLED for (int panel = 0; panel < panels; panel++) {
        sums[row][panel] = _mm512_dpbf16_ps(sums[row][panel], (__m512bh)weights[panel], (__m512bh)value);
      }
    }
    lines += place->step;
    units += rows;
  }
  store_tile(rows, panels, sums, place);
}
