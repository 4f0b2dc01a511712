// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/losses.h>

#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/cross_entropy_check.h>
#include <sluice/core/ops/detail/binary.h>
#include <sluice/core/ops/detail/unary.h>
#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/index.h>
#include <sluice/core/ops/math.h>
#include <sluice/core/ops/reduce.h>
#include <sluice/core/ops/shape.h>
#include <sluice/core/ops/softmax.h>
#include <sluice/kernels/loss_functions.h>

namespace sluice::ops {
namespace {

using namespace kernels::functions;

template <class F>
Variable term_of_two(const Variable& a, const Variable& b) {
  return detail::binary<F, LossTypesOnCpu, LossTypesOnCuda, LossTypesOnCpu, LossTypesOnCuda>(a, b);
}

Variable in_master(const char* op, const Variable& x) {
  require(x.dtype() == DType::f32 || x.dtype() == DType::bf16 || x.dtype() == DType::f64, op,
          "expects f32, bf16 or f64, got ", name_of(x.dtype()));
  return x.dtype() == master_dtype(x.dtype()) ? x : cast(x, master_dtype(x.dtype()));
}

void require_pair(const char* op, const Variable& x, const Variable& target) {
  require_one_device(op, {&x.value(), &target.value()});
  require(x.shape() == target.shape() && x.dtype() == target.dtype(), op, "expects two of one shape and type, got ",
          name_of(x.dtype()), x.shape(), " and ", name_of(target.dtype()), target.shape());
}

Variable reduced(const char* op, const Variable& terms, Reduction reduction) {
  switch (reduction) {
    case Reduction::none: return terms;
    case Reduction::mean: return mean(terms);
    case Reduction::sum: return sum(terms);
    case Reduction::batch_mean: break;
  }
  require(terms.shape().rank() > 0, op, "expects at least one axis for a mean over the batch, got ", terms.shape());
  return sum(terms) / static_cast<double>(terms.shape()[0]);
}

}  // namespace

Variable soft_target_cross_entropy(const Variable& logits, const Variable& targets, const SoftTargetOptions& options) {
  constexpr const char* op = "soft_target_cross_entropy";
  require_pair(op, logits, targets);
  const Shape& shape = logits.shape();
  require(shape.rank() == 2 && shape[1] > 0, op, "expects logits [N,C], got ", shape);
  require(options.label_smoothing >= 0 && options.label_smoothing <= 1, op, "expects label smoothing in [0,1], got ",
          options.label_smoothing);
  Variable weights = in_master(op, targets);
  if (options.label_smoothing > 0)
    weights = weights * (1 - options.label_smoothing) + options.label_smoothing / static_cast<double>(shape[1]);
  if (const Tensor& given = options.class_weights; given.defined()) {
    require_one_device(op, {&logits.value(), &given});
    require(given.shape() == Shape{shape[1]} && given.dtype() == DType::f32, op, "class weights expect f32[", shape[1],
            "], got ", name_of(given.dtype()), given.shape());
    weights = weights * Variable(given.cast(weights.dtype()));
  }
  return reduced(op, negative(sum(weights * log_softmax(in_master(op, logits)), {1})), options.reduction);
}

Variable nll_loss(const Variable& log_probabilities, const Tensor& labels, const CrossEntropyOptions& options,
                  Reduction reduction) {
  constexpr const char* op = "nll_loss";
  check_cross_entropy(op, log_probabilities.value(), labels, options);
  require(options.label_smoothing == 0, op, "expects no label smoothing, got ", options.label_smoothing);
  const Variable x = in_master(op, log_probabilities);
  const Tensor counts = not_equal(labels, options.ignore_index).value();
  // A row that does not count looks at class 0 instead.
  const Variable zero(Tensor::zeros({}, x.dtype(), labels.device()));
  const Tensor places = where(counts, labels, Tensor::zeros({}, DType::i32, labels.device())).value();
  const Variable picked = squeeze(gather(x, unsqueeze(places, 1).value(), 1), 1);
  const Variable of_classes = options.class_weights.defined()
                                  ? index_select(options.class_weights.cast(x.dtype()), places, 0)
                                  : Variable(Tensor::full(labels.shape(), 1, x.dtype(), labels.device()));
  const Variable weights = where(counts, of_classes, zero);
  const Variable losses = negative(where(counts, picked, zero) * weights);
  return reduction == Reduction::mean ? sum(losses) / sum(weights) : reduced(op, losses, reduction);
}

Variable binary_cross_entropy_with_logits(const Variable& logits, const Variable& targets, Reduction reduction) {
  constexpr const char* op = "binary_cross_entropy_with_logits";
  require_pair(op, logits, targets);
  return reduced(op, term_of_two<BinaryCrossEntropy>(in_master(op, logits), in_master(op, targets)), reduction);
}

Variable kl_div(const Variable& log_probabilities, const Variable& targets, Reduction reduction, LogTarget log_target) {
  constexpr const char* op = "kl_div";
  require_pair(op, log_probabilities, targets);
  const Variable x = in_master(op, log_probabilities), t = in_master(op, targets);
  return reduced(op, log_target == LogTarget::yes ? exp(t) * (t - x) : term_of_two<KullbackLeibler>(x, t), reduction);
}

Variable l1_loss(const Variable& x, const Variable& target, Reduction reduction) {
  require_pair("l1_loss", x, target);
  return reduced("l1_loss", abs(in_master("l1_loss", x) - in_master("l1_loss", target)), reduction);
}

Variable smooth_l1_loss(const Variable& x, const Variable& target, double beta, Reduction reduction) {
  constexpr const char* op = "smooth_l1_loss";
  require_pair(op, x, target);
  require(beta >= 0, op, "expects beta of at least 0, got ", beta);
  const Variable difference = in_master(op, x) - in_master(op, target);
  return reduced(op,
                 detail::unary<SmoothAbsolute, LossTypesOnCpu, LossTypesOnCuda, LossTypesOnCpu, LossTypesOnCuda>(
                     {beta}, difference),
                 reduction);
}

Variable cosine_similarity(const Variable& a, const Variable& b, int axis, double epsilon) {
  constexpr const char* op = "cosine_similarity";
  const Shape shape = detail::require_alike(op, a, b);
  require(epsilon >= 0, op, "expects epsilon of at least 0, got ", epsilon);
  const auto whole = [&](const Variable& v) { return in_master(op, v.shape() == shape ? v : expand(v, shape)); };
  const Variable x = whole(a), y = whole(b);
  const Variable products = sum(x * y, {axis}, KeepAxes::yes);
  const auto length = [&](const Variable& v) { return maximum(norm(v, Norm::two, {axis}, KeepAxes::yes), epsilon); };
  return squeeze(products / (length(x) * length(y)), axis);
}

Variable cosine_embedding_loss(const Variable& a, const Variable& b, const Variable& targets, double margin,
                               Reduction reduction) {
  constexpr const char* op = "cosine_embedding_loss";
  require_pair(op, a, b);
  require(a.shape().rank() == 2, op, "expects rows [N,D], got ", a.shape());
  require(targets.shape() == Shape{a.shape()[0]}, op, "expects targets [", a.shape()[0], "], got ", targets.shape());
  const Variable cosine = cosine_similarity(a, b, 1);
  return reduced(op, where(greater(targets, 0.0), 1 - cosine, relu(cosine - margin)), reduction);
}

Variable hinge_loss(const Variable& x, const Variable& targets, double margin, Reduction reduction) {
  require_pair("hinge_loss", x, targets);
  const Variable agreement = in_master("hinge_loss", x) * in_master("hinge_loss", targets);
  return reduced("hinge_loss", relu(margin - agreement), reduction);
}

Variable multi_margin_loss(const Variable& scores, const Tensor& labels, double margin, Reduction reduction) {
  constexpr const char* op = "multi_margin_loss";
  // A label that is to be ignored is none of this loss.
  const std::int64_t classes = check_cross_entropy(op, scores.value(), labels, {.ignore_index = 0}).classes;
  const Variable x = in_master(op, scores);
  const Variable terms = relu(margin - gather(x, unsqueeze(labels, 1).value(), 1) + x);
  const Tensor own = not_equal(one_hot(labels, classes, x.dtype()), 0.0).value();
  return reduced(op, sum(masked_fill(terms, own, 0), {1}) / static_cast<double>(classes), reduction);
}

}  // namespace sluice::ops
