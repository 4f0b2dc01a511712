// SPDX-License-Identifier: Apache-2.0
// The odd epochs of RelaxLoss, over logits [N,C], C >= 2, with p = softmax(x_i), y = labels[i] and the mean cross
// entropy L:
//
//   value = L                                            where L > level
//           mean_i( w_i H(t_i, p) + log p_y )            elsewhere, where
//   H(t, p) = -sum_c t_c log p_c,  t_y = p_y,  t_c = (1 - p_y) / (C - 1) for the other classes,
//   w_i = 0 where x_y is the largest logit (the first of equals), 1 elsewhere.
//
// The derivative goes through t as well, as in the authors' code. Bound by bytes: each pass reads the logits, backward
// writes as many. Source: Chen, Yu, Fritz, "RelaxLoss: defending membership inference attacks without losing utility",
// ICLR 2022, algorithm 1; the authors' repository DingfanChen/RelaxLoss, source/cifar/defense/relaxloss.py.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

struct PosteriorFlatteningGeometry {
  std::int64_t rows = 0;     // N, at least 1
  std::int64_t classes = 0;  // C, at least 2
  double level = 0;          // alpha, compared in the type of the loss
};

// T is the type of the logits. labels [N] in [0,C) (others: as kernels/cross_entropy.h); loss is L and log_sum_exp [N]
// as softmax_cross_entropy_forward writes them, without smoothing and weights. A pointer without a shape is one number
// in device memory.
template <class Device>
struct PosteriorFlattening {
  template <class T>
  static std::size_t forward_scratch_bytes(const Exec&, const PosteriorFlatteningGeometry&);
  template <class T>
  static void forward(const Exec&, const PosteriorFlatteningGeometry&, const T* logits, const std::int32_t* labels,
                      const Master<T>* loss, const Master<T>* log_sum_exp, Master<T>* value, void* scratch);
  // dlogits [N,C]. A loss that is NaN makes all of them NaN.
  template <class T>
  static void backward(const Exec&, const PosteriorFlatteningGeometry&, const T* logits, const std::int32_t* labels,
                       const Master<T>* loss, const Master<T>* log_sum_exp, const Master<T>* dvalue, T* dlogits);
};

}  // namespace sluice::kernels
