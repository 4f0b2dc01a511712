// SPDX-License-Identifier: Apache-2.0
// Convolution as matrix products (implicit GEMM): from shapes to problems, weights made ready, sums finished.
#include <sluice/kernels/cuda/conv2d_gemm.h>

#include <numeric>

#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/cuda/sum_rows.h>
#include <sluice/kernels/elementwise.h>

namespace sluice::kernels::cuda {
namespace {

// turned [C,taps,K] of weight [K,taps,C], by tiles of 32x32 of one tap.
template <class Source, class Element>
__global__ void __launch_bounds__(256)
    turn_weight_kernel(int out_channels, int taps, int channels, const Source* weight, Element* turned) {
  SHARED(tile, float[32][33]);
  const int across = static_cast<int>(threadIdx.x) % 32, down = static_cast<int>(threadIdx.x) / 32;
  const int tap = static_cast<int>(blockIdx.y);
  const int tiles = (channels + 31) / 32;
  const int first_c = static_cast<int>(blockIdx.x) % tiles * 32, first_k = static_cast<int>(blockIdx.x) / tiles * 32;
  UNROLL for (int i = down; i < 32; i += 8) {
    const int k = first_k + i, c = first_c + across;
    if (k < out_channels && c < channels)
      tile[i][across] = to_float(weight[(std::int64_t{k} * taps + tap) * channels + c]);
  }
  __syncthreads();
  UNROLL for (int i = down; i < 32; i += 8) {
    const int c = first_c + i, k = first_k + across;
    if (k < out_channels && c < channels)
      turned[(std::int64_t{c} * taps + tap) * out_channels + k] = from_float<Element>(tile[across][i]);
  }
}

int narrow(std::int64_t value) { return static_cast<int>(value); }

struct AxisWindow {
  std::int64_t extent, results, kernel, stride, padding, dilation;
};

AxisWindow vertical_of(const Conv2dShape& s) {
  return {s.height,
          s.out_height,
          s.kernel_height,
          s.window.stride_height,
          s.window.padding_height,
          s.window.dilation_height};
}
AxisWindow horizontal_of(const Conv2dShape& s) {
  return {s.width, s.out_width, s.kernel_width, s.window.stride_width, s.window.padding_width, s.window.dilation_width};
}

GatherAxis forward_axis(const AxisWindow& w) {
  return {.results = narrow(w.results),
          .place = 0,
          .place_step = 1,
          .extent = narrow(w.extent),
          .step = narrow(w.stride),
          .first = narrow(-w.padding),
          .tap_step = narrow(w.dilation),
          .taps = narrow(w.kernel),
          .first_tap = 0,
          .tap_stride = 1};
}

// Positions of dx with remainder `remainder` by the stride: tap t meets result (position + padding - t * dilation) /
// stride where that is whole, which is so for every (stride / gcd(stride, dilation))-th tap or for none.
GatherAxis backward_axis(const AxisWindow& w, std::int64_t remainder) {
  const std::int64_t apart = w.stride / std::gcd(w.stride, w.dilation);
  std::int64_t tap = 0;
  while (tap < std::min(apart, w.kernel) && (remainder + w.padding - tap * w.dilation) % w.stride != 0) ++tap;
  const bool met = tap < std::min(apart, w.kernel);
  return {.results = narrow((w.extent - remainder + w.stride - 1) / w.stride),
          .place = narrow(remainder),
          .place_step = narrow(w.stride),
          .extent = narrow(w.results),
          .step = 1,
          .first = met ? narrow((remainder + w.padding - tap * w.dilation) / w.stride) : 0,
          .tap_step = narrow(-apart * w.dilation / w.stride),
          .taps = met ? narrow((w.kernel - tap + apart - 1) / apart) : 0,
          .first_tap = narrow(tap),
          .tap_stride = narrow(apart)};
}

GatherShape forward_shape(const Conv2dShape& s) {
  return {.batch = narrow(s.batch),
          .channels = narrow(s.in_channels),
          .columns = narrow(s.out_channels),
          .kernel_height = narrow(s.kernel_height),
          .kernel_width = narrow(s.kernel_width),
          .height = narrow(s.out_height),
          .width = narrow(s.out_width),
          .vertical_classes = 1,
          .horizontal_classes = 1,
          .vertical = {forward_axis(vertical_of(s))},
          .horizontal = {forward_axis(horizontal_of(s))}};
}

GatherShape backward_shape(const Conv2dShape& s) {
  const auto classes = [](std::int64_t stride, std::int64_t extent) { return narrow(std::min(stride, extent)); };
  GatherShape shape{.batch = narrow(s.batch),
                    .channels = narrow(s.out_channels),
                    .columns = narrow(s.in_channels),
                    .kernel_height = narrow(s.kernel_height),
                    .kernel_width = narrow(s.kernel_width),
                    .height = narrow(s.height),
                    .width = narrow(s.width),
                    .vertical_classes = classes(s.window.stride_height, s.height),
                    .horizontal_classes = classes(s.window.stride_width, s.width)};
  for (int i = 0; i < shape.vertical_classes; ++i) shape.vertical[i] = backward_axis(vertical_of(s), i);
  for (int i = 0; i < shape.horizontal_classes; ++i) shape.horizontal[i] = backward_axis(horizontal_of(s), i);
  return shape;
}

template <class Element>
bool aligned(const Element* pointer, std::size_t elements) {
  return reinterpret_cast<std::uintptr_t>(pointer) % (elements * sizeof(Element)) == 0;
}

// Whether a tensor's innermost extent, and its address, are whole chunks of 16 bytes.
template <class Element>
Access access_to(const Element* pointer, std::int64_t innermost) {
  constexpr std::size_t chunk = 16 / sizeof(Element);
  return innermost % static_cast<std::int64_t>(chunk) == 0 && aligned(pointer, chunk) ? Access::vector : Access::scalar;
}

std::size_t rounded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

template <class Arithmetic>
class Conv2dGemm {
  using Element = typename Arithmetic::Element;
  static constexpr std::int64_t kChunk = 16 / sizeof(Element), kDepth = 4 * kChunk;

