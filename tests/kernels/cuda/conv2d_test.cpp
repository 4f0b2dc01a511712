// SPDX-License-Identifier: Apache-2.0
// Every algorithm of convolution on the CUDA device at shapes that meet each tile, each edge and each way of access,
// against the CPU's loops in double. Inputs are numbers of bf16, whose products all arithmetics hold exactly, so that
// only sums and the rounding of results differ.
#include <gtest/gtest.h>

#include <sluice/core/ops/conv2d.h>
#include <sluice/kernels/cuda/conv2d_libraries.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using kernels::Bias;
using kernels::Conv2dPass;
using kernels::Conv2dShape;
using kernels::MatmulPrecision;
using kernels::cuda::Conv2dAlgorithm;
using kernels::cuda::Conv2dOperands;

constexpr Device kDevice{.kind = DeviceKind::cuda};

struct Layer {
  std::string name;
  std::array<std::int64_t, 4> x, weight;
  kernels::Conv2dWindow window;

  Conv2dShape shape() const { return Conv2dShape::make(x, weight, window); }
};

void PrintTo(const Layer& layer, std::ostream* out) { *out << layer.name; }

kernels::Conv2dWindow window(std::int64_t stride, std::int64_t padding, std::int64_t dilation = 1) {
  return {.stride_height = stride,
          .stride_width = stride,
          .padding_height = padding,
          .padding_width = padding,
          .dilation_height = dilation,
          .dilation_width = dilation};
}

const std::vector<Layer>& layers() {
  static const std::vector<Layer> all{
      // By channels of results: tiles of 16, 32, 64 columns, and 128 where there are enough of them.
      {"slim", {2, 7, 9, 16}, {16, 3, 3, 16}, window(1, 1)},
      {"slim_cut", {3, 7, 7, 8}, {8, 3, 3, 8}, window(1, 1)},
      {"narrow", {2, 9, 7, 24}, {24, 3, 3, 24}, window(1, 1)},
      {"square_cut", {2, 7, 9, 40}, {72, 3, 3, 40}, window(1, 1)},
      {"medium", {1, 131, 130, 8}, {64, 1, 1, 8}, window(1, 0)},
      {"large_cut", {1, 92, 92, 8}, {136, 1, 1, 8}, window(1, 0)},
      {"large_gradient", {2, 5, 5, 16}, {72, 3, 3, 16}, window(1, 1)},
      // Sums of backward_weight in several runs, the last one short.
      {"split", {5, 9, 9, 16}, {16, 3, 3, 16}, window(1, 1)},
      {"split_scalar", {5, 9, 9, 3}, {16, 3, 3, 3}, window(1, 1)},
      // Channels that are no whole chunks.
      {"stem", {2, 8, 7, 3}, {64, 3, 3, 3}, window(1, 1)},
      {"odd", {2, 6, 5, 5}, {7, 3, 3, 5}, window(1, 1)},
      {"even_out_odd_in", {2, 6, 5, 66}, {8, 3, 3, 66}, window(1, 1)},
      {"wide", {1, 4, 5, 130}, {130, 1, 1, 130}, window(1, 0)},
      // Strides: classes of positions with many taps, one, none, and of different sizes.
      {"stride2_odd", {2, 9, 7, 16}, {32, 3, 3, 16}, window(2, 1)},
      {"stride2_even", {2, 8, 10, 16}, {32, 3, 3, 16}, window(2, 1)},
      {"stride2_pointwise", {2, 7, 8, 16}, {32, 1, 1, 16}, window(2, 0)},
      {"stride2_dilation2", {2, 9, 10, 8}, {16, 3, 3, 8}, window(2, 2, 2)},
      {"stride2_dilation3", {2, 9, 10, 8}, {16, 3, 3, 8}, window(2, 1, 3)},
      {"stride3_left_over", {1, 12, 11, 8}, {8, 2, 2, 8}, window(3, 0)},
      {"stride4", {1, 13, 9, 8}, {8, 3, 3, 8}, window(4, 1)},
      {"stride5", {1, 13, 9, 8}, {8, 3, 3, 8}, window(5, 1)},
      {"stride_beyond_image", {2, 2, 1, 8}, {8, 1, 1, 8}, window(4, 0)},
      {"stride_uneven",
       {1, 7, 8, 8},
       {8, 3, 2, 8},
       {.stride_height = 1, .stride_width = 2, .padding_height = 2, .padding_width = 0, .dilation_height = 2}},
      {"padding_wide", {2, 3, 4, 8}, {8, 3, 3, 8}, window(1, 4)},
      {"one_position", {1, 1, 1, 8}, {8, 1, 1, 8}, window(1, 0)},
      {"most_taps", {1, 3, 20, 8}, {8, 1, 16, 8}, window(1, 0)},
      {"groups", {2, 5, 6, 12}, {18, 3, 3, 4}, {.padding_height = 1, .padding_width = 1, .groups = 3}},
  };
  return all;
}

