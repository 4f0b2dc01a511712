// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/dlpack.h>

#include <gtest/gtest.h>

#include <sluice/core/ops/math.h>
#include "tests/support/complaint.h"

#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>

namespace sluice::test {
namespace {

// Memory of another library: counts how often it was freed.
struct Foreign {
  alignas(16) float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  std::int64_t extents[2] = {2, 3}, strides[2] = {3, 1};
  int freed = 0;
  DLManagedTensor managed{};

  Foreign() {
    managed.dl_tensor = {values, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, extents, strides, 0};
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensor* self) { ++static_cast<Foreign*>(self->manager_ctx)->freed; };
  }
};

TEST(Dlpack, OutAndInSharesTheMemory) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i32, DType::u8}) {
    Tensor x = Tensor::empty({2, 3, 4}, dtype);
    DLManagedTensor* managed = to_dlpack(x);
    EXPECT_EQ(managed->dl_tensor.data, x.raw());
    EXPECT_EQ(managed->dl_tensor.strides[0], 12);
    const Tensor back = from_dlpack(managed);
    EXPECT_EQ(back.raw(), x.raw());
    EXPECT_EQ(back.shape(), x.shape());
    EXPECT_EQ(back.dtype(), dtype);
  }
}

TEST(Dlpack, ElementsOutliveTheTensorUntilTheDeleterIsCalled) {
  DLManagedTensor* managed = nullptr;
  {
    const Tensor x = Tensor::from<float>({1, 2, 3}, {3});
    managed = to_dlpack(x);
  }
  EXPECT_EQ(static_cast<const float*>(managed->dl_tensor.data)[2], 3);
  managed->deleter(managed);
}

TEST(Dlpack, ForeignMemoryIsReadWrittenAndFreedOnce) {
  Foreign foreign;
  {
    Tensor x = from_dlpack(&foreign.managed);
    const Tensor copy = x;
    EXPECT_EQ(x.to_vector<float>(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    x.mutable_data<float>()[1] = -2;
    EXPECT_EQ(foreign.values[1], -2);
    // The copy in bf16 does not see who writes from outside; it is made anew.
    EXPECT_EQ(static_cast<float>(x.rounded()[0]), 1);
    foreign.values[0] = 8;
    EXPECT_EQ(static_cast<float>(x.rounded()[0]), 8);
    EXPECT_EQ(foreign.freed, 0);
  }
  EXPECT_EQ(foreign.freed, 1);
}

// An operation that may write over what nobody else holds leaves foreign memory alone.
TEST(Dlpack, ForeignMemoryIsNobodysScratch) {
  Foreign foreign;
  Tape tape;
  const Variable x = tape.watched(Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3}));
  tape.backward(ops::negative(x), from_dlpack(&foreign.managed));
  EXPECT_EQ(foreign.values[0], 1);
  EXPECT_EQ(x.gradient().to_vector<float>()[0], -1);
}

TEST(Dlpack, WhatDoesNotFitIsRefusedAndFreed) {
  const auto refused = [](const auto& change) {
    Foreign foreign;
    change(foreign);
    const std::string why = complaint([&] { from_dlpack(&foreign.managed); });
    EXPECT_EQ(foreign.freed, 1) << why;
    return why;
  };
  EXPECT_EQ(refused([](Foreign& f) { f.managed.dl_tensor.dtype.bits = 16; }),
            "[from_dlpack] expects f32, bf16, f64, i32, u8 or bool, got type code 2 of 16 bits and 1 lanes");
  EXPECT_EQ(refused([](Foreign& f) { f.strides[0] = 1; }),
            "[from_dlpack] expects elements in row-major order, got stride 1 of axis 0 of [2,3]");
  EXPECT_EQ(refused([](Foreign& f) { f.managed.dl_tensor.device.device_type = kDLMetal; }),
            "[from_dlpack] expects memory of the cpu or of cuda, got device type 8");
  EXPECT_EQ(refused([](Foreign& f) { f.managed.dl_tensor.ndim = 7; }), "[from_dlpack] expects at most 6 axes, got 7");
  EXPECT_NE(refused([](Foreign& f) { f.managed.dl_tensor.byte_offset = 4; }).find("expects memory at a multiple of 16"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::test

#else

namespace sluice::test {
namespace {

TEST(Dlpack, IsNotThere) { EXPECT_THROW(to_dlpack(Tensor::zeros({1}, DType::f32)), DeviceError); }

}  // namespace
}  // namespace sluice::test

#endif
