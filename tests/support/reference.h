// SPDX-License-Identifier: Apache-2.0
// What tests/reference holds: numbers that PyTorch wrote, and the patterns that Python and C++ make alike.
#pragma once

#include <string>

#include <sluice/core/archive.h>

namespace sluice::test {

// offset + scale * u in f64, rounded through float; u in [-1,1) is a hash of (position, stream). As pattern.py has it;
// scale or offset + scale must be exact, so that no rounding depends on the compiler.
Tensor pattern(const Shape& shape, std::uint32_t stream, double scale = 1, double offset = 0);

// tests/reference/<file>.
std::string reference_path(const std::string& file);
Archive load_reference(const std::string& file);
// The tensor of that name, in f64. Throws std::invalid_argument where there is none.
Tensor reference(const Archive& archive, const std::string& name);

}  // namespace sluice::test
