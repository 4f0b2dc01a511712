// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cpu/conv2d_trial.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include <sluice/base/error.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/base/philox.h>
#include <sluice/kernels/cpu/conv2d_geometry.h>
#include <sluice/kernels/runtime/memory.h>

namespace sluice::kernels::cpu {
namespace {

// Bytes before and after every operand that nothing may read or write.
constexpr std::size_t kFence = 4096;
// Products that one check may take, and the least number of results that it looks at.
constexpr std::int64_t kProducts = 4'000'000, kLeastResults = 64;

// What the memory that is not an input holds in each round: NaN in every floating type, then ordinary numbers.
constexpr int byte_of(int round) { return round % 2 == 0 ? 0xff : 0x42; }

// Elements between two fences.
template <class E>
class Fenced {
 public:
  explicit Fenced(std::int64_t count)
      : count_(count), bytes_(static_cast<std::size_t>(count) * sizeof(E) + 2 * kFence) {
    memory_ = static_cast<std::byte*>(raw_allocate({}, bytes_));
    if (memory_ == nullptr) throw OutOfMemory(concat("conv2d: no ", bytes_, " bytes to measure algorithms on"));
  }
  ~Fenced() { raw_free({}, memory_, bytes_); }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;

  E* data() const { return reinterpret_cast<E*>(memory_ + kFence); }
  std::int64_t size() const { return count_; }
  std::size_t size_bytes() const { return bytes_ - 2 * kFence; }

  void fill_fences(int byte) const {
    std::memset(memory_, byte, kFence);
    std::memset(memory_ + bytes_ - kFence, byte, kFence);
  }
  void fill(int byte) const { std::memset(memory_, byte, bytes_); }
  bool fences_hold(int byte) const {
    const auto holds = [&](const std::byte* fence) {
      return std::all_of(fence, fence + kFence, [&](std::byte one) { return one == std::byte(byte); });
    };
    return holds(memory_) && holds(memory_ + bytes_ - kFence);
  }
  // Uniform in [-1, 1), as bf16 holds it, so that products of activations and weights are exact in every algorithm.
  void randomize(std::uint32_t stream) const {
    parallel_for(count_, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const PhiloxCounter counter{static_cast<std::uint32_t>(RandomPurpose::test), stream,
                                    static_cast<std::uint64_t>(i / 4)};
        const auto word = philox({}, counter)[static_cast<std::size_t>(i % 4)];
        data()[i] = E(BFloat16(static_cast<float>(word) * 0x1p-31f - 1.0f));
      }
    });
  }

 private:
  std::int64_t count_;
  std::size_t bytes_;
  std::byte* memory_;
};

struct Sum {
  double value = 0, magnitude = 0;
  void add(double a, double b) {
    value += a * b;
    magnitude += std::abs(a * b);
  }
};

template <class T>
class Trial {
 public:
  Trial(Conv2dPass pass, const Conv2dShape& shape, std::size_t scratch_bytes)
      : pass_(pass),
        g_(shape),
        x_(shape.x_size()),
        y_(shape.y_size()),
        weight_(shape.weight_size()),
        bias_(shape.window.bias == Bias::present ? shape.out_channels : 0),
        scratch_(static_cast<std::int64_t>(scratch_bytes)) {
    x_.randomize(1);
    y_.randomize(2);
    weight_.randomize(3);
    bias_.randomize(4);
  }

  void prepare(int round) {
    byte_ = byte_of(round);
    x_.fill_fences(byte_);
    y_.fill_fences(byte_);
    weight_.fill_fences(byte_);
    bias_.fill_fences(byte_);
    scratch_.fill(byte_);
    switch (pass_) {
      case Conv2dPass::forward: return y_.fill(byte_);
      case Conv2dPass::backward_input: return x_.fill(byte_);
      case Conv2dPass::backward_weight: weight_.fill(byte_); return bias_.fill(byte_);
    }
  }

  void run(const Conv2dAlgorithm<T>& algorithm) const {
    const bool with_bias = bias_.size() > 0 && pass_ != Conv2dPass::backward_input;
    algorithm.run(pass_, g_, {x_.data(), weight_.data(), with_bias ? bias_.data() : nullptr, y_.data()},
                  scratch_.data());
  }

