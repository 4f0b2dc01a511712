// SPDX-License-Identifier: Apache-2.0
// --device and --precision, as every program has them.
#pragma once

#include <string>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace CLI {
class Validator;
}

namespace sluice::apps {

// A validator for "auto", "cpu", "cuda" and "cuda:N".
CLI::Validator device_name();

// auto: the first CUDA device where there is one; else the CPU, after one line on stderr that says why, in a build that
// has the CUDA device. Throws DeviceError, with the reason, where a device that was asked for can't be used.
Device choose_device(const char* program, const std::string& name);

// "NVIDIA H100 80GB HBM3 (cuda:0, sm_90, 79 GiB)"; "cpu".
std::string device_text(Device device);

// fp32, tf32 (activations in f32, products of f32 by tensor cores with TF32 factors) or bf16. Returns the type of the
// activations and sets the precision of products. Throws UsageError for tf32 on the CPU.
DType choose_precision(const std::string& name, Device device);

// native, cudnn or auto. Throws DeviceError for cudnn in a build without it.
void choose_conv_engine(const std::string& name);

}  // namespace sluice::apps
