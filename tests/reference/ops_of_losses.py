# SPDX-License-Identifier: Apache-2.0
"""The losses of make_ops_fixture.py."""
import torch
import torch.nn.functional as F
from pattern import pattern

LABELS = torch.tensor([3, 2, 0, 4, 2, 1])
WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0], dtype=torch.float64)
LEVEL = 2.0
LOGITS = pattern((6, 5), 0, 4.0)
SIGNS = torch.tensor([1, -1, -1, 1, -1, 1, 1], dtype=torch.float64)
# Far logits, and both ends of what a target may be.
BINARY = (torch.tensor([0, 20.5, -20.5, 80, -80, 0.5, -0.5], dtype=torch.float64),
          torch.tensor([0.5, 1, 0, 0.25, 0.75, 1, 0], dtype=torch.float64))
# On both sides of the beta of smooth L1, at it, and at 0.
NEAR = torch.tensor([0, 0.125, -0.125, 0.25, -0.25, 3, -3], dtype=torch.float64)


def probabilities(stream):
    return torch.softmax(pattern((6, 5), stream, 2.0), 1)


def with_options(function, *arguments, **options):
    return lambda *inputs: function(*inputs, *arguments, **options)


def without_gradient(function, *options):
    """The last input is a target that PyTorch takes no gradient of; ours has one, which is not compared."""
    return lambda *inputs: function(*inputs[:-1], inputs[-1].detach(), *options)


def flood(loss, level):
    return (loss - level).abs() + level


def flood_groups(losses, level, size):
    return sum(len(group) * flood(group.mean(), level) for group in losses.split(size)) / len(losses)


OPS = {
    "binary_cross_entropy_with_logits": (F.binary_cross_entropy_with_logits, list(BINARY)),
    "cosine_embedding_loss": (without_gradient(F.cosine_embedding_loss, 0.125), [(7, 5), (7, 5), SIGNS]),
    "cosine_similarity": (with_options(F.cosine_similarity, dim=-1), [(3, 1, 7), torch.cat([pattern((4, 7), 1), torch.zeros(1, 7).double()])]),
    "flood": (with_options(flood, LEVEL), [()]),
    "flood_rows": (with_options(flood_groups, 0.125, 2), [(7,)]),
    "flooded_cross_entropy": (lambda x: flood(F.cross_entropy(x, LABELS), LEVEL), [(6, 5)]),
    "flooded_cross_entropy_rows": (lambda x: flood_groups(F.cross_entropy(x, LABELS, reduction="none"), LEVEL, 2), [LOGITS]),
    "hinge_loss": (lambda x, t: F.margin_ranking_loss(x, torch.zeros_like(x), t, 0.75), [(7,), SIGNS]),
    "kl_div": (F.kl_div, [probabilities(0).log(), probabilities(1)]),
    "kl_div_batch_mean": (with_options(F.kl_div, reduction="batchmean"), [probabilities(0).log(), probabilities(1)]),
    "kl_div_of_logarithms": (with_options(F.kl_div, reduction="sum", log_target=True), [probabilities(0).log(), probabilities(1).log()]),
    "l1_loss": (F.l1_loss, [(3, 5), (3, 5)]),
    "l1_loss_sum": (with_options(F.l1_loss, reduction="sum"), [NEAR, torch.zeros(7).double()]),
    "mean_squared_error": (F.mse_loss, [(3, 5), (3, 5)]),
    "multi_margin_loss": (lambda x: F.multi_margin_loss(x, LABELS, margin=0.75), [(6, 5)]),
    "nll_loss": (with_options(F.nll_loss, LABELS), [(6, 5)]),
    "nll_loss_rows": (with_options(F.nll_loss, LABELS, WEIGHTS, ignore_index=2, reduction="none"), [(6, 5)]),
    "nll_loss_weighted": (with_options(F.nll_loss, LABELS, WEIGHTS, ignore_index=2), [(6, 5)]),
    "relax_loss": (lambda x: flood(F.cross_entropy(x, LABELS), 1.0), [LOGITS]),
    "smooth_l1_loss": (F.smooth_l1_loss, [(3, 5), (3, 5)]),
    "smooth_l1_loss_of_beta": (with_options(F.smooth_l1_loss, beta=0.25, reduction="none"), [NEAR, torch.zeros(7).double()]),
    "smooth_l1_loss_of_zero": (with_options(F.smooth_l1_loss, beta=0.0, reduction="none"), [NEAR, torch.zeros(7).double()]),
    "soft_target_cross_entropy": (F.cross_entropy, [LOGITS, probabilities(1)]),
    "soft_target_cross_entropy_weighted": (with_options(F.cross_entropy, weight=WEIGHTS, label_smoothing=0.25), [LOGITS, probabilities(1)]),
    "softmax_cross_entropy": (with_options(F.cross_entropy, LABELS), [LOGITS]),
    "softmax_cross_entropy_rows": (with_options(F.cross_entropy, LABELS, WEIGHTS, ignore_index=2, label_smoothing=0.25, reduction="none"), [LOGITS]),
    "softmax_cross_entropy_weighted": (with_options(F.cross_entropy, LABELS, WEIGHTS, ignore_index=2, label_smoothing=0.25), [LOGITS]),
}
