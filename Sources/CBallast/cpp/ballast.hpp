// Ballast for C++17: ballast.h with objects that end themselves and errors that are thrown. Header-only.
//
// Every call that fails throws ballast::Error with the status and the explanation. Objects may move and not be copied; a lane
// belongs to one thread at a time. Thread rules and lifetimes are those of ballast.h.
#ifndef BALLAST_HPP
#define BALLAST_HPP

#include <ballast.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ballast {

/// A call that was refused.
class Error : public std::runtime_error {
 public:
  explicit Error(ballast_status status) : std::runtime_error(ballast_explanation()), status_(status) {}
  /// One of the BALLAST_... statuses.
  ballast_status status() const noexcept { return status_; }

 private:
  ballast_status status_;
};

inline void check(ballast_status status) {
  if (status != BALLAST_OK) throw Error(status);
}

/// True unless there was nothing to give.
inline bool given(ballast_status status) {
  if (status == BALLAST_NOTHING) return false;
  check(status);
  return true;
}

/// A structure of ballast.h, zeroed, with its size.
template <typename Structure>
Structure sized() {
  Structure structure{};
  structure.size = sizeof(Structure);
  return structure;
}

/// A handle that is destroyed with its owner.
template <ballast_status (*destroy)(std::uint64_t)>
class Owned {
 public:
  Owned() = default;
  explicit Owned(std::uint64_t handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
  Owned& operator=(Owned&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, 0);
    }
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { reset(); }
  std::uint64_t get() const noexcept { return handle_; }

 private:
  void reset() noexcept {
    if (handle_ != 0) destroy(std::exchange(handle_, 0));
  }
  std::uint64_t handle_ = 0;
};

/// Fills a vector by a call that says how many elements there are.
template <typename Element, typename Call>
std::vector<Element> listed(Call call) {
  std::vector<Element> elements;
  std::uint64_t count = 0;
  for (;;) {
    ballast_status status = call(elements.data(), elements.size(), &count);
    if (status == BALLAST_OK) break;
    if (status != BALLAST_BUFFER_TOO_SMALL) throw Error(status);
    elements.resize(count);
  }
  elements.resize(count);
  return elements;
}

/// What was counted, in one process or several.
class Load {
 public:
  Load(std::uint32_t layers, std::uint32_t experts) : Load([&](ballast_load* load) {
    return ballast_load_create(layers, experts, load);
  }) {}
  static Load snapshot(ballast_balancer balancer) {
    return Load([&](ballast_load* load) { return ballast_load_snapshot(balancer, load); });
  }
  static Load deserialise(const std::vector<std::uint8_t>& bytes) {
    return Load([&](ballast_load* load) { return ballast_load_deserialise(bytes.data(), bytes.size(), load); });
  }
  std::vector<std::uint8_t> serialise() const {
    return listed<std::uint8_t>([&](std::uint8_t* bytes, std::uint64_t capacity, std::uint64_t* count) {
      return ballast_load_serialise(get(), bytes, capacity, count);
    });
  }
  void merge(const Load& other) { check(ballast_load_merge(get(), other.get())); }
  ballast_load get() const noexcept { return handle_.get(); }

 private:
  template <typename Make>
  explicit Load(Make make) {
    ballast_load load = 0;
    check(make(&load));
    handle_ = Owned<ballast_load_destroy>(load);
  }
  Owned<ballast_load_destroy> handle_;
};

/// The next placement, and what is expected of it; planning is a pure function.
class Plan {
 public:
  Plan(const ballast_model& model, const ballast_cluster& cluster, const std::string& settings,
       const std::vector<double>& tokens_per_batch, const std::vector<ballast_replica>& placement = {}) {
    if (tokens_per_batch.size() != std::size_t{model.layers} * model.experts_per_layer)
      throw std::invalid_argument("tokens_per_batch has not one value for each layer and expert");
    ballast_plan plan = 0;
    check(ballast_plan_create(&model, &cluster, settings.c_str(), tokens_per_batch.data(),
                              placement.empty() ? nullptr : placement.data(), placement.size(), &plan));
    handle_ = Owned<ballast_plan_destroy>(plan);
  }
  ballast_forecast forecast() const {
    auto forecast = sized<ballast_forecast>();
    check(ballast_plan_forecast(handle_.get(), &forecast));
    return forecast;
  }
  std::vector<ballast_replica> placement() const {
    return listed<ballast_replica>([&](ballast_replica* replicas, std::uint64_t capacity, std::uint64_t* count) {
      return ballast_plan_placement(handle_.get(), replicas, capacity, count);
    });
  }

 private:
  Owned<ballast_plan_destroy> handle_;
};

