// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/symbol.h>

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include <sluice/base/error.h>

namespace sluice::emulator {

std::string source_line(const void* address) {
  // A return address: the call is before it.
  const std::string command = concat("addr2line -i -e /proc/", getpid(), "/exe ",
                                     static_cast<const void*>(static_cast<const char*>(address) - 1), " 2>/dev/null");
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string found;
  char buffer[1024];
  while (pipe != nullptr && std::fgets(buffer, sizeof buffer, pipe.get()) != nullptr) {
    std::string_view line(buffer);
    line = line.substr(0, line.find_first_of("\n ("));
    const std::string_view name = line.substr(line.rfind('/') + 1);
    if (found.empty()) found = name;
    if (line.find("emulator/") != line.npos || line.starts_with("/usr/")) continue;
    return std::string(name);
  }
  return found.empty() ? "an unknown place (is addr2line installed?)" : found;
}

}  // namespace sluice::emulator
