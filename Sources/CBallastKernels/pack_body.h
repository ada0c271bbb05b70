// Laying weights out as the products read them, a panel at a time.

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

/// Sixteen rows of 64 bytes become sixteen lines of 4 bytes from each: `[row][unit]` becomes `[unit][row]`.
ALWAYS void turn(const uint32_t *from, size_t stride, uint32_t *lines, size_t line_stride) {
  bit_lanes rows[16];
  for (int row = 0; row < 16; row++) memcpy(&rows[row], from + row * stride, 64);
  EXCHANGE(rows, 1, FIRST_1, SECOND_1)
  EXCHANGE(rows, 2, FIRST_2, SECOND_2)
  EXCHANGE(rows, 4, FIRST_4, SECOND_4)
  EXCHANGE(rows, 8, FIRST_8, SECOND_8)
  for (int unit = 0; unit < 16; unit++) memcpy(lines + unit * line_stride, &rows[unit], 64);
}

/// Turns 16 rows of `units` 4-byte units, `stride` units apart, into lines `line_stride` units apart.
static void turn_rows(const uint32_t *rows, size_t stride, size_t units, uint32_t *lines, size_t line_stride) {
  size_t unit = 0;
  for (; unit + 16 <= units; unit += 16) turn(rows + unit, stride, lines + unit * line_stride, line_stride);
  for (; unit < units; unit++) {
    for (int row = 0; row < 16; row++) lines[unit * line_stride + row] = rows[row * stride + unit];
  }
}

/// Room for one panel's rows: codes, or values, in whole spans.
typedef struct panel_rows {
  uint8_t *bytes;      // [16][stride in bytes]
  uint16_t *scales;    // [16][2 · spans]
  size_t stride;
  size_t groups;
} panel_rows;

/// Reads one output into its row.
static int32_t read_output(int32_t precision, const ballast_source *source, size_t output, size_t depth,
                           const panel_rows *rows, size_t column) {
  uint8_t *row = rows->bytes + column * rows->stride;
  if (precision >= BALLAST_INT8) {
    return quantize_output(precision, source, output * depth, depth, (int8_t *)row,
                           rows->scales + column * rows->groups);
  }
  float *values = (float *)row;
  widen(source, output * depth, depth, values);
  if (!all_finite(values, depth)) return 0;
  if (precision == BALLAST_FLOAT32) return 1;
  int32_t is_finite = 1;
  uint16_t *halves = (uint16_t *)row;
  for (size_t i = 0; i < depth; i++) {
    halves[i] = bfloat16_of(values[i]);
    is_finite &= (halves[i] & 0x7f80u) != 0x7f80u;
  }
  if (depth % 2) halves[depth] = 0;
  return is_finite;
}

/// Codes, two a byte: of eight in a row, the first four in the low halves of four bytes.
static void halve_codes(int8_t *codes, size_t depth) {
  // To add 8 without a carry is to turn the highest of four bits.
  for (size_t i = 0; i < depth; i += 8) {
    uint64_t eight;
    memcpy(&eight, codes + i, 8);
    eight = (eight & 0x0f0f0f0f0f0f0f0fu) ^ 0x0808080808080808u;
    uint32_t four = (uint32_t)eight | (uint32_t)(eight >> 28);
    memcpy(codes + i / 2, &four, 4);
  }
}

static void shift_codes(int8_t *codes, size_t depth) {
  for (size_t i = 0; i < depth; i++) codes[i] = (int8_t)((uint8_t)codes[i] ^ 0x80u);
}

/// Writes the lines of a panel, `step` bytes from one to its next.
static void write_panel(int32_t precision, const panel_rows *rows, size_t depth, uint8_t *lines, size_t step) {
  size_t stride = rows->stride / 4, spacing = step / 4;
  if (precision < BALLAST_INT8) {
    turn_rows((const uint32_t *)rows->bytes, stride, ceiling(depth, line_steps(precision)), (uint32_t *)lines, spacing);
    return;
  }
  size_t span_units = SPAN / line_steps(precision), left = ceiling(depth, line_steps(precision));
  for (size_t column = 0; column < BALLAST_PANEL; column++) {
    int8_t *codes = (int8_t *)rows->bytes + column * rows->stride;
    if (precision == BALLAST_INT4) halve_codes(codes, rounded(depth, 8));
    if (precision == BALLAST_INT8) shift_codes(codes, rounded(depth, 4));
  }
  const uint32_t *units = (const uint32_t *)rows->bytes;
  for (size_t span = 0; span < spans_of(depth); span++) {
    turn_rows((const uint32_t *)rows->scales + span, rows->groups / 2, 1, (uint32_t *)lines, spacing);
    size_t count = left < span_units ? left : span_units;
    turn_rows(units + span * span_units, stride, count, (uint32_t *)(lines + step), spacing);
    lines += (count + 1) * step;
    left -= count;
  }
}

