// SPDX-License-Identifier: Apache-2.0
#include "tests/cases/cases.h"

#include <algorithm>
#include <iterator>

namespace sluice::test {

std::vector<OpCase> all_cases() {
  std::vector<OpCase> all;
  for (const auto& list : {activation_cases, elementwise_cases}) std::ranges::move(list(), std::back_inserter(all));
  return all;
}

}  // namespace sluice::test
