// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine.h"

#include <atomic>

namespace sluice::kernels {
namespace {

std::atomic<Engine> current{Engine::fastest};

}  // namespace

Engine engine() { return current; }
void set_engine(Engine engine) { current = engine; }

}  // namespace sluice::kernels