/// Room for a panel of reductions of `depth`, all zeros; null `bytes` when there is none.
static panel_rows panel_room(size_t depth) {
  panel_rows rows;
  // Rows an odd number of lines apart do not all fall into the same lines of the cache.
  rows.stride = (rounded(depth * sizeof(float), 64) / 64 | 1) * 64;
  rows.groups = 2 * spans_of(depth);
  rows.bytes = calloc(BALLAST_PANEL, rows.stride + rows.groups * sizeof(uint16_t));
  rows.scales = (uint16_t *)(rows.bytes ? rows.bytes + BALLAST_PANEL * rows.stride : NULL);
  return rows;
}

/// Where panel `panel` of a matrix lies, and how far apart its lines are.
static uint8_t *panel_lines_at(int32_t precision, size_t panels, size_t depth, size_t panel, void *packed,
                               size_t *step) {
  size_t first = panel / STRIP * STRIP;
  *step = strip_width(panels, first) * 64;
  return (uint8_t *)packed + first * panel_bytes(precision, depth) + (panel - first) * 64;
}

static void clear(const panel_rows *rows, size_t column) {
  memset(rows->bytes + column * rows->stride, 0, rows->stride);
  memset(rows->scales + column * rows->groups, 0, rows->groups * sizeof(uint16_t));
}

static int32_t pack(int32_t precision, const ballast_source *matrix, const ballast_source *up, size_t outputs,
                    size_t depth, size_t first, size_t count, void *packed) {
  size_t panels = up ? gate_up_panels(outputs) : panels_of(outputs), end = (first + count) * STRIP, step;
  panel_rows rows = panel_room(depth);
  if (!rows.bytes) return BALLAST_NO_MEMORY;
  int32_t is_finite = 1;
  for (size_t panel = first * STRIP; panel < end && panel < panels && is_finite; panel++) {
    const ballast_source *source = up && panel % 2 ? up : matrix;
    size_t output = (up ? panel / 2 : panel) * BALLAST_PANEL;
    for (size_t column = 0; column < BALLAST_PANEL && is_finite; column++) {
      if (output + column >= outputs || depth % COARSE) clear(&rows, column);
      if (output + column < outputs) is_finite = read_output(precision, source, output + column, depth, &rows, column);
    }
    uint8_t *lines = panel_lines_at(precision, panels, depth, panel, packed, &step);
    write_panel(precision, &rows, depth, lines, step);
  }
  free(rows.bytes);
  return is_finite ? BALLAST_PACKED : BALLAST_NOT_FINITE;
}

static int32_t pack_codes(int32_t precision, const ballast_codes *matrix, const ballast_codes *up, size_t outputs,
                          size_t depth, size_t first, size_t count, void *packed) {
  size_t panels = up ? gate_up_panels(outputs) : panels_of(outputs), end = (first + count) * STRIP, step;
  panel_rows rows = panel_room(depth);
  if (!rows.bytes) return BALLAST_NO_MEMORY;
  int32_t is_finite = 1;
  for (size_t panel = first * STRIP; panel < end && panel < panels; panel++) {
    const ballast_codes *source = up && panel % 2 ? up : matrix;
    for (size_t column = 0; column < BALLAST_PANEL; column++) {
      size_t output = (up ? panel / 2 : panel) * BALLAST_PANEL + column, groups = groups_of(depth);
      clear(&rows, column);
      if (output >= outputs) continue;
      memcpy(rows.bytes + column * rows.stride, source->codes + output * depth, depth);
      memcpy(rows.scales + column * rows.groups, source->scales + output * groups, groups * sizeof(uint16_t));
      for (size_t group = 0; group < groups; group++) {
        is_finite &= (source->scales[output * groups + group] & 0x7f80u) != 0x7f80u;
      }
    }
    uint8_t *lines = panel_lines_at(precision, panels, depth, panel, packed, &step);
    write_panel(precision, &rows, depth, lines, step);
  }
  free(rows.bytes);
  return is_finite ? BALLAST_PACKED : BALLAST_NOT_FINITE;
}
