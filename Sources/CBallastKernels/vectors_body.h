// Vector arithmetic that is compiled once for each instruction set (portable.c, avx2.c, avx512.c).

// Vectors wider than the registers never cross a call: all that take or return one are inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float lanes __attribute__((vector_size(64)));
typedef int32_t integer_lanes __attribute__((vector_size(64)));
typedef uint32_t bit_lanes __attribute__((vector_size(64)));
typedef int8_t byte_lanes __attribute__((vector_size(16)));
typedef uint16_t half_lanes __attribute__((vector_size(32)));

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

ALWAYS integer_lanes larger(integer_lanes left, integer_lanes right) { return __builtin_elementwise_max(left, right); }

/// Sizes of finite numbers order like their bits; infinity and NaN have the largest.
ALWAYS integer_lanes size_bits(lanes value) { return (integer_lanes)value & 0x7fffffff; }

/// What the bits of infinity and NaN reach.
enum { NOT_FINITE = 0x7f800000 };

/// Whether every one of `count` numbers is finite.
static int32_t all_finite(const float *values, size_t count) {
  int32_t largest = 0;
  for (size_t i = 0; i < count; i++) {
    int32_t size = (int32_t)(bits_of(values[i]) & 0x7fffffffu);
    largest = size > largest ? size : largest;
  }
  return largest < NOT_FINITE;
}

/// The nearest whole numbers, ties to even, of numbers below 2²² in size.
ALWAYS integer_lanes nearest(lanes value) { return (integer_lanes)(value + 12582912.0f) - 0x4b400000; }

/// e to the x within 2e-7 for |x| ≤ 87; beyond, the value at that bound. NaN stays NaN.
ALWAYS lanes exponential(lanes x) {
  lanes most = x * 0 + 87.0f;
  x = either(x > 87.0f, most, x);
  x = either(x < -87.0f, -most, x);
  lanes shifted = x * 1.44269504f + 12582912.0f;
  lanes power = shifted - 12582912.0f;
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
