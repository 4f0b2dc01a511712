// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice::apps {

// Lets idle OpenMP threads sleep instead of spin, which on a machine with other work costs far more than it saves.
// OpenMP reads OMP_WAIT_POLICY before main() begins, so the program is started once more in its own place, with that
// set; where the user has set it, or GOMP_SPINCOUNT, nothing happens. First thing in main().
void wait_passively(char** argv);

}  // namespace sluice::apps
