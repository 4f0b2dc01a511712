// SPDX-License-Identifier: Apache-2.0
#include "tests/support/reference.h"

namespace sluice::test {

Tensor pattern(const Shape& shape, std::uint32_t stream, double scale, double offset) {
  Tensor tensor = Tensor::empty(shape, DType::f64);
  double* values = tensor.mutable_data<double>();
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    std::uint32_t h = static_cast<std::uint32_t>(i) * 0x9E3779B1u + stream * 0x85EBCA77u + 0x165667B1u;
    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    h ^= h >> 12;
    h *= 0x297A2D39u;
    h ^= h >> 15;
    const double u = static_cast<double>(h >> 8) * 0x1p-23 - 1.0;
    values[i] = static_cast<float>(offset + scale * u);
  }
  return tensor;
}

std::string reference_path(const std::string& file) { return std::string(SLUICE_REFERENCE_FOLDER) + "/" + file; }

Archive load_reference(const std::string& file) { return load_safetensors(reference_path(file)); }

Tensor reference(const Archive& archive, const std::string& name) {
  for (const NamedTensor& entry : archive.tensors)
    if (entry.name == name) return entry.tensor.cast(DType::f64);
  throw std::invalid_argument("no \"" + name + "\" in the reference");
}

}  // namespace sluice::test
