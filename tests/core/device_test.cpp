// SPDX-License-Identifier: Apache-2.0
// Devices, their memory and their graphs, on the device that SLUICE_TEST_DEVICE names.
#include <sluice/kernels/runtime/device.h>

#include <gtest/gtest.h>

#include <numeric>

#include <sluice/core/graph.h>
#include <sluice/core/ops.h>
#include <sluice/nn/models.h>
#include <sluice/nn/state.h>
#include "tests/support/device.h"

namespace sluice {
namespace {

std::vector<float> ascending(std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

template <class Exception, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Device, ThatIsNotThereIsAnErrorThatSaysWhy) {
  const Device absent{.kind = DeviceKind::cuda, .index = 99};
  const std::string why = kernels::why_unusable(absent);
  if (!kernels::built_with_cuda())
    EXPECT_EQ(why, "this build of Sluice has no CUDA device");
  else if (kernels::cuda_device_count() == 0)
    EXPECT_NE(why.find("NVIDIA driver"), std::string::npos) << why;
  else
    EXPECT_NE(why.find("there is no device 99"), std::string::npos) << why;
  EXPECT_EQ(message_of<DeviceError>([&] { Tensor::zeros({2}, DType::f32, absent); }), "cuda:99: " + why);
  EXPECT_EQ(kernels::why_unusable(Device{}), "");
}

TEST(Device, CopiesOfEverySizeArrive) {
  // The largest goes through every staging buffer more than once.
  for (const std::int64_t count : {1, 3, 1000, 262144, 262145, 5'000'000}) {
    const std::vector<float> values = ascending(count);
    const Tensor there = Tensor::from<float>(values, {count}, test::test_device());
    EXPECT_EQ(there.clone().to_vector<float>(), values) << count;
    EXPECT_EQ(there.to(Device{}).to(test::test_device()).to_vector<float>(), values) << count;
  }
}

TEST(Device, FillsEveryType) {
  const Device device = test::test_device();
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i32})
    for (const std::int64_t count : {1, 7, 1000}) {
      const Tensor filled = Tensor::full({count}, -3, dtype, device);
      EXPECT_EQ(filled.rows(count - 1, 1).item(), -3) << name_of(dtype) << count;
    }
}

TEST(Device, OutOfMemorySaysWhoAskedForWhatAndWhatIsHeld) {
  const Device device = test::test_device();
  const Tensor held = Tensor::zeros({1 << 20}, DType::f32, device);
  const std::string message =
      message_of<OutOfMemory>([&] { Tensor::empty({std::int64_t{1} << 50}, DType::f32, device); });
  EXPECT_EQ(message.rfind(concat("[device_test] out of memory on ", device, ": asked for 4294967296 MiB; "), 0), 0U)
      << message;
  EXPECT_NE(message.find("are in use"), std::string::npos) << message;
  EXPECT_NE(message.find("--accumulate"), std::string::npos) << message;
  EXPECT_EQ(held.rows(5, 1).item(), 0);
}

TEST(Device, OperandsOfTwoDevicesAreRefused) {
  const Device device = test::test_device();
  if (device.kind == DeviceKind::cpu) GTEST_SKIP() << "needs a second device";
  const Tensor here = Tensor::zeros({2, 3, 3, 4}, DType::f32);
  const Tensor there = Tensor::zeros({2, 3, 3, 4}, DType::f32, device);
  const auto refusal = [](const char* op) { return concat("[", op, "] expects operands on cuda:0, got one on cpu"); };
  EXPECT_EQ(message_of<std::invalid_argument>([&] { ops::add(there, here); }), refusal("add"));
  EXPECT_EQ(message_of<std::invalid_argument>([&] { ops::conv2d(there, here, Variable(), {}); }), refusal("conv2d"));
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              ops::softmax_cross_entropy(there.reshape({2, 36}), Tensor::zeros({2}, DType::i32));
            }),
            refusal("softmax_cross_entropy"));
}

