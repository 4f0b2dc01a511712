// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/settings.h>

#include <atomic>

#include <sluice/base/error.h>
#include <sluice/kernels/cuda/conv2d_libraries.h>

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
  if (engine == ConvEngine::cudnn) cuda::require_cudnn();
  current_conv = engine;
}

MatmulPrecision matmul_precision() { return current_precision; }
void set_matmul_precision(MatmulPrecision precision) { current_precision = precision; }

}  // namespace sluice::kernels
