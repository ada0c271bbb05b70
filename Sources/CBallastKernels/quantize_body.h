// Rounding weights to codes and scales: plain, group by group, from the numbers of the group alone.

/// The bfloat16 next above in size, so that no weight lies beyond the last code.
ALWAYS uint16_t bfloat16_above(float value) { return (uint16_t)((bits_of(value) + 0xffffu) >> 16); }

/// The whole numbers nearest to a group's weights over a scale, within the codes there are.
typedef struct group_codes {
  integer_lanes low, high;
} group_codes;

ALWAYS integer_lanes clamped(integer_lanes code, const int32_t most) {
  integer_lanes top = (integer_lanes){0} + most;
  return __builtin_elementwise_max(__builtin_elementwise_min(code, top), ~top);
}

ALWAYS group_codes codes_at(lanes low, lanes high, float scale, const int32_t most) {
  float inverse = scale > 1e-37f || scale < -1e-37f ? 1 / scale : 0;
  return (group_codes){clamped(nearest(low * inverse), most), clamped(nearest(high * inverse), most)};
}

ALWAYS lanes squares(lanes value, integer_lanes code, float scale) {
  lanes rest = value - __builtin_convertvector(code, lanes) * scale;
  return rest * rest;
}

/// Rounds 32 weights; answers whether all are finite.
ALWAYS int32_t quantize_group(int32_t precision, lanes low, lanes high, int8_t *codes, uint16_t *scale) {
  integer_lanes sizes = larger(size_bits(low), size_bits(high));
  int32_t size = __builtin_reduce_max(sizes);
  if (size >= NOT_FINITE) return 0;
  float largest = float_of((uint32_t)size);
  group_codes best;
  if (precision == BALLAST_INT8) {
    *scale = bfloat16_above(largest / 127.5f);
    best = codes_at(low, high, float_of((uint32_t)*scale << 16), 127);
  } else {
    // The code without an opposite goes to the largest weight's side. Two steps are tried: one that just reaches it, and
    // one a little finer, which leaves it outside and which most others gain by.
    // Neither choice is a branch: both are as good as drawn by lot.
    integer_lanes is_largest = (low == largest) | (high == largest);
    uint32_t sign = (uint32_t)__builtin_reduce_or(is_largest) & 0x80000000u;
    float signed_largest = float_of((uint32_t)size | sign);
    uint32_t wide = bfloat16_of(signed_largest / 8), narrow = bfloat16_of(signed_largest / 8.5f);
    float wide_scale = float_of(wide << 16), narrow_scale = float_of(narrow << 16);
    best = codes_at(low, high, wide_scale, 7);
    group_codes other = codes_at(low, high, narrow_scale, 7);
    lanes gain = squares(low, best.low, wide_scale) - squares(low, other.low, narrow_scale);
    gain += squares(high, best.high, wide_scale) - squares(high, other.high, narrow_scale);
    uint32_t takes_narrow = -(uint32_t)(total(gain) > 0);
    *scale = (uint16_t)((narrow & takes_narrow) | (wide & ~takes_narrow));
    integer_lanes mask = (integer_lanes){0} + (int32_t)takes_narrow;
    best.low = (other.low & mask) | (best.low & ~mask);
    best.high = (other.high & mask) | (best.high & ~mask);
  }
  byte_lanes first = __builtin_convertvector(best.low, byte_lanes), last = __builtin_convertvector(best.high, byte_lanes);
  memcpy(codes, &first, 16);
  memcpy(codes + 16, &last, 16);
  return 1;
}

ALWAYS lanes load_weights(const ballast_source *source, size_t first) {
  lanes value;
  if (source->precision == BALLAST_FLOAT32) {
    memcpy(&value, (const uint8_t *)source->values + first * 4, 64);
  } else {
    half_lanes halves;
    memcpy(&halves, (const uint8_t *)source->values + first * 2, 32);
    value = (lanes)(__builtin_convertvector(halves, bit_lanes) << 16);
  }
  return value;
}

/// Rounds one output; codes of the last group are filled up with zeros, which need room.
ALWAYS int32_t quantize_output(int32_t precision, const ballast_source *source, size_t first, size_t depth,
                               int8_t *codes, uint16_t *scales) {
  size_t done = 0;
  int32_t is_finite = 1;
  for (; done + BALLAST_GROUP <= depth && is_finite; done += BALLAST_GROUP) {
    lanes low = load_weights(source, first + done), high = load_weights(source, first + done + 16);
    is_finite = quantize_group(precision, low, high, codes + done, scales + done / BALLAST_GROUP);
  }
  if (done >= depth || !is_finite) return is_finite;
  float rest[BALLAST_GROUP] = {0};
  widen(source, first + done, depth - done, rest);
  return quantize_group(precision, load_lanes(rest), load_lanes(rest + 16), codes + done, scales + done / BALLAST_GROUP);
}

static int32_t quantize(int32_t precision, const ballast_source *matrix, size_t depth, size_t first, size_t count,
                        int8_t *codes, uint16_t *scales) {
  int8_t *output = malloc(rounded(depth, BALLAST_GROUP));
  if (!output) return BALLAST_NO_MEMORY;
  int32_t is_finite = 1;
  for (size_t i = 0; i < count && is_finite; i++) {
    is_finite = quantize_output(precision, matrix, (first + i) * depth, depth, output, scales + i * groups_of(depth));
    memcpy(codes + i * depth, output, depth);
  }
  free(output);
  return is_finite ? BALLAST_PACKED : BALLAST_NOT_FINITE;
}
