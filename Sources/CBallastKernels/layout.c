#include "layout.h"
#include "scratch.h"

size_t ballast_padded(size_t outputs) { return rounded(outputs, BALLAST_PANEL); }

size_t ballast_groups(size_t depth) { return groups_of(depth); }

size_t ballast_gate_up_strips(size_t inner) { return ceiling(gate_up_panels(inner), STRIP); }

size_t ballast_down_strips(size_t hidden) { return ceiling(panels_of(hidden), STRIP); }

size_t ballast_strip_bytes(int32_t precision, size_t depth) { return STRIP * panel_bytes(precision, depth); }

size_t ballast_gate_up_bytes(int32_t precision, size_t hidden, size_t inner) {
  return gate_up_panels(inner) * panel_bytes(precision, hidden);
}

size_t ballast_down_bytes(int32_t precision, size_t hidden, size_t inner) {
  return panels_of(hidden) * panel_bytes(precision, inner);
}

size_t ballast_scratch_bytes(size_t hidden, size_t inner) {
  size_t longest = rounded(hidden > inner ? hidden : inner, COARSE);
  size_t products = BALLAST_PASS * 2 * rounded(inner, BALLAST_PANEL) * sizeof(float);
  size_t units = (BALLAST_PASS + 1) * longest * sizeof(float);
  size_t groups = BALLAST_PASS * longest / FINE * (sizeof(float) + sizeof(int32_t));
  return products + units + groups;
}

size_t ballast_exact_scratch_bytes(size_t hidden, size_t inner, size_t count) {
  size_t longest = hidden > inner ? hidden : inner;
  return (rounded(longest, BALLAST_PANEL) + count * (rounded(inner, BALLAST_PANEL) + 1)) * sizeof(float);
}
