// Laying weights out as the products read them, a panel at a time.

/// A panel's lines, some of them written.
typedef struct panel_place {
  uint8_t *lines;
  size_t step;  // bytes from one to the next
} panel_place;

/// Where panel `panel` of a matrix lies.
static panel_place place_panel(int32_t precision, size_t panels, size_t depth, size_t panel, void *packed) {
  size_t first = panel / STRIP * STRIP;
  uint8_t *strip = (uint8_t *)packed + first * panel_bytes(precision, depth);
  return (panel_place){strip + (panel - first) * 64, strip_width(panels, first) * 64};
}

/// Writes the next line.
ALWAYS void write_line(panel_place *place, bit_lanes value) {
  memcpy(place->lines, &value, sizeof value);
  place->lines += place->step;
}

/// Writes a group of float32 or bfloat16 weights; answers whether what it wrote is finite.
ALWAYS int32_t write_floats(const int32_t precision, const lanes *weights, size_t steps, panel_place *place) {
  integer_lanes sizes = {0};
  if (precision == BALLAST_FLOAT32) {
    for (size_t step = 0; step < steps; step++) {
      sizes = larger(sizes, size_bits(weights[step]));
      write_line(place, (bit_lanes)weights[step]);
    }
    return __builtin_reduce_max(sizes) < NOT_FINITE;
  }
  for (size_t pair = 0; pair < ceiling(steps, 2); pair++) {
    lanes low = weights[2 * pair], high = weights[2 * pair + 1];
    sizes = larger(sizes, larger(size_bits(low), size_bits(high)));
    write_line(place, nearest_bfloat16(low) | nearest_bfloat16(high) << 16);
  }
  // What rounds to infinity is as far from finite.
  return __builtin_reduce_max(sizes) < NOT_FINITE - 0x8000;
}

/// Writes a span of codes, or its first `steps`, in units of four, and the scales of its two groups.
ALWAYS void write_codes(const int32_t precision, const bit_lanes *units, bit_lanes scales, size_t steps,
                        panel_place *place) {
  write_line(place, scales);
  if (precision == BALLAST_INT8) {
    for (size_t unit = 0; unit < ceiling(steps, 4); unit++) write_line(place, units[unit] ^ 0x80808080u);
    return;
  }
  // To add 8 without a carry is to turn the highest of four bits.
  for (size_t line = 0; line < ceiling(steps, 8); line++) {
    bit_lanes low = units[2 * line] & 0x0f0f0f0fu, high = units[2 * line + 1] & 0x0f0f0f0fu;
    write_line(place, (low | high << 4) ^ 0x88888888u);
  }
}

/// Packs the panel that begins with `output`; answers whether its weights are finite.
ALWAYS int32_t pack_panel(const int32_t precision, const ballast_source *matrix, size_t output, size_t outputs,
                          size_t depth, panel_place place) {
  lanes weights[BALLAST_GROUP];
  bit_lanes units[SPAN / 4], scales[2];
  for (size_t step = 0; step < (precision < BALLAST_INT8 ? depth : rounded(depth, SPAN)); step += BALLAST_GROUP) {
    load_group(matrix, output, outputs, step, depth, weights);
    if (precision < BALLAST_INT8) {
      if (!write_floats(precision, weights, within(depth, step, BALLAST_GROUP), &place)) return 0;
      continue;
    }
    size_t group = step / BALLAST_GROUP % 2;
    if (!quantize_group(precision, weights, units + group * (BALLAST_GROUP / 4), &scales[group])) return 0;
    if (group == 0) continue;
    write_codes(precision, units, scales[0] | scales[1] << 16, within(depth, step - BALLAST_GROUP, SPAN), &place);
  }
  return 1;
}

static int32_t pack(int32_t precision, const ballast_source *matrix, const ballast_source *up, size_t outputs,
                    size_t depth, size_t first, size_t count, void *packed) {
  size_t panels = up ? gate_up_panels(outputs) : panels_of(outputs), end = (first + count) * STRIP;
  int32_t is_finite = 1;
  for (size_t panel = first * STRIP; panel < end && panel < panels && is_finite; panel++) {
    const ballast_source *source = up && panel % 2 ? up : matrix;
    size_t output = (up ? panel / 2 : panel) * BALLAST_PANEL;
    panel_place place = place_panel(precision, panels, depth, panel, packed);
#define PACK(PRECISION) \
  if (precision == PRECISION) is_finite = pack_panel(PRECISION, source, output, outputs, depth, place);
    PACK(BALLAST_FLOAT32) PACK(BALLAST_BFLOAT16) PACK(BALLAST_INT8) PACK(BALLAST_INT4)
#undef PACK
  }
  return is_finite ? BALLAST_PACKED : BALLAST_NOT_FINITE;
}

/// Packs one span of 16 outputs; answers whether its scales are finite.
static int32_t pack_span(int32_t precision, const ballast_codes *matrix, size_t output, size_t outputs, size_t step,
                         size_t depth, panel_place *place) {
  const size_t steps = within(depth, step, SPAN);
  int8_t codes[BALLAST_PANEL][SPAN] = {0};
  uint16_t scales[BALLAST_PANEL][2] = {0};
  int32_t is_finite = 1;
  for (size_t column = 0; column < within(outputs, output, BALLAST_PANEL); column++) {
    size_t row = output + column, group = step / BALLAST_GROUP;
    memcpy(codes[column], matrix->codes + row * depth + step, steps);
    for (size_t i = 0; i < within(groups_of(depth), group, 2); i++) {
      scales[column][i] = matrix->scales[row * groups_of(depth) + group + i];
      is_finite &= (scales[column][i] & 0x7f80u) != 0x7f80u;
    }
  }
  bit_lanes units[SPAN / 4], both;
  turn(codes, SPAN, units);
  memcpy(&both, scales, sizeof both);
  if (precision == BALLAST_INT8) write_codes(BALLAST_INT8, units, both, steps, place);
  if (precision == BALLAST_INT4) write_codes(BALLAST_INT4, units, both, steps, place);
  return is_finite;
}

static int32_t pack_codes(int32_t precision, const ballast_codes *matrix, const ballast_codes *up, size_t outputs,
                          size_t depth, size_t first, size_t count, void *packed) {
  size_t panels = up ? gate_up_panels(outputs) : panels_of(outputs), end = (first + count) * STRIP;
  int32_t is_finite = 1;
  for (size_t panel = first * STRIP; panel < end && panel < panels; panel++) {
    const ballast_codes *source = up && panel % 2 ? up : matrix;
    panel_place place = place_panel(precision, panels, depth, panel, packed);
    for (size_t step = 0; step < depth; step += SPAN) {
      is_finite &= pack_span(precision, source, (up ? panel / 2 : panel) * BALLAST_PANEL, outputs, step, depth, &place);
    }
  }
  return is_finite ? BALLAST_PACKED : BALLAST_NOT_FINITE;
}
