// An expert in float32 from weights as the checkpoint stores them, one output at a time for every row.

static void widen(const ballast_source *source, size_t first, size_t count, float *out) {
  if (source->precision == BALLAST_FLOAT32) {
    memcpy(out, (const uint8_t *)source->values + first * sizeof(float), count * sizeof(float));
  } else {
    // A mapped file promises no alignment.
    const uint8_t *bytes = (const uint8_t *)source->values + first * 2;
    for (size_t i = 0; i < count; i++) {
      uint16_t value;
      memcpy(&value, bytes + i * 2, 2);
      out[i] = float_of((uint32_t)value << 16);
    }
  }
}

ALWAYS float total(lanes value) {
  typedef float half __attribute__((vector_size(32)));
  typedef float quarter __attribute__((vector_size(16)));
  half eight = __builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7) +
               __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15);
  quarter four = __builtin_shufflevector(eight, eight, 0, 1, 2, 3) + __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  return (four[0] + four[1]) + (four[2] + four[3]);
}

/// out[row · spacing] = Σ weights · row, for `count` rows `stride` apart; a weight read serves `rows` of them.
ALWAYS void dots(const int rows, const float *weights, const float *row, size_t stride, size_t depth, float *out,
                 size_t spacing) {
  lanes sums[4] = {0};
  size_t whole = depth / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) {
    lanes weight = load_lanes(weights + i);
    for (int r = 0; r < rows; r++) sums[r] += weight * load_lanes(row + r * stride + i);
  }
  for (int r = 0; r < rows; r++) {
    float sum = total(sums[r]);
    for (size_t i = whole; i < depth; i++) sum += weights[i] * row[r * stride + i];
    out[r * spacing] = sum;
  }
}

static void all_dots(const float *weights, const float *rows, size_t count, size_t stride, size_t depth, float *out,
                     size_t spacing) {
  size_t row = 0;
  for (; row + 4 <= count; row += 4) {
    dots(4, weights, rows + row * stride, stride, depth, out + row * spacing, spacing);
  }
  for (; row < count; row++) dots(1, weights, rows + row * stride, stride, depth, out + row * spacing, spacing);
}

static void exact(const ballast_source *gate, const ballast_source *up, const ballast_source *down, size_t hidden,
                  size_t inner, const float *input, size_t count, float *output, void *scratch) {
  size_t longest = rounded(hidden > inner ? hidden : inner, BALLAST_PANEL), width = rounded(inner, BALLAST_PANEL);
  float *weights = scratch, *middle = weights + longest, *ups = middle + count * width;
  for (size_t i = 0; i < inner; i++) {
    widen(gate, i * hidden, hidden, weights);
    all_dots(weights, input, count, hidden, hidden, middle + i, width);
    widen(up, i * hidden, hidden, weights);
    all_dots(weights, input, count, hidden, hidden, ups, 1);
    for (size_t row = 0; row < count; row++) {
      float value = middle[row * width + i];
      middle[row * width + i] = value / (1 + expf(-value)) * ups[row];
    }
  }
  for (size_t i = 0; i < hidden; i++) {
    widen(down, i * inner, inner, weights);
    all_dots(weights, middle, count, width, inner, output + i, hidden);
  }
}
