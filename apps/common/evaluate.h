// SPDX-License-Identifier: Apache-2.0
// The loss and accuracy of a model on a whole data set, as papers report them: eval mode, no augmentation, no flooding.
#pragma once

#include <sluice/data/augment.h>
#include <sluice/data/dataset.h>
#include <sluice/nn/module.h>

namespace sluice::apps {

struct Evaluation {
  double loss = 0;      // mean cross entropy over the images, nats
  double accuracy = 0;  // share of images whose largest logit is their label's, in [0,1]; NaN with undecided ones
  std::int64_t images = 0;
  std::int64_t undecided = 0;          // images with a logit that is NaN, for which nothing was predicted
  std::vector<double> class_accuracy;  // of the images of each class; NaN without images, and with undecided ones
  Tensor logits;                       // f32 [images, classes], where they were asked for
};

enum class KeepLogits : bool { no, yes };

// On the device of the model, which keeps the mode in which it was. Throws Interrupted after a signal, between batches.
// `precision` is the type of the activations.
Evaluation evaluate(nn::Module& model, const data::ImageDataset& dataset, const data::Normalisation& normalisation,
                    DType precision, std::int64_t batch_size = 256, KeepLogits keep = KeepLogits::no);

}  // namespace sluice::apps
