// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sluice::emulator {

// "conv2d.cu:31" of an address in the program (by addr2line; the build is not position independent): the innermost
// frame that is not the emulator's own.
std::string source_line(const void* address);

}  // namespace sluice::emulator
