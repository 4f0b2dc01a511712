// SPDX-License-Identifier: Apache-2.0
// Every convolution algorithm of the CPU on random odd shapes, against the plain loops in double. SLUICE_TEST_SHAPES
// says how many shapes (default 12); the long form takes 400 and more.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <random>

#include <sluice/base/error.h>
#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/cpu/conv2d_trial.h>

namespace sluice::kernels::cpu {
namespace {

Conv2dShape random_shape(std::mt19937& random) {
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(high - low + 1));
  };
  const auto channels = [&] {
    constexpr std::int64_t usual[] = {1, 3, 4, 8, 16, 17, 31, 32, 33, 48, 64, 65};
    return usual[pick(0, std::size(usual) - 1)];
  };
  for (;;) {
    const std::int64_t groups = pick(0, 4) == 0 ? pick(2, 4) : 1;
    const std::int64_t in_group = channels(), out_group = channels();
    if (in_group * out_group * groups > 8192) continue;
    Conv2dWindow window{.stride_height = pick(1, 2),
                        .stride_width = pick(1, 2),
                        .padding_height = pick(0, 2),
                        .padding_width = pick(0, 2),
                        .dilation_height = pick(1, 2),
                        .dilation_width = pick(1, 2),
                        .groups = groups,
                        .bias = pick(0, 1) == 0 ? Bias::absent : Bias::present};
    const bool plain_3x3 = pick(0, 2) == 0;  // what Winograd serves
    if (plain_3x3)
      window = {.padding_height = pick(0, 1), .padding_width = pick(0, 1), .groups = groups, .bias = window.bias};
    try {
      return Conv2dShape::make({pick(1, 4), pick(1, 33), pick(1, 40), in_group * groups},
                               {out_group * groups, plain_3x3 ? 3 : pick(1, 5), plain_3x3 ? 3 : pick(1, 5), in_group},
                               window);
    } catch (const std::invalid_argument&) {
      // The kernel is larger than the image.
    }
  }
}

// The shapes at which oneDNN 2.6 was seen to be wrong, and of filters for each channel by itself.
std::vector<Conv2dShape> known_shapes() {
  return {Conv2dShape::make({3, 7, 33, 65}, {5, 2, 1, 65}, {.dilation_height = 2, .dilation_width = 2}),
          Conv2dShape::make({3, 9, 13, 67}, {67, 5, 3, 1},
                            {.stride_height = 2,
                             .padding_height = 2,
                             .padding_width = 1,
                             .dilation_width = 2,
                             .groups = 67,
                             .bias = Bias::present}),
          Conv2dShape::make({2, 33, 7, 16}, {16, 3, 3, 1}, {.padding_height = 1, .padding_width = 1, .groups = 16}),
          Conv2dShape::make({1, 1, 1, 32}, {1, 5, 5, 32},
                            {.stride_height = 2, .stride_width = 2, .padding_height = 2, .padding_width = 2}),
          Conv2dShape::make({1, 32, 32, 4}, {256, 3, 3, 1}, {.dilation_height = 2, .dilation_width = 2, .groups = 4})};
}

struct Count {
  int tried = 0, refused = 0, wrong = 0;
};

template <class T>
struct Operands {
  std::vector<T> x, y;
  std::vector<Master<T>> weight, bias;

  Operands(const Conv2dShape& s, std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto fill = [&](auto& values, std::int64_t count) {
      using E = typename std::remove_reference_t<decltype(values)>::value_type;
      for (std::int64_t i = 0; i < count; ++i)
        values.push_back(E(float(BFloat16(static_cast<float>(random()) * 0x1p-31f - 1.0f))));
    };
    fill(x, s.x_size());
    fill(y, s.y_size());
    fill(weight, s.weight_size());
    fill(bias, s.out_channels);
  }
  // The results of a pass.
  std::vector<double> results(Conv2dPass pass) const {
    if (pass == Conv2dPass::forward) return {y.begin(), y.end()};
    if (pass == Conv2dPass::backward_input) return {x.begin(), x.end()};
    std::vector<double> both(weight.begin(), weight.end());
    both.insert(both.end(), bias.begin(), bias.end());
    return both;
  }
};