// Numbers of bf16, in `dtype`.
Tensor numbers(const Shape& shape, DType dtype, std::uint32_t stream) {
  return random_tensor(shape, DType::f64, stream).cast(DType::bf16).cast(dtype);
}

template <class T>
struct Tensors {
  Tensor x, weight, bias, y;

  Tensors(const Conv2dShape& s, Device device)
      : x(numbers({s.batch, s.height, s.width, s.in_channels}, dtype_of<T>, 1).to(device)),
        weight(numbers({s.out_channels, s.kernel_height, s.kernel_width, s.in_channels / s.window.groups},
                       dtype_of<Master<T>>, 2)
                   .to(device)),
        bias(numbers({s.out_channels}, dtype_of<Master<T>>, 3).to(device)),
        y(numbers({s.batch, s.out_height, s.out_width, s.out_channels}, dtype_of<T>, 4).to(device)) {}

  // What the pass writes.
  std::vector<Tensor> results(Conv2dPass pass) const {
    if (pass == Conv2dPass::forward) return {y};
    if (pass == Conv2dPass::backward_input) return {x};
    return {weight, bias};
  }
};

std::vector<Tensor> expected(Conv2dPass pass, const Conv2dShape& shape) {
  using Plain = kernels::Conv2d<Cpu>;
  Tensors<double> t(shape, {});
  const auto scratch = [](std::size_t bytes) { return std::vector<std::byte>(bytes); };
  double *x = t.x.mutable_data<double>(), *weight = t.weight.mutable_data<double>(),
         *bias = t.bias.mutable_data<double>(), *y = t.y.mutable_data<double>();
  switch (pass) {
    case Conv2dPass::forward:
      Plain::forward<double>({}, shape, x, weight, bias, y, nullptr,
                             scratch(Plain::forward_scratch_bytes<double>({}, shape)).data());
      break;
    case Conv2dPass::backward_input:
      Plain::backward_input<double>({}, shape, weight, y, x,
                                    scratch(Plain::backward_input_scratch_bytes<double>({}, shape)).data());
      break;
    case Conv2dPass::backward_weight:
      Plain::backward_weight<double>({}, shape, x, y, weight, bias,
                                     scratch(Plain::backward_weight_scratch_bytes<double>({}, shape)).data());
      break;
  }
  return t.results(pass);
}

template <class T>
std::vector<Tensor> results(const Conv2dAlgorithm<T>& algorithm, Conv2dPass pass, const Conv2dShape& shape) {
  Tensors<T> t(shape, kDevice);
  Tensor scratch =
      Tensor::empty({static_cast<std::int64_t>(algorithm.scratch_bytes(pass, shape)) + 1}, DType::u8, kDevice);
  algorithm.run(exec_of(t.x), pass, shape,
                {t.x.template mutable_data<T>(), t.weight.template mutable_data<float>(),
                 pass == Conv2dPass::backward_input ? nullptr : t.bias.template mutable_data<float>(),
                 t.y.template mutable_data<T>()},
                scratch.raw_to_write());
  return t.results(pass);
}

