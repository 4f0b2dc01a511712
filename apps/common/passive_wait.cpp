// SPDX-License-Identifier: Apache-2.0
#include "apps/common/passive_wait.h"

#include <unistd.h>

#include <cstdlib>

namespace sluice::apps {

void wait_passively(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  // Some microseconds: between two loops of one step threads stay awake.
  if (::setenv("GOMP_SPINCOUNT", "3000", 1) != 0) return;
  ::execv("/proc/self/exe", argv);
  // It could not be started again: the program goes on as it is.
}

}  // namespace sluice::apps