template <class T>
std::vector<double> run(const Conv2dAlgorithm<T>& algorithm, Conv2dPass pass, const Conv2dShape& s,
                        std::uint32_t seed) {
  Operands<T> o(s, seed);
  // Scratch as the allocator of a training run hands it out: with what was there before.
  std::vector<double> scratch(algorithm.scratch_bytes(pass, s) / 8 + 16, 1e30);
  void* aligned = scratch.data();
  std::size_t room = scratch.size() * 8;
  std::align(64, room - 64, aligned, room);
  algorithm.run(
      pass, s,
      {o.x.data(), o.weight.data(),
       s.window.bias == Bias::present && pass != Conv2dPass::backward_input ? o.bias.data() : nullptr, o.y.data()},
      aligned);
  return o.results(pass);
}

// max |a - b| over the largest |b|.
double deviation(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 1e-3, difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return INFINITY;
    largest = std::max(largest, std::abs(b[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return difference / largest;
}

template <class T>
void try_all(const Conv2dShape& s, double tolerance, std::map<std::string, Count>& counts) {
  std::vector<Conv2dAlgorithm<T>> algorithms{conv2d_plain<T>(), conv2d_winograd<T>(), conv2d_depthwise<T>()};
  for (const auto& one : conv2d_onednn<T>()) algorithms.push_back(one);
  for (const Conv2dPass pass : {Conv2dPass::forward, Conv2dPass::backward_input, Conv2dPass::backward_weight}) {
    const std::vector<double> expected = run(conv2d_plain<double>(), pass, s, 1);
    for (const auto& algorithm : algorithms) {
      if (!algorithm.supports(pass, s)) continue;
      Count& count = counts[concat(name_of(dtype_of<T>), " ", name_of(pass), " ", algorithm.name)];
      ++count.tried;
      const Candidate candidate = conv2d_trial<T>(pass, s, std::span(&algorithm, 1)).front();
      bool proven = true;
      for (int round = 0; round < kRoundsOfProof && proven; ++round) {
        candidate.prepare(round);
        candidate.run();
        const std::string fault = candidate.fault();
        proven = fault.empty();
        if (!proven && std::getenv("SLUICE_TEST_SHAPES") != nullptr)
          std::printf("refused: %s %s %s %s: %s\n", std::string(name_of(dtype_of<T>)).c_str(),
                      std::string(name_of(pass)).c_str(), std::string(algorithm.name).c_str(), s.description().c_str(),
                      fault.c_str());
      }
      if (!proven) ++count.refused;
      bool wrong = false;
      for (int repetition = 0; repetition < 3; ++repetition)
        wrong |= deviation(run(algorithm, pass, s, 1), expected) > tolerance;
      if (wrong) ++count.wrong;
      EXPECT_FALSE(wrong && proven) << algorithm.name << " " << name_of(pass) << " " << name_of(dtype_of<T>) << " "
                                    << s.description();
      if (algorithm.name == "plain" || algorithm.name == "winograd" || algorithm.name == "depthwise") {
        EXPECT_TRUE(proven) << algorithm.name << " " << s.description();
      }
    }
  }
}

TEST(Conv2dAlgorithms, WhatIsNotRefusedIsRightOnOddShapes) {
  const char* asked = std::getenv("SLUICE_TEST_SHAPES");
  const int shapes = asked != nullptr ? std::atoi(asked) : 12;
  std::mt19937 random(20);
  std::vector<Conv2dShape> all = known_shapes();
  for (int i = 0; i < shapes; ++i) all.push_back(random_shape(random));
  std::map<std::string, Count> counts;
  for (const Conv2dShape& shape : all) {
    try_all<float>(shape, 2e-5, counts);
    try_all<BFloat16>(shape, 2e-2, counts);
  }
  for (const auto& [name, count] : counts)
    std::printf("%-45s tried %4d, refused %3d, wrong %3d\n", name.c_str(), count.tried, count.refused, count.wrong);
}

}  // namespace
}  // namespace sluice::kernels::cpu