 public:
  static bool supports(Conv2dPass pass, const Conv2dShape& s) {
    constexpr std::int64_t most = std::int64_t{1} << 30;
    const std::int64_t taps = s.kernel_height * s.kernel_width;
    const auto fits = [](std::int64_t images, std::int64_t height, std::int64_t width, std::int64_t channels) {
      return images * height * width < most && height * width * channels < most;
    };
    // The reach of a window beyond the image counts in positions too.
    const auto within = [](const AxisWindow& w) {
      return w.kernel <= kMostTaps && w.extent + 2 * w.padding + w.kernel * w.dilation < 1 << 20 && w.stride < 1 << 20;
    };
    return s.window.groups == 1 && fits(s.batch, s.height, s.width, s.in_channels) &&
           fits(s.batch, s.out_height, s.out_width, s.out_channels) && taps * s.in_channels < most &&
           taps * s.out_channels < most && within(vertical_of(s)) && within(horizontal_of(s)) &&
           (pass != Conv2dPass::backward_input ||
            (s.window.stride_height <= kMostStride && s.window.stride_width <= kMostStride));
  }

  static std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& s) {
    const std::size_t weight = static_cast<std::size_t>(s.weight_size()) * sizeof(Element);
    switch (pass) {
      case Conv2dPass::forward: return std::is_same_v<Element, float> ? 0 : weight;
      case Conv2dPass::backward_input: return weight;
      case Conv2dPass::backward_weight:
        return partial_bytes(s) + std::max(sum_rows_scratch_bytes(Split(s).runs, s.weight_size()),
                                           sum_rows_scratch_bytes(results_of(s), s.out_channels));
    }
    return 0;
  }

  static void run(const Exec& exec, Conv2dPass pass, const Conv2dShape& s, const Conv2dOperands<Element>& operands,
                  void* scratch) {
    switch (pass) {
      case Conv2dPass::forward: return forward(exec, s, operands, scratch);
      case Conv2dPass::backward_input: return backward_input(exec, s, operands, scratch);
      case Conv2dPass::backward_weight: return backward_weight(exec, s, operands, scratch);
    }
  }

  static std::int64_t moments_run(const Conv2dShape& s) {
    return rows_of(gather_tile(forward_shape(s), access_by_channels(s.in_channels)));
  }

 private:
  static Access access_by_channels(std::int64_t channels) {
    return channels % kChunk == 0 ? Access::vector : Access::scalar;
  }

  static std::int64_t results_of(const Conv2dShape& s) { return s.batch * s.out_height * s.out_width; }

  // How the sum of backward_weight is split into runs of whole stages: to keep a GPU busy, but never into runs of less
  // than four stages.
  struct Split {
    std::int64_t run, runs;

    explicit Split(const Conv2dShape& s) {
      const std::int64_t columns = s.weight_size() / s.out_channels;
      // Elements one by one have the tile with the fewest columns; where only the address asks for them, there are a
      // few blocks less.
      const auto [m, n] = weight_gradient_tile(
          s.out_channels, columns,
          s.in_channels % kChunk == 0 && s.out_channels % kChunk == 0 ? Access::vector : Access::scalar);
      const std::int64_t tiles = (s.out_channels + m - 1) / m * ((columns + n - 1) / n);
      const std::int64_t stages = (results_of(s) + kDepth - 1) / kDepth;
      const std::int64_t wanted =
          std::clamp<std::int64_t>(2 * kBusyTiles / tiles, 1, std::max<std::int64_t>(1, stages / 4));
      run = (stages + wanted - 1) / wanted * kDepth;
      runs = (results_of(s) + run - 1) / run;
    }
  };

