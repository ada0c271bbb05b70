// What each instruction set does to rows of numbers; compiled once for each (see portable.c, avx2.c, avx512.c).

// Vectors wider than the registers never cross a call: all that take or return one are inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float lanes __attribute__((vector_size(64)));
typedef int32_t integer_lanes __attribute__((vector_size(64)));
typedef uint32_t bit_lanes __attribute__((vector_size(64)));

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS lanes load_lanes(const float *from) {
  lanes value;
  memcpy(&value, from, sizeof value);
  return value;
}

ALWAYS void store_lanes(float *to, lanes value) { memcpy(to, &value, sizeof value); }

ALWAYS lanes either(integer_lanes mask, lanes yes, lanes no) {
  return (lanes)((mask & (integer_lanes)yes) | (~mask & (integer_lanes)no));
}

/// e to the x within 2e-7 for |x| ≤ 87; beyond, the value at that bound. NaN stays NaN.
ALWAYS lanes exponential(lanes x) {
  const float to_integer = 12582912.0f;
  lanes most = x * 0 + 87.0f;
  x = either(x > 87.0f, most, x);
  x = either(x < -87.0f, -most, x);
  lanes shifted = x * 1.44269504f + to_integer;
  lanes power = shifted - to_integer;
  lanes rest = x - power * 0.693359375f + power * 2.12194440e-4f;
  lanes sum = rest * 1.9875691500e-4f + 1.3981999507e-3f;
  sum = sum * rest + 8.3334519073e-3f;
  sum = sum * rest + 4.1665795894e-2f;
  sum = sum * rest + 1.6666665459e-1f;
  sum = sum * rest + 5.0000001201e-1f;
  sum = sum * (rest * rest) + rest + 1.0f;
  return (lanes)((integer_lanes)sum + ((integer_lanes)shifted - 0x4b400000) * (1 << 23));
}

ALWAYS lanes silu(lanes gate) { return gate / (1.0f + exponential(-gate)); }

/// Turns a row of gate and up products, panel by panel, into silu(gate) · up at the row's start.
static void activate_row(float *row, size_t panels) {
  for (size_t panel = 0; panel < panels; panel++) {
    lanes gate = load_lanes(row + panel * 32), up = load_lanes(row + panel * 32 + 16);
    store_lanes(row + panel * 16, silu(gate) * up);
  }
}

/// Rounds a row to int8, a scale for each group, and says where the group's integer sums start, `stride` apart.
static void quantize_row(const float *row, size_t depth, int8_t *out, float *scales, int32_t *starts,
                         size_t stride) {
  for (size_t group = 0; group * BALLAST_GROUP < depth; group++) {
    float values[BALLAST_GROUP] = {0};
    size_t first = group * BALLAST_GROUP, left = depth - first;
    memcpy(values, row + first, (left < BALLAST_GROUP ? left : BALLAST_GROUP) * sizeof(float));
    int32_t largest = 0;
    for (size_t i = 0; i < BALLAST_GROUP; i++) {
      int32_t size = (int32_t)(bits_of(values[i]) & 0x7fffffffu);
      largest = size > largest ? size : largest;
    }
    float scale = float_of((uint32_t)largest) / 127;
    // Infinity and NaN have the largest exponents: the whole group becomes NaN, and with it the row.
    int is_finite = largest < 0x7f800000;
    float steps = is_finite && scale > 1e-37f ? 1 / scale : 0;
    int32_t sum = 0;
    for (size_t i = 0; i < BALLAST_GROUP; i++) {
      float value = is_finite ? values[i] : 0;
      int32_t step = (int32_t)(bits_of(value * steps + 12582912.0f) - 0x4b400000u);
      out[first + i] = (int8_t)step;
      sum += step;
    }
    scales[group * stride] = is_finite ? scale : float_of(0x7fc00000u);
    starts[group * stride] = -128 * sum;
  }
}

