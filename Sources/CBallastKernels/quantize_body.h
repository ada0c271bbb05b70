// Rounding weights to codes and scales: plain, group by group, from the numbers of the group alone. Sixteen outputs are
// rounded at once, a lane each.

/// Exchanges the elements of two rows that lie across the diagonal of their 2 × 2 blocks of `STEP` × `STEP`.
#define EXCHANGE(ROWS, STEP, FIRST, SECOND)                                            \
  _Pragma("clang loop unroll(full)") for (int row = 0; row < 16; row++) {              \
    if (row & STEP) continue;                                                          \
    bit_lanes upper = ROWS[row], lower = ROWS[row + STEP];                             \
    ROWS[row] = __builtin_shufflevector(upper, lower, FIRST);                          \
    ROWS[row + STEP] = __builtin_shufflevector(upper, lower, SECOND);                  \
  }
#define FIRST_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define SECOND_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define FIRST_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define SECOND_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define FIRST_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define SECOND_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define FIRST_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define SECOND_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31

/// Sixteen rows of 64 bytes, `stride` bytes apart, become sixteen lines of 4 bytes from each.
ALWAYS void turn(const void *from, size_t stride, bit_lanes *lines) {
  bit_lanes rows[16];
  for (int row = 0; row < 16; row++) memcpy(&rows[row], (const uint8_t *)from + row * stride, 64);
  EXCHANGE(rows, 1, FIRST_1, SECOND_1)
  EXCHANGE(rows, 2, FIRST_2, SECOND_2)
  EXCHANGE(rows, 4, FIRST_4, SECOND_4)
  EXCHANGE(rows, 8, FIRST_8, SECOND_8)
  for (int unit = 0; unit < 16; unit++) lines[unit] = rows[unit];
}

/// Reads a group of 16 outputs, from `output` and `step` on, as `[step][output]`; what the matrix lacks is 0.
static void load_group(const ballast_source *matrix, size_t output, size_t outputs, size_t step, size_t depth,
                       lanes *weights) {
  const size_t bytes = matrix->precision == BALLAST_FLOAT32 ? 4 : 2;
  const uint8_t *values = matrix->values;
  if (output + BALLAST_PANEL > outputs || step + BALLAST_GROUP > depth) {
    float rest[BALLAST_PANEL][BALLAST_GROUP] = {0};
    size_t columns = within(outputs, output, BALLAST_PANEL), steps = within(depth, step, BALLAST_GROUP);
    for (size_t column = 0; column < columns; column++) {
      widen(matrix, (output + column) * depth + step, steps, rest[column]);
    }
    turn(rest, sizeof rest[0], (bit_lanes *)weights);
    turn(&rest[0][16], sizeof rest[0], (bit_lanes *)weights + 16);
  } else if (matrix->precision == BALLAST_FLOAT32) {
    turn(values + (output * depth + step) * bytes, depth * bytes, (bit_lanes *)weights);
    turn(values + (output * depth + step + 16) * bytes, depth * bytes, (bit_lanes *)weights + 16);
  } else {
    bit_lanes pairs[16];
    turn(values + (output * depth + step) * bytes, depth * bytes, pairs);
    for (int pair = 0; pair < 16; pair++) {
      weights[2 * pair] = (lanes)(pairs[pair] << 16);
      weights[2 * pair + 1] = (lanes)(pairs[pair] & 0xffff0000u);
    }
  }
}

/// The bfloat16 next above in size, so that no weight lies beyond the last code.
ALWAYS bit_lanes bfloat16_above(lanes value) { return ((bit_lanes)value + 0xffffu) >> 16; }