  // `first_results` keeps the results of the first run.
  std::string fault(std::vector<std::byte>& first_results) const {
    for (const auto& [name, holds] :
         {std::pair("x", x_.fences_hold(byte_)), std::pair("y", y_.fences_hold(byte_)),
          std::pair("weight", weight_.fences_hold(byte_)), std::pair("bias", bias_.fences_hold(byte_)),
          std::pair("scratch", scratch_.fences_hold(byte_))})
      if (!holds) return concat("it wrote outside of ", name);
    switch (pass_) {
      case Conv2dPass::forward:
        return fault_in("y", y_, {}, first_results, [this](std::int64_t i) { return sum_of_y(i); });
      case Conv2dPass::backward_input:
        return fault_in("the gradient of x", x_, {}, first_results, [this](std::int64_t i) { return sum_of_dx(i); });
      case Conv2dPass::backward_weight:
        return fault_in("the gradient of the weight", weight_,
                        std::span(bias_.data(), static_cast<std::size_t>(bias_.size())), first_results,
                        [this](std::int64_t i) { return sum_of_dweight(i); });
    }
    return "";
  }

 private:
  using Master = sluice::Master<T>;

  template <class E, class SumOf>
  std::string fault_in(const char* name, const Fenced<E>& results, std::span<const Master> bias_gradient,
                       std::vector<std::byte>& first_results, const SumOf& sum_of) const {
    const auto* bytes = reinterpret_cast<const std::byte*>(results.data());
    if (first_results.empty()) {
      first_results.assign(bytes, bytes + results.size_bytes());
    } else if (!std::equal(first_results.begin(), first_results.end(), bytes)) {
      for (std::int64_t i = 0; i < results.size(); ++i) {
        E before;
        std::memcpy(&before, first_results.data() + static_cast<std::size_t>(i) * sizeof(E), sizeof(E));
        if (std::memcmp(&before, results.data() + i, sizeof(E)) != 0)
          return concat(name, "[", i, "] is ", double(results.data()[i]), " where an equal run gave ", double(before),
                        ": it reads memory that is not an input");
      }
    }
    for (std::int64_t i = 0; i < results.size(); ++i)
      if (!std::isfinite(double(results.data()[i])))
        return concat(name, "[", i, "] is ", double(results.data()[i]), ", expected ", sum_of(i).value);
    const std::int64_t terms = std::max<std::int64_t>(1, static_cast<std::int64_t>(g_.flops() / 2) / results.size());
    const std::int64_t looked_at =
        std::clamp(kProducts / terms, std::min(kLeastResults, results.size()), results.size());
    std::vector<std::string> faults(static_cast<std::size_t>(looked_at));
    parallel_for(looked_at, std::max<std::int64_t>(1, kElementGrain / terms),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t k = begin; k < end; ++k) {
                     // The first and the last, and in between one in every equal part, at a place that changes from
                     // part to part.
                     const std::int64_t part = results.size() / looked_at;
                     const std::int64_t i = k == looked_at - 1 ? results.size() - 1 : k * part + (k * 7919) % part;
                     const Sum sum = sum_of(i);
                     faults[static_cast<std::size_t>(k)] = fault_of(name, i, double(results.data()[i]), sum);
                   }
                 });
    for (const std::string& fault : faults)
      if (!fault.empty()) return fault;
    for (std::size_t k = 0; k < bias_gradient.size(); ++k) {
      Sum sum;
      for (std::int64_t at = static_cast<std::int64_t>(k); at < y_.size(); at += g_.out_channels)
        sum.add(double(y_.data()[at]), 1);
      if (const std::string fault =
              fault_of("the gradient of the bias", static_cast<std::int64_t>(k), bias_gradient[k], sum);
          !fault.empty())
        return fault;
    }
    return "";
  }

  static std::string fault_of(const char* name, std::int64_t i, double found, const Sum& sum) {
    constexpr bool narrow = std::is_same_v<T, BFloat16>;
    const double allowed = (narrow ? 2e-3 : 1e-5) * sum.magnitude + (narrow ? 0x1p-8 * std::abs(sum.value) : 0);
    if (std::abs(found - sum.value) <= allowed) return "";
    return concat(name, "[", i, "] is ", found, ", expected ", sum.value, " within ", allowed);
  }

  // Result i of each pass by its definition (kernels/conv2d.h).
  Sum sum_of_y(std::int64_t i) const {
    const std::int64_t k = i % g_.out_channels, q = i / g_.out_channels % g_.out_width,
                       p = i / g_.out_channels / g_.out_width % g_.out_height,
                       n = i / g_.out_channels / g_.out_width / g_.out_height;
    Sum sum;
    if (bias_.size() > 0) sum.add(double(bias_.data()[k]), 1);
    for (std::int64_t r = 0; r < g_.kernel_height; ++r)
      for (std::int64_t s = 0; s < g_.kernel_width; ++s) {
        const std::int64_t h = g_.row(p, r), w = g_.column(q, s);
        if (!g_.has_row(h) || !g_.has_column(w)) continue;
        const T* x = x_.data() + ((n * g_.height + h) * g_.width + w) * g_.in_channels + k / g_.out_group * g_.in_group;
        const Master* weight = weight_.data() + ((k * g_.kernel_height + r) * g_.kernel_width + s) * g_.in_group;
        for (std::int64_t c = 0; c < g_.in_group; ++c) sum.add(double(x[c]), double(weight[c]));
      }
    return sum;
  }

  Sum sum_of_dx(std::int64_t i) const {
    const std::int64_t c = i % g_.in_channels, w = i / g_.in_channels % g_.width,
                       h = i / g_.in_channels / g_.width % g_.height, n = i / g_.in_channels / g_.width / g_.height;
    const std::int64_t group = c / g_.in_group;
    Sum sum;
    for (std::int64_t r = 0; r < g_.kernel_height; ++r)
      for (std::int64_t s = 0; s < g_.kernel_width; ++s) {
        const std::int64_t down = h - g_.row(0, r), across = w - g_.column(0, s);
        const std::int64_t p = down / g_.window.stride_height, q = across / g_.window.stride_width;
        if (down < 0 || down % g_.window.stride_height != 0 || p >= g_.out_height) continue;
        if (across < 0 || across % g_.window.stride_width != 0 || q >= g_.out_width) continue;
        const T* dy = y_.data() + ((n * g_.out_height + p) * g_.out_width + q) * g_.out_channels;
        for (std::int64_t k = group * g_.out_group; k < (group + 1) * g_.out_group; ++k)
          sum.add(
              double(dy[k]),
              double(
                  weight_.data()[((k * g_.kernel_height + r) * g_.kernel_width + s) * g_.in_group + c % g_.in_group]));
      }
    return sum;
  }

  Sum sum_of_dweight(std::int64_t i) const {
    const std::int64_t c = i % g_.in_group, s = i / g_.in_group % g_.kernel_width,
                       r = i / g_.in_group / g_.kernel_width % g_.kernel_height,
                       k = i / g_.in_group / g_.kernel_width / g_.kernel_height;
    const std::int64_t channel = k / g_.out_group * g_.in_group + c;
    Sum sum;
    for (std::int64_t n = 0; n < g_.batch; ++n)
      for (std::int64_t p = 0; p < g_.out_height; ++p)
        for (std::int64_t q = 0; q < g_.out_width; ++q) {
          const std::int64_t h = g_.row(p, r), w = g_.column(q, s);
          if (!g_.has_row(h) || !g_.has_column(w)) continue;
          sum.add(double(x_.data()[((n * g_.height + h) * g_.width + w) * g_.in_channels + channel]),
                  double(y_.data()[((n * g_.out_height + p) * g_.out_width + q) * g_.out_channels + k]));
        }
    return sum;
  }

  Conv2dPass pass_;
  Conv2dGeometry g_;
  Fenced<T> x_, y_;
  Fenced<Master> weight_, bias_;
  Fenced<std::byte> scratch_;
  int byte_ = byte_of(0);
};

}  // namespace

template <class T>
std::vector<Candidate> conv2d_trial(Conv2dPass pass, const Conv2dShape& shape,
                                    std::span<const Conv2dAlgorithm<T>> algorithms) {
  std::size_t scratch_bytes = 0;
  for (const auto& algorithm : algorithms)
    scratch_bytes = std::max(scratch_bytes, algorithm.scratch_bytes(pass, shape));
  const auto trial = std::make_shared<Trial<T>>(pass, shape, scratch_bytes);
  std::vector<Candidate> candidates;
  for (const auto& algorithm : algorithms) {
    const auto first_results = std::make_shared<std::vector<std::byte>>();
    candidates.push_back({.run = [=] { trial->run(algorithm); },
                          .prepare = [=](int round) { trial->prepare(round); },
                          .fault = [=] { return trial->fault(*first_results); }});
  }
  return candidates;
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CpuTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_trial<T>); });

}  // namespace sluice::kernels::cpu