/// Writes row `index` of the pass as the products read it.
static void round_row(int32_t precision, const float *row, size_t depth, const pass_scratch *parts, size_t index) {
  size_t first = index / parts->height * parts->height, place = index - first, count = depth;
  const void *values = row;
  if (precision == BALLAST_BFLOAT16) {
    uint16_t *out = (uint16_t *)parts->row;
    for (size_t i = 0; i < depth; i++) out[i] = bfloat16_of(row[i]);
    if (depth % 2) out[depth] = 0;
    values = out;
    count = ceiling(depth, 2);
  } else if (precision == BALLAST_INT8) {
    size_t offset = first * parts->most_groups + place;
    quantize_row(row, depth, (int8_t *)parts->row, parts->scales + offset, parts->starts + offset, parts->height);
    values = parts->row;
    count = quads_of(depth);
  }
  uint32_t *units = parts->units + first * parts->most_units + place;
  for (size_t unit = 0; unit < count; unit++) memcpy(units + unit * parts->height, (const float *)values + unit, 4);
}

static void expert_pass(const ballast_expert *expert, const float *input, const int32_t *rows, size_t count,
                        float *output, pass_scratch *parts) {
  size_t hidden = expert->hidden, inner = expert->inner;
  size_t panels = ballast_gate_up_panels(inner), width = panels * BALLAST_PANEL;
  parts->height = block_height(count, MOST_ROWS);
  for (size_t i = 0; i < count; i++) {
    round_row(expert->precision, input + (size_t)rows[i] * hidden, hidden, parts, i);
  }
  product(expert->precision, expert->gate_up, panels, hidden, parts, count, parts->products, width);
  for (size_t i = 0; i < count; i++) {
    activate_row(parts->products + i * width, panels / 2);
    round_row(expert->precision, parts->products + i * width, inner, parts, i);
  }
  product(expert->precision, expert->down, ballast_down_panels(hidden), inner, parts, count, output,
          ballast_padded(hidden));
}

static void expert_rows(const ballast_expert *expert, const float *input, const int32_t *rows, size_t count,
                        float *output, void *scratch) {
  pass_scratch parts = scratch_parts(expert->hidden, expert->inner, scratch);
  size_t stride = ballast_padded(expert->hidden);
  for (size_t done = 0; done < count; done += BALLAST_PASS) {
    size_t left = count - done;
    expert_pass(expert, input, rows + done, left < BALLAST_PASS ? left : BALLAST_PASS, output + done * stride, &parts);
  }
}

static void combine(const float *entries, size_t stride, const int32_t *order, const float *gates, size_t count,
                    float *sum, size_t hidden) {
  memset(sum, 0, hidden * sizeof(float));
  for (size_t choice = 0; choice < count; choice++) {
    const float *entry = entries + (size_t)order[choice] * stride;
    float gate = gates[order[choice]];
    for (size_t i = 0; i < hidden; i++) sum[i] += gate * entry[i];
  }
}

// MARK: From weights as the checkpoint stores them

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

ALWAYS float dot(const float *left, const float *right, size_t depth) {
  lanes first = {0}, second = {0};
  size_t i = 0;
  for (; i + 32 <= depth; i += 32) {
    first += load_lanes(left + i) * load_lanes(right + i);
    second += load_lanes(left + i + 16) * load_lanes(right + i + 16);
  }
  first += second;
  float sum = 0;
  for (int lane = 0; lane < 16; lane++) sum += first[lane];
  for (; i < depth; i++) sum += left[i] * right[i];
  return sum;
}

static void exact(const ballast_source *gate, const ballast_source *up, const ballast_source *down, size_t hidden,
                  size_t inner, const float *input, size_t count, float *output, void *scratch) {
  size_t longest = rounded(hidden > inner ? hidden : inner, BALLAST_PANEL), width = rounded(inner, BALLAST_PANEL);
  float *weights = scratch, *middle = weights + longest;
  for (size_t i = 0; i < inner; i++) {
    widen(gate, i * hidden, hidden, weights);
    for (size_t row = 0; row < count; row++) middle[row * width + i] = dot(weights, input + row * hidden, hidden);
    widen(up, i * hidden, hidden, weights);
    for (size_t row = 0; row < count; row++) {
      float value = middle[row * width + i];
      middle[row * width + i] = value / (1 + expf(-value)) * dot(weights, input + row * hidden, hidden);
    }
  }
  for (size_t i = 0; i < hidden; i++) {
    widen(down, i * inner, inner, weights);
    for (size_t row = 0; row < count; row++) output[row * hidden + i] = dot(weights, middle + row * width, inner);
  }
}

