// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine.h"

#include <atomic>

#include "kernels/base/error.h"

namespace sluice::kernels {
namespace {

std::atomic<Engine> current{Engine::fastest};
std::atomic<ConvEngine> current_conv{ConvEngine::automatic};
std::atomic<MatmulPrecision> current_precision{MatmulPrecision::fp32};

}  // namespace

Engine engine() { return current; }
void set_engine(Engine engine) { current = engine; }

ConvEngine conv_engine() { return current_conv; }
void set_conv_engine(ConvEngine engine) {
#ifndef SLUICE_WITH_CUDNN
  if (engine == ConvEngine::cudnn) throw DeviceError("this build of Sluice has no cuDNN");
#endif
  current_conv = engine;
}

MatmulPrecision matmul_precision() { return current_precision; }
void set_matmul_precision(MatmulPrecision precision) { current_precision = precision; }

}  // namespace sluice::kernels
