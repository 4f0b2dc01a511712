// SPDX-License-Identifier: Apache-2.0
// The fuzzer of all doors, over libFuzzer:
//   sluice-fuzz --door=NAME [libFuzzer's options and folders]
//   sluice-fuzz --doors                       lists them
//   sluice-fuzz --door=NAME --seeds=FOLDER    writes the door's seeds into that folder
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "tests/fuzz/door.h"

namespace {

const sluice::fuzz::Door* chosen = nullptr;

std::string_view value_of(int argc, char** argv, std::string_view option) {
  for (int i = 1; i < argc; ++i)
    if (std::string_view(argv[i]).starts_with(option)) return std::string_view(argv[i]).substr(option.size());
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  for (int i = 1; i < *argc; ++i)
    if (std::string_view((*argv)[i]) == "--doors") {
      for (const sluice::fuzz::Door& door : sluice::fuzz::doors()) std::printf("%s\n", door.name.c_str());
      std::exit(0);
    }
  const std::string_view name = value_of(*argc, *argv, "--door=");
  for (const sluice::fuzz::Door& door : sluice::fuzz::doors())
    if (door.name == name) chosen = &door;
  if (chosen == nullptr) {
    std::fprintf(stderr, "sluice-fuzz: expects --door=NAME of those that --doors lists\n");
    std::exit(2);
  }
  if (const std::filesystem::path folder = value_of(*argc, *argv, "--seeds="); !folder.empty()) {
    int number = 0;
    for (const sluice::fuzz::Bytes& seed : chosen->seeds())
      std::ofstream(folder / ("seed" + std::to_string(number++)), std::ios::binary)
          .write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  chosen->open({bytes, size});
  return 0;
}
