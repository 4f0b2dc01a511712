// SPDX-License-Identifier: Apache-2.0
// The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning multiple layers of features from tiny images",
// 2009; https://www.cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <filesystem>
#include <optional>

#include <sluice/data/dataset.h>

namespace sluice::data {

// cifar10: a record is a label and the red, green and blue planes of 32x32 bytes (3073 bytes). cifar100: a coarse label
// comes before the fine one, which is the one that is kept (3074 bytes).
enum class Cifar { cifar10, cifar100 };

// `folder` holds the official files, or holds the folder cifar-10-batches-bin or cifar-100-binary that does. For
// CIFAR-10 it may hold train.bin and test.bin instead, of any number of records. Throws IoError: files that are
// missing, truncated or oversized, and labels out of range (with file, record and value).
ImageSplits load_cifar(Cifar variant, const std::filesystem::path& folder);

// One file of records; `records` is how many it must have.
ImageDataset load_cifar_file(Cifar variant, const std::filesystem::path& path,
                             std::optional<std::int64_t> records = std::nullopt);

}  // namespace sluice::data
