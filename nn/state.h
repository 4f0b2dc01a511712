// SPDX-License-Identifier: Apache-2.0
// A model's parameters and buffers as PyTorch's state_dict has them: the same names, convolution weights [K,C,R,S],
// linear weights after a flattened image with columns over [C,H,W].
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <sluice/core/archive.h>
#include <sluice/nn/module.h>

namespace sluice::nn {

// Copies in PyTorch's layout, on the host: the parameters, then the buffers.
std::vector<NamedTensor> model_state(const Module& model);

// Copies the entries into the model; f32, bf16 and f64 are converted to the type of the model. "module." and
// "_orig_mod." before a name, which PyTorch's DistributedDataParallel and torch.compile put there, are taken off.
// Entries of whole numbers that the model does not have are passed over, as are those named *.num_batches_tracked.
// Throws IoError, and leaves the model as it was, that lists what is missing, unexpected or misshapen.
void load_model_state(Module& model, const std::vector<NamedTensor>& state);
void load_model_state(Module& model, const Archive& archive);

// A safetensors file of the above. Throws as save_safetensors, load_safetensors and load_model_state do.
void save_model(const Module& model, const std::filesystem::path& path,
                const std::map<std::string, std::string>& metadata = {});
void load_model(Module& model, const std::filesystem::path& path);

}  // namespace sluice::nn
