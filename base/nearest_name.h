// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice {

// The name that a misspelt one most likely meant: the least number of insertions, deletions, substitutions and swaps of
// neighbors, upper and lower case alike; the first of equals. Empty where all are further off than a third of the
// longer one's length; but a name that begins with the three letters or more of `wanted` is never too far.
std::string nearest_name(std::string_view wanted, std::span<const std::string> names);

// "; did you mean 'resnet20'?" for an error message, or "." where nothing is near.
std::string did_you_mean(std::string_view wanted, std::span<const std::string> names);

}  // namespace sluice
