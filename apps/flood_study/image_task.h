// SPDX-License-Identifier: Apache-2.0
// The paper's benchmarks: images with their official labels, a part of the training set held out to choose by. Pixels
// map to [0,1], without further normalisation, as in the authors' repository.
#pragma once

#include <sluice/data/dataset.h>
#include "apps/flood_study/options.h"
#include "apps/flood_study/task.h"

namespace sluice::study {

// Loads the images that the options name. Throws what data::load_dataset throws.
data::ImageSplits load_images(const StudyOptions& options);

// Batches are at most this many images in validation and test.
inline constexpr std::int64_t kEvaluationBatch = 256;

// Wrong labels, where the cell has them, are in training and validation; the test set stays as it is. The seed decides
// which images are held out, the wrong labels, the initial weights and the order of the batches.
std::unique_ptr<Task> make_image_task(const StudyOptions& options, const data::ImageSplits& images, const Cell& cell,
                                      std::int64_t seed);

// The same task with as few images as have batches of all its sizes, so that one epoch makes every choice of algorithm
// (kernels/runtime/tuning.h) that the whole task will need.
std::unique_ptr<Task> make_rehearsal(const StudyOptions& options, const data::ImageSplits& images);

}  // namespace sluice::study
