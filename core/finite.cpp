// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/finite.h>

#include <cstdint>
#include <cstring>

namespace sluice {
namespace {

// An IEEE number is NaN or infinite where all bits of its exponent are set.
template <class Bits>
bool has_full_exponent(const Tensor& tensor, Bits exponent) {
  const auto* elements = static_cast<const std::byte*>(tensor.raw());
  const std::int64_t size = tensor.size();
  int found = 0;
#pragma omp parallel for reduction(| : found) if (size > 1 << 16)
  for (std::int64_t i = 0; i < size; ++i) {
    Bits bits;
    std::memcpy(&bits, elements + i * std::int64_t{sizeof(Bits)}, sizeof(Bits));
    found |= (bits & exponent) == exponent;
  }
  return found != 0;
}

}  // namespace

bool all_finite(const Tensor& tensor) {
  if (!tensor.defined()) return true;
  if (tensor.device().kind != DeviceKind::cpu) return all_finite(tensor.to(Device{}));
  switch (tensor.dtype()) {
    case DType::f32: return !has_full_exponent<std::uint32_t>(tensor, 0x7f800000u);
    case DType::f64: return !has_full_exponent<std::uint64_t>(tensor, 0x7ff0000000000000u);
    case DType::bf16: return !has_full_exponent<std::uint16_t>(tensor, 0x7f80u);
    default: return true;
  }
}

}  // namespace sluice
