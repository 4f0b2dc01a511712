// SPDX-License-Identifier: Apache-2.0
// More losses, written with other operations; those with kernels of their own stand in loss.h. Inputs are f32, bf16 or
// f64; results are of the master type (f32, or f64 beside f64), in which all is computed. Gradients go to every
// floating input, targets included. Each can be flooded: flood(l1_loss(x, target), level). All throw
// std::invalid_argument, naming the loss, for shapes and types that don't fit.
#pragma once

#include <sluice/core/ops/loss.h>

namespace sluice::ops {

// What becomes of the terms of a loss: kept as they are; their mean or sum, a scalar; their sum over the extent of the
// first axis.
enum class Reduction : unsigned char { none, mean, sum, batch_mean };

struct SoftTargetOptions {
  double label_smoothing = 0;  // in [0,1], as in CrossEntropyOptions
  Tensor class_weights;        // f32 [C], or undefined
  Reduction reduction = Reduction::mean;
};

// -sum_c w_c t_c log softmax(logits)_c of each row, t being its targets: a distribution over the classes, as in
// distillation, MixUp and CutMix (torch.nn.functional.cross_entropy with probabilities as targets). logits and targets
// [N,C] of one type. The mean is over the rows, whatever the weights.
Variable soft_target_cross_entropy(const Variable& logits, const Variable& targets,
                                   const SoftTargetOptions& options = {});

// -log_probabilities[n, label] of logarithms of probabilities [N,C]: softmax_cross_entropy is this of log_softmax. As
// there, class weights weigh the mean, and rows of ignore_index don't count; label_smoothing must be 0.
Variable nll_loss(const Variable& log_probabilities, const Tensor& labels, const CrossEntropyOptions& options = {},
                  Reduction reduction = Reduction::mean);

// -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)) of logits x and targets t in [0,1], of one shape and type.
Variable binary_cross_entropy_with_logits(const Variable& logits, const Variable& targets,
                                          Reduction reduction = Reduction::mean);

// t (log t - x) of logarithms of probabilities x and of probabilities t, of one shape and type; with `LogTarget::yes`,
// t are logarithms too. The Kullback-Leibler divergence of rows is Reduction::batch_mean; the default is PyTorch's.
enum class LogTarget : bool { no, yes };
Variable kl_div(const Variable& log_probabilities, const Variable& targets, Reduction reduction = Reduction::mean,
                LogTarget log_target = LogTarget::no);

// |x - t|, whose gradient is 0 where they are equal; x and t of one shape and type.
Variable l1_loss(const Variable& x, const Variable& target, Reduction reduction = Reduction::mean);

// d^2 / (2 beta) for d = x - t within beta, else |d| - beta / 2; beta >= 0, and 0 is l1_loss.
Variable smooth_l1_loss(const Variable& x, const Variable& target, double beta = 1,
                        Reduction reduction = Reduction::mean);

// a.b / (max(|a|, epsilon) max(|b|, epsilon)) along an axis, which goes; a and b of one type, broadcast. Not reduced.
Variable cosine_similarity(const Variable& a, const Variable& b, int axis = 1, double epsilon = 1e-8);

// Of rows a and b [N,D] with targets [N]: 1 - cosine where the target is 1, max(0, cosine - margin) where it is -1.
Variable cosine_embedding_loss(const Variable& a, const Variable& b, const Variable& targets, double margin = 0,
                               Reduction reduction = Reduction::mean);

// max(0, margin - t x) of scores x and targets t = 1 or -1, of one shape and type; gradient 0 at the kink.
Variable hinge_loss(const Variable& x, const Variable& targets, double margin = 1,
                    Reduction reduction = Reduction::mean);

// The hinge of several classes: sum over the other classes c of max(0, margin - x[label] + x[c]) / C, for each row of
// scores x [N,C]; labels i32 [N] in [0,C).
Variable multi_margin_loss(const Variable& x, const Tensor& labels, double margin = 1,
                           Reduction reduction = Reduction::mean);

}  // namespace sluice::ops
