// SPDX-License-Identifier: Apache-2.0
// Tensors as text against what NumPy prints: tests/reference/make_print_fixture.py.
#include <gtest/gtest.h>

#include <sstream>

#include <sluice/core/archive.h>
#include <sluice/core/print.h>

namespace sluice::test {
namespace {

std::string printed(const Tensor& tensor) {
  std::ostringstream out;
  out << tensor;
  return out.str();
}

TEST(Print, IsNumPys) {
  const Archive stored = load_safetensors(SLUICE_REFERENCE_FOLDER "/print.safetensors");
  ASSERT_EQ(stored.tensors.size(), stored.metadata.size());
  for (const NamedTensor& entry : stored.tensors)
    EXPECT_EQ(printed(entry.tensor), stored.metadata.at(entry.name)) << entry.name;
}

TEST(Print, OfBf16IsThatOfTheSameNumbers) {
  const Tensor x = Tensor::from<float>({1, 0.5F, 0.1F}, {3}).cast(DType::bf16);
  EXPECT_EQ(printed(x), printed(x.cast(DType::f32)));
  EXPECT_EQ(printed(x), "[1.         0.5        0.10009766]");
  EXPECT_EQ(printed(Tensor{}), "undefined");
}

}  // namespace
}  // namespace sluice::test
