// What the arithmetic reaches at best: products of numbers that never leave the registers.

/// Independent sums, enough for every unit to be busy.
enum { PEAK_SUMS = 16 };

/// Multiplies and adds `turns` times for each sum; answers the multiplications and additions made.
static double arithmetic(int32_t precision, size_t turns) {
  PEAK_VECTOR sums[PEAK_SUMS] = {0};
  PEAK_VECTOR left = (PEAK_VECTOR)((lanes){0} + 1.0f), right = (PEAK_VECTOR)((lanes){0} + 0.5f);
  for (size_t turn = 0; turn < turns; turn++) {
    // What is multiplied must not be known, or the loop would be folded.
    __asm__ volatile("" : "+m"(left), "+m"(right));
    PEAK_VECTOR factor = left, other = right;
    _Pragma("clang loop unroll(full)") for (int sum = 0; sum < PEAK_SUMS; sum++) {
      if (precision == BALLAST_FLOAT32) sums[sum] = PEAK_FLOAT32(sums[sum], factor, other);
      if (precision == BALLAST_BFLOAT16) sums[sum] = PEAK_BFLOAT16(sums[sum], factor, other);
      if (precision >= BALLAST_INT8) sums[sum] = PEAK_INT8(sums[sum], factor, other);
    }
  }
  for (int sum = 0; sum < PEAK_SUMS; sum++) __asm__ volatile("" : "+m"(sums[sum]));
  size_t products = precision == BALLAST_FLOAT32 ? 16 : precision == BALLAST_BFLOAT16 ? PEAK_PAIRS * 16 : 64;
  return 2.0 * (double)(turns * PEAK_SUMS * products);
}

/// Reads memory line by line; answers something that depends on all of it.
static uint32_t read_memory(const void *memory, size_t bytes) {
  bit_lanes sums[4] = {0};
  const float *start = memory;
  for (size_t i = 0; i + 64 <= bytes / sizeof(float); i += 64) {
    for (int line = 0; line < 4; line++) sums[line] ^= (bit_lanes)load_lanes(start + i + line * 16);
  }
  bit_lanes all = sums[0] ^ sums[1] ^ sums[2] ^ sums[3];
  return __builtin_reduce_xor(all);
}
