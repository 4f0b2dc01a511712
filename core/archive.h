// SPDX-License-Identifier: Apache-2.0
// Named tensors in a file, in the safetensors format: 8 bytes of header length (little-endian), a JSON header of names,
// types, shapes and offsets, then the elements. Source: https://github.com/huggingface/safetensors, "Format". Files
// that are written here hold a checksum of themselves among their metadata, which other readers of the format pass
// over.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sluice/core/parameter.h>

namespace sluice {

struct Archive {
  std::vector<NamedTensor> tensors;  // on the host, in the order of their bytes in the file
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> left_out;  // entries of types that are not read: name and type ("I64")
};

// Writes the tensors, from any device, with wider element types first so that every element is aligned. The file is
// replaced as a whole or not at all (base/file.h). Throws WriteError naming the path, what failed and why; the old file
// is untouched then. Throws std::invalid_argument for a name that is empty, doubled or "__metadata__", or an undefined
// tensor.
void save_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                      const std::map<std::string, std::string>& metadata);

// Reads F32, BF16, F64, I32 and U8 entries bit for bit, and F16 as f32 of the same values; entries of other types
// (PyTorch's counters of batches are I64) are checked and left out. Every field is validated, and the checksum where
// there is one; IoError names the file, the entry, what was expected and what was found.
Archive load_safetensors(const std::filesystem::path& path);

// Convolution weights [K,R,S,C] as PyTorch's [K,C,R,S]; a tensor of another rank than 4 is returned as it is.
Tensor to_pytorch_layout(const Tensor& tensor);
// The inverse.
Tensor from_pytorch_layout(const Tensor& tensor);

}  // namespace sluice
