// Rounding activations to what the products multiply, and interleaving them.

/// Rounds up to 64 values that share a scale; a sum starts for every `GROUP` or fewer of them, `stride` apart.
ALWAYS void round_group(const float *values, const int chunks, int32_t offset, int8_t *out, float *scale,
                        int32_t *starts, size_t stride) {
  const int chunks_of_sum = chunks < 2 ? chunks : 2;
  integer_lanes largest = {0};
  for (int chunk = 0; chunk < chunks; chunk++) largest = larger(largest, size_bits(load_lanes(values + chunk * 16)));
  int32_t size = __builtin_reduce_max(largest);
  float step = float_of((uint32_t)size) / 127;
  // A group with an infinity or NaN becomes NaN as a whole, and with it the row.
  *scale = size < NOT_FINITE ? step : float_of(0x7fc00000u);
  float inverse = size < NOT_FINITE && step > 1e-37f ? 1 / step : 0;
  integer_lanes sum = {0};
  for (int chunk = 0; chunk < chunks; chunk++) {
    integer_lanes code = nearest(load_lanes(values + chunk * 16) * inverse);
    byte_lanes bytes = __builtin_convertvector(code, byte_lanes);
    memcpy(out + chunk * 16, &bytes, 16);
    sum += code;
    if ((chunk + 1) % chunks_of_sum == 0) {
      starts[chunk / chunks_of_sum * stride] = -offset * __builtin_reduce_add(sum);
      sum = (integer_lanes){0};
    }
  }
}

/// Rounds a row to int8 in groups of `grain` and fills the last span with zeros.
ALWAYS void round_integers(const float *row, size_t depth, const int grain, int32_t offset, int8_t *out, float *scales,
                           int32_t *starts, size_t stride) {
  const int sums = grain == COARSE ? 2 : 1;
  size_t whole = depth / SPAN * SPAN, end = rounded(depth, SPAN);
  float last[SPAN] = {0};
  memcpy(last, row + whole, (depth - whole) * sizeof(float));
  for (size_t first = 0, group = 0; first < end; first += grain, group++) {
    const float *values = first < whole ? row + first : last + (first - whole);
    round_group(values, grain / 16, offset, out + first, scales + group * stride, starts + group * sums * stride, stride);
  }
}

static void round_bfloat16(const float *row, size_t depth, uint16_t *out) {
  for (size_t i = 0; i < depth; i++) out[i] = bfloat16_of(row[i]);
  if (depth % 2) out[depth] = 0;
}

/// Writes row `index` of a block of `rows` rows, which begins with row `first` of the pass, as the products read it.
static void round_row(int32_t precision, int grain, const float *row, size_t depth, const pass_scratch *parts,
                      size_t first, size_t rows, size_t index) {
  size_t count = depth;
  const void *values = row;
  if (precision == BALLAST_BFLOAT16) {
    round_bfloat16(row, depth, (uint16_t *)parts->row);
    values = parts->row;
    count = ceiling(depth, 2);
  } else if (precision >= BALLAST_INT8) {
    size_t offset = first * parts->most_groups + index;
    int32_t excess = precision == BALLAST_INT8 ? 128 : 8;
    int8_t *out = (int8_t *)parts->row;
    float *scales = parts->scales + offset;
    int32_t *starts = parts->starts + offset;
    if (grain == COARSE) round_integers(row, depth, COARSE, excess, out, scales, starts, rows);
    if (grain == FINE) round_integers(row, depth, FINE, excess, out, scales, starts, rows);
    values = parts->row;
    count = rounded(depth, SPAN) / 4;
  }
  uint32_t *units = parts->units + first * parts->most_units + index;
  // Vectors would scatter, which is slower.
  _Pragma("clang loop vectorize(disable)") for (size_t unit = 0; unit < count; unit++) memcpy(units + unit * rows, (const float *)values + unit, 4);
}