// The moments that forward leaves, against those of the y that it leaves, in double. A bias moves y far from 0.
template <class T>
void expect_moments_of_y(const Conv2dAlgorithm<T>& algorithm, const Conv2dShape& shape, double bias) {
  SCOPED_TRACE(concat(algorithm.name, ", bias around ", bias));
  Tensors<T> t(shape, kDevice);
  Tensor far = Tensor::full({shape.out_channels}, bias, dtype_of<Master<T>>, kDevice);
  const std::int64_t channels = shape.out_channels, rows = t.y.size() / channels, run = algorithm.moments_run(shape);
  const std::int64_t runs = (rows + run - 1) / run;
  Tensor moments = Tensor::empty({2, runs, channels}, DType::f32, kDevice);
  Tensor scratch = Tensor::empty({static_cast<std::int64_t>(algorithm.scratch_bytes(Conv2dPass::forward, shape)) + 1},
                                 DType::u8, kDevice);
  algorithm.run(exec_of(t.x), Conv2dPass::forward, shape,
                {t.x.template mutable_data<T>(), t.weight.template mutable_data<float>(), far.mutable_data<float>(),
                 t.y.template mutable_data<T>(), nullptr, moments.mutable_data<float>()},
                scratch.raw_to_write());
  const std::vector<double> y = t.y.to(Device{}).cast(DType::f64).template to_vector<double>();
  const std::vector<float> found = moments.to(Device{}).to_vector<float>();
  for (std::int64_t r = 0; r < runs; ++r)
    for (std::int64_t c = 0; c < channels; ++c) {
      const std::int64_t begin = r * run, end = std::min(rows, begin + run);
      const auto at = [&](std::int64_t row) { return y[static_cast<std::size_t>(row * channels + c)]; };
      double mean = 0, squares = 0, largest = 0;
      for (std::int64_t row = begin; row < end; ++row) mean += at(row) / static_cast<double>(end - begin);
      for (std::int64_t row = begin; row < end; ++row) {
        squares += (at(row) - mean) * (at(row) - mean);
        largest = std::max(largest, std::abs(at(row)));
      }
      const auto place = static_cast<std::size_t>(r * channels + c);
      // Means are a few roundings of y away; the squares of n deviations d are then away by 2 sum |d| of these at most,
      // where sum |d| <= sqrt(n sum d^2).
      const double ulps = 4 * 0x1p-24 * largest, count = static_cast<double>(end - begin);
      ASSERT_NEAR(found[place], mean, ulps) << "mean of run " << r << ", channel " << c;
      ASSERT_NEAR(found[static_cast<std::size_t>(runs * channels) + place], squares,
                  2e-6 * squares + 2 * ulps * std::sqrt(count * squares) + count * ulps * ulps)
          << "squares of run " << r << ", channel " << c;
    }
}

bool has_device() {
  try {
    Tensor::zeros({1}, DType::f32, kDevice);
    return true;
  } catch (const DeviceError&) {
    return false;
  }
}

class CudaConv2d : public testing::TestWithParam<Layer> {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no CUDA device";
  }

  template <class T>
  static void expect_right(const Conv2dAlgorithm<T>& algorithm, double tolerance) {
    Conv2dShape shape = GetParam().shape();
    shape.window.bias = Bias::present;
    for (const Conv2dPass pass : {Conv2dPass::forward, Conv2dPass::backward_input, Conv2dPass::backward_weight}) {
      if (!algorithm.supports(pass, shape)) continue;
      const std::vector<Tensor> found = results(algorithm, pass, shape), wanted = expected(pass, shape);
      for (std::size_t i = 0; i < wanted.size(); ++i)
        EXPECT_LE(deviation(found[i], wanted[i]), found[i].dtype() == DType::bf16 ? 5e-3 : tolerance)
            << algorithm.name << ", pass " << static_cast<int>(pass) << ", result " << i;
    }
  }
};

TEST_P(CudaConv2d, ARoundedWeightAtHandChangesNoBit) {
  const Conv2dShape shape = GetParam().shape();
  const Conv2dAlgorithm<BFloat16> gemm = kernels::cuda::conv2d_gemm<BFloat16>(MatmulPrecision::tf32);
  for (const Conv2dPass pass : {Conv2dPass::forward, Conv2dPass::backward_input}) {
    if (!gemm.supports(pass, shape)) continue;
    Tensors<BFloat16> t(shape, kDevice);
    Tensor weight = random_tensor(t.weight.shape(), DType::f32, 5).to(kDevice);
    Tensor scratch =
        Tensor::empty({static_cast<std::int64_t>(gemm.scratch_bytes(pass, shape)) + 1}, DType::u8, kDevice);
    std::vector<std::vector<BFloat16>> found;
    for (const BFloat16* rounded : {static_cast<const BFloat16*>(nullptr), weight.rounded()}) {
      gemm.run(
          exec_of(t.x), pass, shape,
          {t.x.mutable_data<BFloat16>(), weight.mutable_data<float>(), nullptr, t.y.mutable_data<BFloat16>(), rounded},
          scratch.raw_to_write());
      found.push_back(t.results(pass)[0].to_vector<BFloat16>());
    }
    EXPECT_TRUE(std::ranges::equal(found[0], found[1], {}, &BFloat16::bits, &BFloat16::bits));
  }
}

