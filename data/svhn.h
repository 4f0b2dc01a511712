// SPDX-License-Identifier: Apache-2.0
// The cropped digits of Street View House Numbers (Netzer et al., "Reading digits in natural images with unsupervised
// feature learning", 2011; http://ufldl.stanford.edu/housenumbers), in MATLAB's files.
#pragma once

#include <filesystem>

#include <sluice/data/dataset.h>

namespace sluice::data {

// `folder` holds train_32x32.mat and test_32x32.mat, or holds a folder svhn that does. Each has X, u8 of 32x32x3xN, and
// y, N labels from 1 to 10, where 10 is the digit 0; here the label is the digit. Throws IoError: files that are
// missing, damaged or no MATLAB files, variables that are missing or of other extents or types, and labels out of
// range.
ImageSplits load_svhn(const std::filesystem::path& folder);

}  // namespace sluice::data