/// Experts computed on this machine.
class Executor {
 public:
  explicit Executor(const ballast_executor_options& options) {
    ballast_executor executor = 0;
    check(ballast_executor_create(&options, &executor));
    handle_ = Owned<ballast_executor_destroy>(executor);
  }
  /// The matrices must stay in place for the life of the executor and every balancer on it.
  void load(std::uint32_t layer, std::uint32_t expert, const void* gate, const void* up, const void* down) {
    check(ballast_executor_load(handle_.get(), layer, expert, gate, up, down));
  }
  ballast_executor get() const noexcept { return handle_.get(); }

 private:
  Owned<ballast_executor_destroy> handle_;
};

/// One serving worker's right to count, dispatch and compute.
class Lane {
 public:
  explicit Lane(ballast_balancer balancer) {
    ballast_lane lane = 0;
    check(ballast_lane_create(balancer, &lane));
    handle_ = Owned<ballast_lane_destroy>(lane);
  }
  void record(std::uint32_t layer, const ballast_selection& selection) {
    check(ballast_lane_record(handle_.get(), layer, &selection));
  }
  void dispatch(std::uint32_t layer, const ballast_selection& selection, ballast_dispatch& dispatch) {
    check(ballast_lane_dispatch(handle_.get(), layer, &selection, &dispatch));
  }
  void forward(std::uint32_t layer, const ballast_selection& selection, const float* input, const float* residual,
               float* output) {
    check(ballast_lane_forward(handle_.get(), layer, &selection, input, residual, output));
  }

 private:
  Owned<ballast_lane_destroy> handle_;
};

/// The balancer; its lanes are stale once it is gone.
class Balancer {
 public:
  /// Advice mode.
  Balancer(const ballast_model& model, const ballast_cluster& cluster, const std::string& settings = "",
           const std::vector<ballast_replica>& placement = {}) {
    ballast_balancer balancer = 0;
    check(ballast_balancer_create(&model, &cluster, settings.c_str(), placement.empty() ? nullptr : placement.data(),
                                  placement.size(), &balancer));
    handle_ = Owned<ballast_balancer_destroy>(balancer);
  }
  /// Executor mode.
  explicit Balancer(const Executor& executor, const std::string& settings = "") {
    ballast_balancer balancer = 0;
    check(ballast_balancer_create_on(executor.get(), settings.c_str(), &balancer));
    handle_ = Owned<ballast_balancer_destroy>(balancer);
  }

  Lane make_lane() { return Lane(get()); }
  Load load() const { return Load::snapshot(get()); }
  void configure(const std::string& settings) { check(ballast_balancer_configure(get(), settings.c_str())); }
  void freeze() { check(ballast_balancer_freeze(get())); }
  void unfreeze() { check(ballast_balancer_unfreeze(get())); }
  void set_device(std::uint32_t device, std::uint32_t status) { check(ballast_balancer_set_device(get(), device, status)); }

  void tick(std::chrono::nanoseconds now) { check(ballast_balancer_tick(get(), now.count())); }
  void tick(const Load& load, std::chrono::nanoseconds now) {
    check(ballast_balancer_tick_load(get(), load.get(), now.count()));
  }
  /// Blocks until another thread calls `stop`.
  void run() { check(ballast_balancer_run(get())); }
  void stop() { check(ballast_balancer_stop(get())); }

  std::optional<ballast_step> next_step(std::chrono::milliseconds wait = {}) {
    auto step = sized<ballast_step>();
    if (!given(ballast_balancer_next_step(get(), static_cast<std::uint32_t>(wait.count()), &step))) return {};
    return step;
  }
  /// False when the step was withdrawn: give back what it staged.
  bool acknowledge(const ballast_step& step, bool failed = false) {
    return given(ballast_balancer_acknowledge(get(), step.step, failed ? 1 : 0));
  }
  bool abort() { return given(ballast_balancer_abort(get())); }

  std::optional<ballast_event> next_event() {
    auto event = sized<ballast_event>();
    if (!given(ballast_balancer_next_event(get(), &event))) return {};
    return event;
  }
  ballast_statistics statistics() const {
    auto statistics = sized<ballast_statistics>();
    check(ballast_balancer_statistics(get(), &statistics));
    return statistics;
  }
  std::vector<ballast_replica> placement() const {
    return listed<ballast_replica>([&](ballast_replica* replicas, std::uint64_t capacity, std::uint64_t* count) {
      return ballast_balancer_placement(get(), replicas, capacity, count);
    });
  }
  std::vector<ballast_device_memory> device_memory() const {
    return listed<ballast_device_memory>([&](ballast_device_memory* memory, std::uint64_t capacity, std::uint64_t* count) {
      return ballast_balancer_device_memory(get(), memory, capacity, count);
    });
  }
  ballast_balancer get() const noexcept { return handle_.get(); }

 private:
  Owned<ballast_balancer_destroy> handle_;
};

}  // namespace ballast

#endif
