#include "layout.h"

size_t ballast_padded(size_t outputs) { return rounded(outputs, BALLAST_PANEL); }

size_t ballast_gate_up_panels(size_t inner) { return 2 * ceiling(inner, BALLAST_PANEL); }

size_t ballast_down_panels(size_t hidden) { return ceiling(hidden, BALLAST_PANEL); }

size_t ballast_panel_bytes(int32_t precision, size_t depth) {
  switch (precision) {
    case BALLAST_FLOAT32: return depth * 64;
    case BALLAST_BFLOAT16: return ceiling(depth, 2) * 64;
    default: return (quads_of(depth) + groups_of(depth)) * 64;
  }
}

size_t ballast_gate_up_bytes(int32_t precision, size_t hidden, size_t inner) {
  return ballast_gate_up_panels(inner) * ballast_panel_bytes(precision, hidden);
}

size_t ballast_down_bytes(int32_t precision, size_t hidden, size_t inner) {
  return ballast_down_panels(hidden) * ballast_panel_bytes(precision, inner);
}

size_t ballast_scratch_bytes(size_t hidden, size_t inner) {
  size_t longest = hidden > inner ? hidden : inner;
  size_t products = BALLAST_PASS * 2 * rounded(inner, BALLAST_PANEL) * sizeof(float);
  size_t units = (BALLAST_PASS + 1) * rounded(longest, BALLAST_GROUP) * sizeof(float);
  size_t groups = BALLAST_PASS * groups_of(longest) * (sizeof(float) + sizeof(int32_t));
  return products + units + groups;
}

size_t ballast_exact_scratch_bytes(size_t hidden, size_t inner, size_t count) {
  size_t longest = hidden > inner ? hidden : inner;
  return (rounded(longest, BALLAST_PANEL) + count * rounded(inner, BALLAST_PANEL)) * sizeof(float);
}
