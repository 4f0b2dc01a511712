// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/settings.h>

#include <cstdlib>
#include <string_view>

#include <sluice/base/error.h>

namespace sluice::emulator {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const std::string text(variable(name));
  if (text.empty()) return otherwise;
  char* end = nullptr;
  const std::uint64_t value = std::strtoull(text.c_str(), &end, 10);
  require(*end == '\0', "emulator", name, " expects a whole number, got '", text, "'");
  return value;
}

int whole(const char* name, int otherwise) {
  return static_cast<int>(number(name, static_cast<std::uint64_t>(otherwise)));
}

Order order() {
  const std::string_view name = variable("SLUICE_EMULATOR_ORDER");
  if (name == "" || name == "forward") return Order::forward;
  if (name == "reverse") return Order::reverse;
  if (name == "random") return Order::random;
  require(name == "greedy", "emulator", "SLUICE_EMULATOR_ORDER expects forward, reverse, random or greedy, got '", name,
          "'");
  return Order::greedy;
}

AsyncCopies async_copies() {
  const std::string_view name = variable("SLUICE_EMULATOR_ASYNC");
  if (name == "" || name == "lazy") return AsyncCopies::lazy;
  require(name == "eager", "emulator", "SLUICE_EMULATOR_ASYNC expects lazy or eager, got '", name, "'");
  return AsyncCopies::eager;
}

}  // namespace

Settings& settings() {
  static Settings settings{.order = order(),
                           .seed = number("SLUICE_EMULATOR_SEED", 1),
                           .async_copies = async_copies(),
                           .memory_bytes = number("SLUICE_EMULATOR_MEMORY", Settings{}.memory_bytes),
                           .trace = number("SLUICE_EMULATOR_TRACE", 0) != 0,
                           .launches = std::string(variable("SLUICE_EMULATOR_LAUNCHES")),
                           .driver = whole("SLUICE_EMULATOR_DRIVER", Settings{}.driver),
                           .devices = whole("SLUICE_EMULATOR_DEVICES", Settings{}.devices),
                           .capability = whole("SLUICE_EMULATOR_CAPABILITY", Settings{}.capability),
                           .code = whole("SLUICE_EMULATOR_CODE", Settings{}.code),
                           .fault = std::string(variable("SLUICE_EMULATOR_FAULT"))};
  return settings;
}

}  // namespace sluice::emulator
