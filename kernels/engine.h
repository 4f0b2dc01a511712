// SPDX-License-Identifier: Apache-2.0
// Which implementation of a kernel the CPU device uses where it has several: the fastest it knows, or the plain loops
// (the oracle, and what a build without oneDNN has).
#pragma once

namespace sluice::kernels {

enum class Engine : unsigned char { fastest, plain };

Engine engine();
void set_engine(Engine engine);

// Sets the engine for a scope.
class EngineScope {
 public:
  explicit EngineScope(Engine wanted) : before_(engine()) { set_engine(wanted); }
  ~EngineScope() { set_engine(before_); }
  EngineScope(const EngineScope&) = delete;
  EngineScope& operator=(const EngineScope&) = delete;

 private:
  Engine before_;
};

}  // namespace sluice::kernels