// MARK: Packing

/// Whether every one of `count` numbers is finite.
static int32_t all_finite(const float *values, size_t count) {
  int32_t largest = 0;
  for (size_t i = 0; i < count; i++) {
    int32_t size = (int32_t)(bits_of(values[i]) & 0x7fffffffu);
    largest = size > largest ? size : largest;
  }
  return largest < 0x7f800000;
}

static int32_t pack_bfloat16_column(const float *values, size_t depth, uint32_t *column) {
  int32_t is_finite = 1;
  for (size_t pair = 0; pair < ceiling(depth, 2); pair++) {
    uint32_t low = bfloat16_of(values[2 * pair]);
    uint32_t high = 2 * pair + 1 < depth ? bfloat16_of(values[2 * pair + 1]) : 0;
    is_finite &= (low & 0x7f80u) != 0x7f80u && (high & 0x7f80u) != 0x7f80u;
    column[pair * BALLAST_PANEL] = low | high << 16;
  }
  return is_finite;
}

static void pack_int8_column(const float *values, size_t depth, uint8_t *panel, size_t column) {
  for (size_t group = 0; group < groups_of(depth); group++) {
    int8_t steps[BALLAST_GROUP];
    float scale;
    int32_t start;
    size_t first = group * BALLAST_GROUP, left = depth - first;
    quantize_row(values + first, left < BALLAST_GROUP ? left : BALLAST_GROUP, steps, &scale, &start, 1);
    uint8_t *lines = panel + group * (QUADS + 1) * 64;
    ((float *)lines)[column] = scale;
    size_t quads = quads_of(left < BALLAST_GROUP ? left : BALLAST_GROUP);
    for (size_t quad = 0; quad < quads; quad++) {
      uint32_t four;
      memcpy(&four, steps + quad * 4, 4);
      ((uint32_t *)(lines + 64 + quad * 64))[column] = four ^ 0x80808080u;
    }
  }
}

/// Packs one output; the padding's are all 0.
static int32_t pack_column(int32_t precision, const float *values, size_t depth, uint8_t *panel, size_t column) {
  if (precision == BALLAST_FLOAT32) {
    for (size_t i = 0; i < depth; i++) ((float *)panel)[i * BALLAST_PANEL + column] = values[i];
    return 1;
  }
  if (precision == BALLAST_BFLOAT16) return pack_bfloat16_column(values, depth, (uint32_t *)panel + column);
  pack_int8_column(values, depth, panel, column);
  return 1;
}

static int32_t pack(int32_t precision, const ballast_source *matrix, const ballast_source *up, size_t outputs,
                    size_t depth, size_t first, size_t count, void *packed) {
  size_t bytes = ballast_panel_bytes(precision, depth);
  float *values = malloc(depth * sizeof(float));
  if (!values) return BALLAST_NO_MEMORY;
  int32_t is_finite = 1;
  for (size_t panel = first; panel < first + count && is_finite; panel++) {
    const ballast_source *source = up && panel % 2 ? up : matrix;
    size_t output = (up ? panel / 2 : panel) * BALLAST_PANEL;
    for (size_t column = 0; column < BALLAST_PANEL && is_finite; column++) {
      if (output + column < outputs) {
        widen(source, (output + column) * depth, depth, values);
        is_finite = all_finite(values, depth);
      } else {
        memset(values, 0, depth * sizeof(float));
      }
      is_finite &= pack_column(precision, values, depth, (uint8_t *)packed + panel * bytes, column);
    }
  }
  free(values);
  return is_finite ? BALLAST_PACKED : BALLAST_NOT_FINITE;
}
