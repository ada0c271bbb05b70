// What the arithmetic reaches at best: products of numbers that never leave the registers.

/// Independent sums, enough for every unit to be busy.
enum { PEAK_SUMS = 16 };

/// Multiplies and adds `turns` times for each sum; answers the multiplications and additions made.
ALWAYS double multiply(const int32_t precision, size_t turns) {
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
  // Of a copy, or the sums themselves would lie in memory.
  PEAK_VECTOR all = sums[0];
  for (int sum = 1; sum < PEAK_SUMS; sum++) all += sums[sum];
  __asm__ volatile("" : "+m"(all));
  size_t products = precision == BALLAST_FLOAT32 ? 16 : precision == BALLAST_BFLOAT16 ? PEAK_PAIRS * 16 : 64;
  return 2.0 * (double)(turns * PEAK_SUMS * products);
}

/// As `multiply`, by a precision that is not known: the loop must not ask for it.
static double arithmetic(int32_t precision, size_t turns) {
  if (precision == BALLAST_FLOAT32) return multiply(BALLAST_FLOAT32, turns);
  if (precision == BALLAST_BFLOAT16) return multiply(BALLAST_BFLOAT16, turns);
  return multiply(BALLAST_INT8, turns);
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