  static std::size_t partial_bytes(const Conv2dShape& s) {
    const Split split(s);
    return split.runs == 1 ? 0 : rounded(static_cast<std::size_t>(split.runs * s.weight_size()) * sizeof(float));
  }

  static void gather(const Exec& exec, const GatherShape& shape, const Element* source, const Element* weight,
                     const float* bias, Element* y, float* moments) {
    const bool vector =
        access_to(source, shape.channels) == Access::vector && access_to(weight, shape.channels) == Access::vector;
    const Access access = vector ? Access::vector : Access::scalar;
    require(moments == nullptr || access == access_by_channels(shape.channels), "conv2d",
            "expects x and weight at multiples of 16 bytes where it leaves moments");
    conv2d_gather<Arithmetic>(exec, shape,
                              {.source = source,
                               .weight = weight,
                               .bias = bias,
                               .y = y,
                               .whole_packs = shape.columns % 4 == 0 && aligned(y, 4),
                               .moments = moments},
                              access);
  }

  static void forward(const Exec& exec, const Conv2dShape& s, const Conv2dOperands<Element>& operands, void* scratch) {
    const Element* weight = operands.rounded_weight;
    if constexpr (std::is_same_v<Element, float>) {
      weight = operands.weight;
    } else if (weight == nullptr) {
      Elementwise<Cuda>::cast(exec, s.weight_size(), operands.weight, static_cast<Element*>(scratch));
      weight = static_cast<const Element*>(scratch);
    }
    gather(exec, forward_shape(s), operands.x, weight, operands.bias, operands.y, operands.moments);
  }

  static void backward_input(const Exec& exec, const Conv2dShape& s, const Conv2dOperands<Element>& operands,
                             void* scratch) {
    Element* turned = static_cast<Element*>(scratch);
    const std::int64_t taps = s.kernel_height * s.kernel_width;
    const auto turn = [&]<class Source>(const Source* weight) {
      launch(exec,
             {"turn_weight",
              dim3(blocks_for(s.in_channels, 32) * blocks_for(s.out_channels, 32), static_cast<unsigned>(taps)), 256},
             turn_weight_kernel<Source, Element>, narrow(s.out_channels), narrow(taps), narrow(s.in_channels), weight,
             turned);
    };
    if (operands.rounded_weight == nullptr)
      turn(operands.weight);
    else
      turn(operands.rounded_weight);
    gather(exec, backward_shape(s), operands.y, turned, nullptr, operands.x, nullptr);
  }

  static void backward_weight(const Exec& exec, const Conv2dShape& s, const Conv2dOperands<Element>& operands,
                              void* scratch) {
    const Split split(s);
    float* partial = split.runs == 1 ? operands.weight : static_cast<float*>(scratch);
    void* rest = static_cast<std::byte*>(scratch) + partial_bytes(s);
    const WeightGradientShape shape{.results = narrow(results_of(s)),
                                    .out_channels = narrow(s.out_channels),
                                    .channels = narrow(s.in_channels),
                                    .kernel_width = narrow(s.kernel_width),
                                    .columns = narrow(s.weight_size() / s.out_channels),
                                    .run = narrow(split.run),
                                    .vertical = forward_axis(vertical_of(s)),
                                    .horizontal = forward_axis(horizontal_of(s))};
    const Access of_dy = access_to(operands.y, s.out_channels), of_x = access_to(operands.x, s.in_channels);
    conv2d_weight_gradient<Arithmetic>(exec, shape,
                                       {.x = operands.x,
                                        .dy = operands.y,
                                        .partial = partial,
                                        .whole_packs = shape.columns % 4 == 0 && aligned(partial, 4)},
                                       of_dy, of_dy == Access::vector ? of_x : Access::scalar);
    if (split.runs > 1) sum_rows<float>(exec, split.runs, s.weight_size(), partial, operands.weight, rest);
    if (operands.bias != nullptr)
      sum_rows<Element>(exec, results_of(s), s.out_channels, operands.y, operands.bias, rest);
  }
};

template <class Arithmetic>
Conv2dAlgorithm<typename Arithmetic::Element> algorithm(std::string_view name) {
  using Gemm = Conv2dGemm<Arithmetic>;
  return {name, Gemm::supports, Gemm::scratch_bytes, Gemm::run, Gemm::moments_run};
}

}  // namespace

template <>
Conv2dAlgorithm<float> conv2d_gemm(MatmulPrecision precision) {
  return precision == MatmulPrecision::fp32 ? algorithm<Fp32Products>("gemm_fp32")
                                            : algorithm<Tf32Products>("gemm_tf32");
}

template <>
Conv2dAlgorithm<BFloat16> conv2d_gemm(MatmulPrecision) {
  return algorithm<Bf16Products>("gemm_bf16");
}

}  // namespace sluice::kernels::cuda
