// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <sluice/core/parameter.h>

namespace sluice::optim {

// Copies the elements of `from` into the tensors of the same names in `to`. Throws std::invalid_argument "[who] ...",
// and changes nothing, where an entry is missing, unexpected, or of another shape or type.
void copy_named(const char* who, const std::vector<NamedTensor>& from, const std::vector<NamedTensor>& to);

}  // namespace sluice::optim
