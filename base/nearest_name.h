// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice {

// The name that a misspelt one most likely meant: the least number of insertions, deletions, substitutions and swaps of
// neighbours, upper and lower case alike; the first of equals. Empty where `names` is empty.
std::string nearest_name(std::string_view wanted, std::span<const std::string> names);

}  // namespace sluice