TEST(Device, ModelsMoveThereAsTheyAre) {
  const auto model = nn::make_model({.name = "mlp_paper", .image = {1, 1, 2}, .classes = 2, .seed = 5});
  const std::vector<NamedTensor> before = nn::model_state(*model);
  model->to(test::test_device());
  for (const NamedParameter& parameter : model->parameters())
    EXPECT_EQ(parameter.variable.value().device(), test::test_device()) << parameter.name;
  for (const NamedTensor& buffer : model->buffers()) EXPECT_EQ(buffer.tensor.device(), test::test_device());
  const std::vector<NamedTensor> after = nn::model_state(*model);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i)
    EXPECT_EQ(after[i].tensor.to_vector<float>(), before[i].tensor.to_vector<float>()) << after[i].name;
}

class DeviceGraph : public testing::Test {
 protected:
  void SetUp() override {
    if (test::test_device().kind == DeviceKind::cpu) GTEST_SKIP() << "the cpu device records no graphs";
  }
};

TEST_F(DeviceGraph, ReplaysOnWhatIsInMemoryThen) {
  const Device device = test::test_device();
  Tensor x = Tensor::full({1000}, 1, DType::f32, device);
  Tensor y = Tensor::zeros({1000}, DType::f32, device);
  const auto work = [&] { y.copy_from(ops::add(ops::multiply(x, 2), y).value()); };
  Graph graph(device);
  graph.warm_up(work);
  EXPECT_EQ(y.rows(999, 1).item(), 2);
  graph.capture(work);
  EXPECT_EQ(y.rows(999, 1).item(), 2) << "a capture runs nothing";
  graph.replay();
  EXPECT_EQ(y.rows(999, 1).item(), 4);
  x.fill(10);
  graph.replay();
  graph.replay();
  EXPECT_EQ(y.rows(999, 1).item(), 44);
}

TEST_F(DeviceGraph, WritesToNoMemoryThatOthersWereGiven) {
  const Device device = test::test_device();
  const Tensor x = Tensor::full({1000}, 1, DType::f32, device);
  Tensor y = Tensor::zeros({1000}, DType::f32, device);
  const auto work = [&] { y.copy_from(ops::multiply(ops::multiply(x, 2), 3).value()); };
  Graph graph(device);
  graph.warm_up(work);
  graph.capture(work);
  // Of the size of the graph's own temporaries, and living over a replay.
  std::vector<Tensor> others;
  for (int i = 0; i < 4; ++i) others.push_back(Tensor::full({1000}, 7, DType::f32, device));
  graph.replay();
  EXPECT_EQ(y.rows(0, 1).item(), 6);
  for (const Tensor& other : others) EXPECT_EQ(other.to_vector<float>(), std::vector<float>(1000, 7.0F));
}

TEST_F(DeviceGraph, AsksTheDriverForNothingAfterTheWarmUp) {
  const Device device = test::test_device();
  const Tensor x = Tensor::full({123'457}, 1, DType::f32, device);
  const auto work = [&] { ops::multiply(ops::multiply(x, 2), 3); };
  Graph graph(device);
  graph.warm_up(work);
  const std::uint64_t before = allocator(device).statistics().driver_allocations;
  graph.capture(work);
  graph.replay();
  EXPECT_EQ(allocator(device).statistics().driver_allocations, before);
}

TEST_F(DeviceGraph, CantHoldWhatTheHostReads) {
  const Device device = test::test_device();
  Tensor x = Tensor::full({1}, 1, DType::f32, device);
  Graph graph(device);
  EXPECT_NE(message_of<DeviceError>([&] { graph.capture([&] { x.item(); }); }).find("can't be part of a captured step"),
            std::string::npos);
  EXPECT_FALSE(graph.captured());
  // The stream works on.
  x.fill(5);
  EXPECT_EQ(x.item(), 5);
}

}  // namespace
}  // namespace sluice
