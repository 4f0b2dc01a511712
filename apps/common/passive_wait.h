// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice::apps {

// Lets idle OpenMP threads sleep soon instead of spin: on a machine with other work, spinning costs far more than it
// saves. OpenMP reads GOMP_SPINCOUNT before main() begins, so the program is started once more in its own place, with
// that set; where the user has set it, or OMP_WAIT_POLICY, nothing happens. First thing in main().
void wait_passively(char** argv);

}  // namespace sluice::apps
