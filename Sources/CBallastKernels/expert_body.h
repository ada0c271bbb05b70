// One expert on some rows: gather, round, multiply, activate, round, multiply.

/// How finely the activations of the down product are rounded: they are products of two, and so uneven.
ALWAYS int down_grain(int32_t precision) { return precision == BALLAST_INT8 ? FINE : COARSE; }

/// Turns a row of gate and up products, panel by panel, into silu(gate) · up at the row's start.
static void activate_row(float *row, size_t panels) {
  for (size_t panel = 0; panel < panels; panel++) {
    lanes gate = load_lanes(row + panel * 32), up = load_lanes(row + panel * 32 + 16);
    store_lanes(row + panel * 16, silu(gate) * up);
  }
}

/// Readies the rows at `values`, `stride` apart or as `rows` chooses, for a product over `depth`.
static void round_rows(int32_t precision, int grain, const float *values, size_t stride, const int32_t *rows,
                       size_t depth, size_t count, pass_scratch *parts) {
  divide_rows(parts, count, most_rows(precision));
  for (size_t block = 0; block < parts->blocks; block++) {
    size_t first = block_start(parts, block), end = block_start(parts, block + 1);
    for (size_t row = first; row < end; row++) {
      const float *from = values + (rows ? (size_t)rows[row] : row) * stride;
      round_row(precision, grain, from, depth, parts, first, end - first, row - first);
    }
  }
}

static void expert_pass(const ballast_expert *expert, const void *next, const float *input, const int32_t *rows,
                        size_t count, float *output, pass_scratch *parts) {
  size_t hidden = expert->hidden, inner = expert->inner;
  size_t panels = gate_up_panels(inner), width = panels * BALLAST_PANEL;
  int32_t precision = expert->precision;
  round_rows(precision, COARSE, input, hidden, rows, hidden, count, parts);
  product(precision, COARSE, expert->gate_up, panels, hidden, parts, parts->products, width, expert->down);
  for (size_t row = 0; row < count; row++) activate_row(parts->products + row * width, panels / 2);
  int grain = down_grain(precision);
  round_rows(precision, grain, parts->products, width, NULL, inner, count, parts);
  product(precision, grain, expert->down, panels_of(hidden), inner, parts, output, ballast_padded(hidden), next);
}

static void expert_rows(const ballast_expert *expert, const ballast_expert *next, const float *input,
                        const int32_t *rows, size_t count, float *output, void *scratch) {
  pass_scratch parts = scratch_parts(expert->hidden, expert->inner, scratch);
  size_t stride = ballast_padded(expert->hidden);
  for (size_t done = 0; done < count; done += BALLAST_PASS) {
    size_t left = count - done, some = left < BALLAST_PASS ? left : BALLAST_PASS;
    const void *after = some < left ? expert->gate_up : next ? next->gate_up : expert->down;
    expert_pass(expert, after, input, rows + done, some, output + done * stride, &parts);
  }
}

static int32_t combine(const float *entries, size_t stride, const int32_t *order, const float *gates, size_t count,
                    float *sum, size_t hidden) {
  memset(sum, 0, hidden * sizeof(float));
  for (size_t choice = 0; choice < count; choice++) {
    const float *entry = entries + (size_t)order[choice] * stride;
    float gate = gates[order[choice]];
    for (size_t i = 0; i < hidden; i++) sum[i] += gate * entry[i];
  }
  return all_finite(sum, hidden);
}
