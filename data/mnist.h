// SPDX-License-Identifier: Apache-2.0
// Data sets in the IDX files of MNIST (LeCun, Cortes and Burges; https://yann.lecun.com/exdb/mnist/), Fashion-MNIST
// (Xiao, Rasul and Vollgraf, 2017) and Kuzushiji-MNIST (Clanuwat et al., 2018).
#pragma once

#include <filesystem>

#include <sluice/data/dataset.h>

namespace sluice::data {

enum class Mnist { digits, fashion, kuzushiji };

// `folder` holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k, each packed by gzip (then
// usually with .gz behind the name) or not, or with ".idx" for "-idx"; or it holds a folder mnist, fashion-mnist or
// kmnist that does, or torchvision's MNIST/raw, FashionMNIST/raw or KMNIST/raw. A file without .gz is taken first.
// Throws IoError: files that are missing, truncated, oversized, damaged, of a wrong magic number or of extents that
// disagree, and labels out of range (with file, record and value).
ImageSplits load_mnist(Mnist variant, const std::filesystem::path& folder);

}  // namespace sluice::data