/// The nearest bfloat16 of finite numbers, ties to even.
ALWAYS bit_lanes nearest_bfloat16(lanes value) {
  bit_lanes bits = (bit_lanes)value;
  return (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

/// 1 over scales, 0 for those too small to have a finite one.
ALWAYS lanes inverse_of(lanes scale) {
  lanes zero = {0};
  return either(size_bits(scale) > (integer_lanes)(zero + 1e-37f), 1 / scale, zero);
}

/// The whole numbers nearest to weights over a scale, within the codes there are.
ALWAYS integer_lanes codes_at(lanes weight, lanes inverse, const int32_t most) {
  integer_lanes code = nearest(weight * inverse), top = (integer_lanes){0} + most;
  return __builtin_elementwise_max(__builtin_elementwise_min(code, top), ~top);
}

/// What a weight loses as an int4 code. The codes are numbers so near 2²³ that their last bits count ones, and their bits
/// order as they do; the scale is such that only the code above the last has to be kept out.
ALWAYS lanes loss(lanes weight, lanes scale, lanes inverse) {
  integer_lanes code = (integer_lanes)(weight * inverse + 12582912.0f), most = (integer_lanes)((lanes){0} + 12582919.0f);
  return weight - ((lanes)__builtin_elementwise_min(code, most) - 12582912.0f) * scale;
}

/// int4's scale, a bfloat16, of the largest weight's size. Two are tried: one that just reaches that weight, and one a little
/// finer, which leaves it outside and which most others gain by.
ALWAYS bit_lanes scale_of_int4(const lanes *weights, lanes largest) {
  bit_lanes wide = nearest_bfloat16(largest / 8), narrow = nearest_bfloat16(largest / 8.5f);
  lanes wide_scale = (lanes)(wide << 16), narrow_scale = (lanes)(narrow << 16);
  lanes wide_inverse = inverse_of(wide_scale), narrow_inverse = inverse_of(narrow_scale);
  // Several sums, so that one does not wait for the other.
  lanes wide_sums[2] = {0}, narrow_sums[2] = {0};
  for (int step = 0; step < BALLAST_GROUP; step += 2) {
    for (int sum = 0; sum < 2; sum++) {
      lanes wide_loss = loss(weights[step + sum], wide_scale, wide_inverse);
      lanes narrow_loss = loss(weights[step + sum], narrow_scale, narrow_inverse);
      wide_sums[sum] += wide_loss * wide_loss;
      narrow_sums[sum] += narrow_loss * narrow_loss;
    }
  }
  bit_lanes takes_narrow = (bit_lanes)(wide_sums[0] + wide_sums[1] > narrow_sums[0] + narrow_sums[1]);
  return (narrow & takes_narrow) | (wide & ~takes_narrow);
}

/// Rounds a group to units of four codes, `[unit][output][4]`, and scales; answers whether all its weights are finite.
ALWAYS int32_t quantize_group(const int32_t precision, const lanes *weights, bit_lanes *units, bit_lanes *scales) {
  integer_lanes sizes = {0}, tops = {0};
  for (int step = 0; step < BALLAST_GROUP; step++) {
    sizes = larger(sizes, size_bits(weights[step]));
    tops = larger(tops, (integer_lanes)weights[step]);
  }
  if (__builtin_reduce_max(sizes) >= NOT_FINITE) return 0;
  // Where the largest weight is positive the scale is negative: the code without an opposite, -8, is that weight's.
  bit_lanes sign = (bit_lanes)((tops == sizes) & (sizes > 0)) & 0x80000000u;
  *scales = precision == BALLAST_INT8 ? bfloat16_above((lanes)sizes / 127.5f)
                                      : scale_of_int4(weights, (lanes)((bit_lanes)sizes | sign));
  lanes inverse = inverse_of((lanes)(*scales << 16));
  for (int unit = 0; unit < BALLAST_GROUP / 4; unit++) {
    bit_lanes four = {0};
    for (int place = 0; place < 4; place++) {
      integer_lanes code = codes_at(weights[unit * 4 + place], inverse, precision == BALLAST_INT8 ? 127 : 7);
      four |= ((bit_lanes)code & 0xffu) << (8 * place);
    }
    units[unit] = four;
  }
  return 1;
}

static int32_t quantize(int32_t precision, const ballast_source *matrix, size_t depth, size_t first, size_t count,
                        int8_t *codes, uint16_t *scales) {
  for (size_t done = 0; done < count; done += BALLAST_PANEL) {
    for (size_t step = 0; step < depth; step += BALLAST_GROUP) {
      lanes weights[BALLAST_GROUP];
      bit_lanes units[16] = {0}, rows[16], group;
      load_group(matrix, first + done, first + count, step, depth, weights);
      if (!quantize_group(precision, weights, units, &group)) return BALLAST_NOT_FINITE;
      turn(units, 64, rows);
      for (size_t column = 0; column < within(count, done, BALLAST_PANEL); column++) {
        memcpy(codes + (done + column) * depth + step, &rows[column], within(depth, step, BALLAST_GROUP));
        scales[(done + column) * groups_of(depth) + step / BALLAST_GROUP] = (uint16_t)group[column];
      }
    }
  }
  return BALLAST_PACKED;
}
