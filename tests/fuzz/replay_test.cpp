// SPDX-License-Identifier: Apache-2.0
// What the fuzzer starts from, and what it once found, in every build.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "tests/fuzz/door.h"

namespace sluice::fuzz {
namespace {

class Doors : public testing::TestWithParam<Door> {};

TEST_P(Doors, TakeTheirSeedsAndSurviveChangesOfThem) {
  std::mt19937 random(1);
  for (const Bytes& seed : GetParam().seeds()) {
    GetParam().open(seed);
    for (int change = 0; change < 200; ++change) {
      Bytes changed = seed;
      changed[random() % changed.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
      if (change % 4 == 0) changed.resize(random() % changed.size());
      GetParam().open(changed);
    }
  }
}

TEST_P(Doors, SurviveWhatWasFound) {
  const std::filesystem::path folder = std::filesystem::path(SLUICE_REGRESSIONS_FOLDER) / GetParam().name;
  std::error_code absent;  // nothing was found at this door
  for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(folder, absent)) {
    std::ifstream in(entry.path(), std::ios::binary);
    GetParam().open(Bytes{std::istreambuf_iterator<char>(in), {}});
  }
}

INSTANTIATE_TEST_SUITE_P(All, Doors, testing::ValuesIn(doors()),
                         [](const testing::TestParamInfo<Door>& door) { return door.param.name; });

}  // namespace
}  // namespace sluice::fuzz