TEST_P(CudaConv2d, DirectAgreesWithDouble) {
  if (GetParam().shape().flops() > 1e7) return;  // There for its number of tiles; this has none.
  expect_right(kernels::cuda::conv2d_direct<float>(), 1e-5);
  expect_right(kernels::cuda::conv2d_direct<BFloat16>(), 1e-5);
}

TEST_P(CudaConv2d, ProductsInFp32AgreeWithDouble) {
  expect_right(kernels::cuda::conv2d_gemm<float>(MatmulPrecision::fp32), 1e-5);
}

TEST_P(CudaConv2d, ProductsInTf32AgreeWithDouble) {
  expect_right(kernels::cuda::conv2d_gemm<float>(MatmulPrecision::tf32), 1e-5);
}

TEST_P(CudaConv2d, ProductsInBf16AgreeWithDouble) {
  expect_right(kernels::cuda::conv2d_gemm<BFloat16>(MatmulPrecision::fp32), 1e-5);
}

TEST_P(CudaConv2d, ProductsLeaveTheMomentsOfY) {
  Conv2dShape shape = GetParam().shape();
  shape.window.bias = Bias::present;
  shape.window.moments = kernels::Moments::present;
  if (!kernels::cuda::conv2d_gemm<float>(MatmulPrecision::fp32).supports(Conv2dPass::forward, shape)) return;
  for (const double bias : {0.0, 1e4}) {
    expect_moments_of_y(kernels::cuda::conv2d_gemm<float>(MatmulPrecision::fp32), shape, bias);
    expect_moments_of_y(kernels::cuda::conv2d_gemm<float>(MatmulPrecision::tf32), shape, bias);
    expect_moments_of_y(kernels::cuda::conv2d_gemm<BFloat16>(MatmulPrecision::fp32), shape, bias);
  }
}

// cuDNN and cuBLASLt are written by others: what they and we find must be the same.
TEST_P(CudaConv2d, NvidiaLibrariesAgreeWithDouble) {
  if (kernels::cuda::conv2d_libraries<float>().empty()) GTEST_SKIP() << "neither cuDNN nor cuBLASLt";
  for (const auto& algorithm : kernels::cuda::conv2d_libraries<float>()) expect_right(algorithm, 1e-5);
  for (const auto& algorithm : kernels::cuda::conv2d_libraries<BFloat16>()) expect_right(algorithm, 5e-3);
}

INSTANTIATE_TEST_SUITE_P(Layers, CudaConv2d, testing::ValuesIn(layers()),
                         [](const testing::TestParamInfo<Layer>& layer) { return layer.param.name; });

class PrecisionScope {
 public:
  explicit PrecisionScope(MatmulPrecision wanted) { kernels::set_matmul_precision(wanted); }
  ~PrecisionScope() { kernels::set_matmul_precision(MatmulPrecision::fp32); }
};

// TF32 rounds each factor to 10 bits of fraction, by 2^-11 of it at most; fp32 doesn't round.
TEST(CudaMatmulPrecision, Tf32RoundsFactorsWhereItIsAskedFor) {
  if (!has_device()) GTEST_SKIP() << "no CUDA device";
  const Tensor x = random_tensor({4, 4, 4, 16}, DType::f32, 1), weight = random_tensor({16, 3, 3, 16}, DType::f32, 2);
  const Tensor expected = ops::conv2d(x.cast(DType::f64), weight.cast(DType::f64), {}).value();
  const auto error_in = [&](MatmulPrecision precision) {
    const PrecisionScope scope(precision);
    return deviation(ops::conv2d(x.to(kDevice), weight.to(kDevice), {}).value(), expected);
  };
  EXPECT_LT(error_in(MatmulPrecision::fp32), 1e-6);
  EXPECT_GT(error_in(MatmulPrecision::tf32), 1e-5);
  EXPECT_LT(error_in(MatmulPrecision::tf32), 1e-3);
}

TEST(ConvEngine, CudnnThatIsNotThereIsAnErrorThatSaysSo) {
  try {
    kernels::set_conv_engine(kernels::ConvEngine::cudnn);
    kernels::set_conv_engine(kernels::ConvEngine::automatic);
  } catch (const DeviceError& error) {
    EXPECT_NE(std::string(error.what()).find("cuDNN"), std::string::npos) << error.what();
    EXPECT_EQ(kernels::conv_engine(), kernels::ConvEngine::automatic);
  }
}

}  // namespace
}  // namespace sluice::test
