// Products in plain vector arithmetic, up to `MOST_ROWS` rows at a time; `DOT4` multiplies bytes.

/// What a tile reads and where it writes.
typedef struct tile_place {
  const float *lines;      // of one panel
  size_t step;             // floats from one of its lines to the next
  size_t depth;
  const uint32_t *units;
  const float *scales;
  const int32_t *starts;
  float *out;
  size_t stride;
} tile_place;

ALWAYS void float32_tile(const int rows, const tile_place *place) {
  lanes sums[MOST_ROWS] = {0};
  const uint32_t *units = place->units;
  for (size_t step = 0; step < place->depth; step++) {
    lanes weight = load_lanes(place->lines + step * place->step);
    for (int row = 0; row < rows; row++) sums[row] += weight * float_of(units[step * rows + row]);
  }
  for (int row = 0; row < rows; row++) store_lanes(place->out + row * place->stride, sums[row]);
}

ALWAYS void bfloat16_tile(const int rows, const tile_place *place) {
  lanes sums[MOST_ROWS] = {0};
  const uint32_t *units = place->units;
  for (size_t pair = 0; pair < ceiling(place->depth, 2); pair++) {
    bit_lanes both = (bit_lanes)load_lanes(place->lines + pair * place->step);
    lanes low = (lanes)(both << 16), high = (lanes)(both & 0xffff0000u);
    for (int row = 0; row < rows; row++) {
      uint32_t values = units[pair * rows + row];
      sums[row] += low * float_of(values << 16);
      sums[row] += high * float_of(values & 0xffff0000u);
    }
  }
  for (int row = 0; row < rows; row++) store_lanes(place->out + row * place->stride, sums[row]);
}

/// Products of quad `quad` of a span, whose first line of weights is `lines`.
ALWAYS integer_lanes quad_codes(int32_t precision, const float *lines, size_t step, size_t quad) {
  if (precision == BALLAST_INT8) return (integer_lanes)load_lanes(lines + quad * step);
  bit_lanes both = (bit_lanes)load_lanes(lines + quad / 2 * step);
  return (integer_lanes)((quad % 2 ? both >> 4 : both) & 0x0f0f0f0fu);
}

/// Adds up to a span of products: whole numbers to a group of weights or activations, the shorter, scaled by one, in twos
/// scaled by the other.
ALWAYS void integer_span(const int rows, const int32_t precision, const int grain, const tile_place *place,
                         const float *lines, size_t span, size_t quads, lanes *sums) {
  const size_t parts = span_sums(grain), part_quads = SPAN / 4 / parts;
  bit_lanes both = (bit_lanes)load_lanes(lines);
  lanes group_scales[2] = {(lanes)(both << 16), (lanes)(both & 0xffff0000u)};
  lanes halves[MOST_ROWS] = {0};
  for (size_t part = 0; part * part_quads < quads; part++) {
    size_t at = (span * parts + part) * rows, end = (part + 1) * part_quads < quads ? (part + 1) * part_quads : quads;
    integer_lanes integers[MOST_ROWS];
    for (int row = 0; row < rows; row++) integers[row] = (integer_lanes){0} + place->starts[at + row];
    for (size_t quad = part * part_quads; quad < end; quad++) {
      integer_lanes bytes = quad_codes(precision, lines + place->step, place->step, quad);
      for (int row = 0; row < rows; row++) {
        integers[row] = DOT4(integers[row], bytes, (int32_t)place->units[(span * 16 + quad) * rows + row]);
      }
    }
    for (int row = 0; row < rows; row++) {
      lanes scale = grain == COARSE ? group_scales[part] : (lanes){0} + place->scales[at + row];
      lanes whole = __builtin_convertvector(integers[row], lanes);
      halves[row] = part % 2 ? halves[row] + whole * scale : whole * scale;
      if (part % 2 == 0 && end < quads) continue;
      lanes other = grain == COARSE ? (lanes){0} + place->scales[span * rows + row] : group_scales[part / 2];
      sums[row] += halves[row] * other;
    }
  }
}

ALWAYS void integer_tile(const int rows, const int32_t precision, const int grain, const tile_place *place) {
  lanes sums[MOST_ROWS] = {0};
  const float *lines = place->lines;
  for (size_t span = 0; span < spans_of(place->depth); span++) {
    size_t quads = ceiling(within(place->depth, span * SPAN, SPAN), 4);
    integer_span(rows, precision, grain, place, lines, span, quads, sums);
    lines += span_lines(precision) * place->step;
  }
  for (int row = 0; row < rows; row++) store_lanes(place->out + row * place->stride, sums[row]);
}

ALWAYS void int8_coarse_tile(const int rows, const tile_place *place) {
  integer_tile(rows, BALLAST_INT8, COARSE, place);
}

ALWAYS void int8_fine_tile(const int rows, const tile_place *place) {
  integer_tile(rows, BALLAST_INT8, FINE, place);
}

ALWAYS void int4_tile(const int rows, const tile_place *place) { integer_tile(rows, BALLAST_INT4, COARSE, place); }

#define TILES(NAME)                                           \
  static void NAME##_rows(int rows, const tile_place *place) { \
    switch (rows) {                                           \
      case 1: NAME##_tile(1, place); break;                   \
      case 2: NAME##_tile(2, place); break;                   \
      case 3: NAME##_tile(3, place); break;                   \
      default: NAME##_tile(4, place); break;                  \
    }                                                         \
  }

TILES(float32)
TILES(bfloat16)
TILES(int8_coarse)
TILES(int8_fine)
TILES(int4)

static void product(int32_t precision, int grain, const void *weights, size_t panels, size_t depth,
                    const pass_scratch *rows, float *out, size_t stride, const void *next) {
  (void)next;
  size_t bytes = panel_bytes(precision, depth);
  for (size_t panel = 0; panel < panels; panel++) {
    const uint8_t *strip = (const uint8_t *)weights + panel / STRIP * STRIP * bytes;
    for (size_t block = 0; block < rows->blocks; block++) {
      size_t row = block_start(rows, block);
      int count = (int)(block_start(rows, block + 1) - row);
      tile_place place = {.lines = (const float *)(strip + panel % STRIP * 64), .depth = depth,
                          .step = strip_width(panels, panel / STRIP * STRIP) * BALLAST_PANEL,
                          .units = rows->units + row * rows->most_units,
                          .scales = rows->scales + row * rows->most_groups, .starts = rows->starts + row * rows->most_groups,
                          .out = out + row * stride + panel * BALLAST_PANEL, .stride = stride};
      if (precision == BALLAST_FLOAT32) float32_rows(count, &place);
      if (precision == BALLAST_BFLOAT16) bfloat16_rows(count, &place);
      if (precision == BALLAST_INT8 && grain == COARSE) int8_coarse_rows(count, &place);
      if (precision == BALLAST_INT8 && grain == FINE) int8_fine_rows(count, &place);
      if (precision == BALLAST_INT4) int4_rows(count, &place);
    }
  }
}
