// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sluice::apps {

// Runs gnuplot on the commands. The result is empty, or says why it failed; gnuplot's own complaints go to stderr.
std::string run_gnuplot(const std::string& commands);

}  // namespace sluice::apps
