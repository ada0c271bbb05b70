// An engine that lets Ballast own its experts: weights are named once, batches computed through a lane, while another thread runs
// the control loop. The outputs are compared with a computation by hand.
#include <ballast.hpp>

#include <cmath>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

constexpr std::uint32_t layers = 1, experts = 4, choices = 2, hidden = 64, inner = 32, tokens = 16;

struct Expert {
  std::vector<float> gate, up, down;
};

std::vector<float> numbers(std::size_t count, unsigned seed) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 1664525u + 1013904223u;
    value = (static_cast<float>(seed >> 8) / static_cast<float>(1u << 24) - 0.5f) * 0.5f;
  }
  return values;
}

double product(const float* row, const float* column, std::uint32_t count) {
  double sum = 0;
  for (std::uint32_t index = 0; index < count; index++) sum += double{row[index]} * column[index];
  return sum;
}

void add(const Expert& expert, const float* input, double gate, double* output) {
  std::vector<float> middle(inner);
  for (std::uint32_t row = 0; row < inner; row++) {
    double open = product(&expert.gate[row * hidden], input, hidden);
    middle[row] = static_cast<float>(open / (1 + std::exp(-open)) * product(&expert.up[row * hidden], input, hidden));
  }
  for (std::uint32_t row = 0; row < hidden; row++) output[row] += gate * product(&expert.down[row * inner], middle.data(), inner);
}

double error(const std::vector<Expert>& weights, const std::vector<std::int32_t>& chosen, const std::vector<float>& gates,
             const std::vector<float>& input, const std::vector<float>& output) {
  double worst = 0;
  for (std::uint32_t token = 0; token < tokens; token++) {
    std::vector<double> expected(hidden, 0.0);
    for (std::uint32_t choice = token * choices; choice < (token + 1) * choices; choice++)
      add(weights[static_cast<std::size_t>(chosen[choice])], &input[token * hidden], gates[choice], expected.data());
    for (std::uint32_t row = 0; row < hidden; row++) worst = std::max(worst, std::fabs(expected[row] - output[token * hidden + row]));
  }
  return worst;
}

}  // namespace

int main() try {
  std::vector<Expert> weights;
  for (unsigned expert = 0; expert < experts; expert++)
    weights.push_back({numbers(inner * hidden, expert), numbers(inner * hidden, expert + 100), numbers(hidden * inner, expert + 200)});

  auto options = ballast::sized<ballast_executor_options>();
  options.layers = layers;
  options.experts_per_layer = experts;
  options.experts_per_token = choices;
  options.hidden = hidden;
  options.inner = inner;
  options.full_precision = BALLAST_PRECISION_FLOAT32;
  options.devices = 2;
  ballast::Executor executor(options);
  for (std::uint32_t expert = 0; expert < experts; expert++)
    executor.load(0, expert, weights[expert].gate.data(), weights[expert].up.data(), weights[expert].down.data());

  ballast::Balancer balancer(executor, "tickMilliseconds = 5\nplanner.memoryBudgetShare = 3\nplanner.qualityBudget = 0");
  std::thread control([&] { balancer.run(); });

  std::vector<std::int32_t> chosen;
  for (std::uint32_t token = 0; token < tokens; token++) {
    chosen.push_back(0);
    chosen.push_back(static_cast<std::int32_t>(1 + token % (experts - 1)));
  }
  std::vector<float> gates(tokens * choices, 0.5f), input = numbers(tokens * hidden, 300), output(tokens * hidden);
  auto selection = ballast::sized<ballast_selection>();
  selection.tokens = tokens;
  selection.experts_per_token = choices;
  selection.expert_bytes = sizeof(std::int32_t);
  selection.experts = chosen.data();
  selection.gates = gates.data();
  selection.phase = BALLAST_PHASE_DECODE;

  double worst = 0;
  {
    ballast::Lane lane = balancer.make_lane();
    for (int batch = 0; batch < 200; batch++) {
      lane.forward(0, selection, input.data(), nullptr, output.data());
      worst = std::max(worst, error(weights, chosen, gates, input, output));
    }
    try {
      lane.forward(7, selection, input.data(), nullptr, output.data());
    } catch (const ballast::Error& refused) {
      std::printf("refused: %s\n", refused.what());
    }
  }
  balancer.stop();
  control.join();
  std::printf("outputs %s\n", worst < 1e-4 ? "are those computed by hand" : "differ");
  std::printf("%u tokens counted\n", static_cast<unsigned>(balancer.statistics().tokens));
  std::printf("%zu devices hold replicas\n", balancer.device_memory().size());
  return 0;
} catch (const ballast::Error& error) {
  std::fprintf(stderr, "status %d: %s\n", error.status(), error.what());
  return 1;
}
