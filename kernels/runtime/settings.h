// SPDX-License-Identifier: Apache-2.0
// Settings of the process: which implementation of a kernel a device uses where it has several, and how exact matrix
// products are.
#pragma once

namespace sluice::kernels {

// The CPU device: the fastest it knows, or the plain loops (the oracle, and what a build without oneDNN has).
enum class Engine : unsigned char { fastest, plain };

Engine engine();
void set_engine(Engine engine);

// Convolutions and linear maps of the CUDA device: by our kernels, by NVIDIA's libraries (cuDNN, cuBLASLt), or by the
// faster at each shape (kernels/runtime/tuning.h). At first `automatic`, which is our kernels where there are no
// libraries.
enum class ConvEngine : unsigned char { native, cudnn, automatic };

ConvEngine conv_engine();
// Throws DeviceError for `cudnn` where it is not in the build or not on the machine.
void set_conv_engine(ConvEngine engine);

// Products of f32 matrices and convolutions on the CUDA device: in f32, or on tensor cores with factors rounded to
// TF32's 10 bits and sums in f32. At first `fp32`. What is bf16 does not mind.
enum class MatmulPrecision : unsigned char { fp32, tf32 };

MatmulPrecision matmul_precision();
void set_matmul_precision(MatmulPrecision precision);

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
