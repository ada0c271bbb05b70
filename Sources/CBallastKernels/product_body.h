// Products in plain vector arithmetic, up to `MOST_ROWS` rows at a time; `DOT4` multiplies bytes.

ALWAYS void float32_tile(const int rows, const float *weights, size_t depth, const pass_scratch *parts, size_t first,
                         float *out, size_t stride) {
  lanes sums[MOST_ROWS] = {0};
  const uint32_t *units = units_of(parts, first);
  size_t height = parts->height;
  for (size_t step = 0; step < depth; step++) {
    lanes weight = load_lanes(weights + step * BALLAST_PANEL);
    for (int row = 0; row < rows; row++) sums[row] += weight * float_of(units[step * height + row]);
  }
  for (int row = 0; row < rows; row++) store_lanes(out + row * stride, sums[row]);
}

ALWAYS void bfloat16_tile(const int rows, const float *weights, size_t depth, const pass_scratch *parts, size_t first,
                          float *out, size_t stride) {
  lanes sums[MOST_ROWS] = {0};
  const uint32_t *units = units_of(parts, first);
  size_t height = parts->height;
  for (size_t pair = 0; pair < ceiling(depth, 2); pair++) {
    bit_lanes both = (bit_lanes)load_lanes(weights + pair * BALLAST_PANEL);
    lanes low = (lanes)(both << 16), high = (lanes)(both & 0xffff0000u);
    for (int row = 0; row < rows; row++) {
      uint32_t values = units[pair * height + row];
      sums[row] += low * float_of(values << 16);
      sums[row] += high * float_of(values & 0xffff0000u);
    }
  }
  for (int row = 0; row < rows; row++) store_lanes(out + row * stride, sums[row]);
}

ALWAYS void int8_tile(const int rows, const float *weights, size_t depth, const pass_scratch *parts, size_t first,
                      float *out, size_t stride) {
  lanes sums[MOST_ROWS] = {0};
  const uint32_t *units = units_of(parts, first);
  size_t height = parts->height;
  for (size_t group = 0; group < groups_of(depth); group++) {
    lanes scale = load_lanes(weights);
    size_t left = quads_of(depth) - group * QUADS, quads = left < QUADS ? left : QUADS;
    integer_lanes integers[MOST_ROWS];
    for (int row = 0; row < rows; row++) {
      integers[row] = (integer_lanes){0} + parts->starts[first * parts->most_groups + group * height + row];
    }
    for (size_t quad = 0; quad < quads; quad++) {
      integer_lanes bytes = (integer_lanes)load_lanes(weights + (quad + 1) * BALLAST_PANEL);
      for (int row = 0; row < rows; row++) {
        int32_t four = (int32_t)units[(group * QUADS + quad) * height + row];
        integers[row] = DOT4(integers[row], bytes, four);
      }
    }
    for (int row = 0; row < rows; row++) {
      lanes whole = __builtin_convertvector(integers[row], lanes);
      sums[row] += whole * (scale * parts->scales[first * parts->most_groups + group * height + row]);
    }
    weights += (quads + 1) * BALLAST_PANEL;
  }
  for (int row = 0; row < rows; row++) store_lanes(out + row * stride, sums[row]);
}

#define TILES(NAME)                                                                                       \
  static void NAME##_rows(int rows, const float *weights, size_t depth, const pass_scratch *parts,        \
                          size_t first, float *out, size_t stride) {                                      \
    switch (rows) {                                                                                       \
      case 1: NAME##_tile(1, weights, depth, parts, first, out, stride); break;                           \
      case 2: NAME##_tile(2, weights, depth, parts, first, out, stride); break;                           \
      case 3: NAME##_tile(3, weights, depth, parts, first, out, stride); break;                           \
      default: NAME##_tile(4, weights, depth, parts, first, out, stride); break;                          \
    }                                                                                                     \
  }

TILES(float32)
TILES(bfloat16)
TILES(int8)

static void product(int32_t precision, const void *weights, size_t panels, size_t depth, const pass_scratch *parts,
                    size_t count, float *out, size_t stride) {
  size_t bytes = ballast_panel_bytes(precision, depth);
  for (size_t panel = 0; panel < panels; panel++) {
    const float *start = (const float *)((const uint8_t *)weights + panel * bytes);
    for (size_t row = 0; row < count; row += parts->height) {
      int rows = (int)(count - row < parts->height ? count - row : parts->height);
      float *place = out + row * stride + panel * BALLAST_PANEL;
      if (precision == BALLAST_FLOAT32) float32_rows(rows, start, depth, parts, row, place, stride);
      if (precision == BALLAST_BFLOAT16) bfloat16_rows(rows, start, depth, parts, row, place, stride);
      if (precision == BALLAST_INT8) int8_rows(rows, start, depth, parts, row, place, stride);
    }
  }
}
