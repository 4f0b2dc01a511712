#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes loss_fixtures.json: values and gradients of losses, softmax and pooling as PyTorch computes them in float64.

    python3 tests/reference/make_loss_fixtures.py    # made with PyTorch 1.13

Images are stored as [N,H,W,C]. NaN is stored as null. `dy` is the gradient that arrives at the result.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.manual_seed(20200707)


def numbers(tensor):
    return [None if math.isnan(value) else value for value in tensor.detach().flatten().tolist()]


def stored(tensor):
    return {"shape": list(tensor.shape), "values": numbers(tensor)}


def random(*shape, scale=1.0):
    # Few digits keep the file small; they are exact in float64 once read back.
    return (torch.randn(shape, dtype=torch.float64) * scale).mul(1024).round().div(1024)


def with_gradient(function, x, dy=None):
    x = x.clone().requires_grad_()
    y = function(x)
    dy = random(*y.shape) if dy is None else dy
    y.backward(dy)
    return {"x": stored(x), "y": stored(y), "dy": stored(dy), "dx": stored(x.grad)}


def cross_entropies():
    weights = torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0], dtype=torch.float64)
    settings = {
        "plain": {},
        "smoothed": {"label_smoothing": 0.1},
        "fully_smoothed": {"label_smoothing": 1.0},
        "weighted": {"weight": weights},
        "ignoring": {"ignore_index": -100},
        "ignoring_a_class": {"ignore_index": 2},
        "smoothed_weighted": {"label_smoothing": 0.1, "weight": weights},
        "smoothed_ignoring": {"label_smoothing": 0.2, "ignore_index": -100},
        "smoothed_weighted_ignoring": {"label_smoothing": 0.3, "weight": weights, "ignore_index": 2},
        "all_ignored": {"ignore_index": 2},
    }
    for name, options in settings.items():
        labels = torch.tensor([3, 2, 0, 4, 2, 1])
        if options.get("ignore_index") == -100:
            labels[[1, 3]] = -100
        if name == "all_ignored":
            labels[:] = 2
        dy = torch.tensor(0.75, dtype=torch.float64)
        case = with_gradient(lambda x: F.cross_entropy(x, labels, **options), random(6, 5, scale=2), dy)
        case["name"] = name
        case["labels"] = labels.tolist()
        case["label_smoothing"] = options.get("label_smoothing", 0.0)
        case["ignore_index"] = options.get("ignore_index", -100)
        case["weight"] = numbers(options["weight"]) if "weight" in options else []
        yield case


def floods():
    for name, loss, level in [("above", 0.75, 0.25), ("below", 0.125, 0.5), ("at", 0.5, 0.5)]:
        x = torch.tensor(loss, dtype=torch.float64)
        dy = torch.tensor(0.75, dtype=torch.float64)
        yield {"name": name, "level": level, **with_gradient(lambda l: (l - level).abs() + level, x, dy)}


def cross_entropy_rows():
    weights = torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0], dtype=torch.float64)
    for name, options in {"plain": {}, "smoothed_weighted_ignoring":
                          {"label_smoothing": 0.3, "weight": weights, "ignore_index": 2}}.items():
        labels = torch.tensor([3, 2, 0, 4, 2, 1])
        case = with_gradient(lambda x: F.cross_entropy(x, labels, reduction="none", **options), random(6, 5, scale=2))
        yield {"name": name, "labels": labels.tolist(), "label_smoothing": options.get("label_smoothing", 0.0),
               "ignore_index": options.get("ignore_index", -100),
               "weight": numbers(options["weight"]) if "weight" in options else [], **case}


def flooded_rows():
    """x are row losses; groups of rows of the given sizes, each at the mean of its rows' levels."""
    losses = torch.tensor([0.125, 1.5, 0.75, 0.25, 2.0, 0.5, 0.0625], dtype=torch.float64)
    one = torch.full((7,), 0.625, dtype=torch.float64)
    each = torch.tensor([0.5, 0.25, 0.0, 0.375, 3.0, 0.5, 0.125], dtype=torch.float64)

    def hard(m, b):
        return (m - b).abs() + b

    def soft(sigma):
        return lambda m, b: b + sigma ** 2 * (torch.sqrt(1 + ((m - b) / sigma) ** 2) - 1)

    def flooded(x, levels, size, transform):
        total = 0
        for m, b in zip(x.split(size), levels.split(size)):
            total = total + len(m) * (m.mean() if b.mean() == 0 else transform(m.mean(), b.mean()))
        return total / len(x)

    for size in (1, 3, 7):
        for levels_name, levels in [("one", one), ("each", each)]:
            for softness in (0, 1, 0.25):
                # A tie of loss and level (row 5) has gradient 0 in both frameworks.
                case = with_gradient(lambda x: flooded(x, levels, size, soft(softness) if softness else hard), losses,
                                     torch.tensor(0.75, dtype=torch.float64))
                yield {"name": f"{levels_name}_of_{size}_softness_{softness}", "group": size, "softness": softness,
                       "levels": stored(levels), **case}


def relaxed(x, labels, alpha, phase):
    """Chen et al., 2022, algorithm 1, as the authors' code differentiates it: through the soft labels as well."""
    loss = F.cross_entropy(x, labels)
    if phase == "flood":
        return (loss - alpha).abs() + alpha
    if loss > alpha:
        return loss
    confidence = F.softmax(x, 1).gather(1, labels[:, None])
    own = F.one_hot(labels, x.shape[1])
    target = own * confidence + (1 - own) * (1 - confidence) / (x.shape[1] - 1)
    wrong = (x.argmax(1) != labels).to(x.dtype)
    return (-wrong * (target * F.log_softmax(x, 1)).sum(1) - F.cross_entropy(x, labels, reduction="none")).mean()


def relax_losses():
    labels = torch.tensor([3, 2, 0, 4, 2, 1])
    for phase in ("flood", "flatten"):
        for alpha in (0.25, 8.0):
            x = random(6, 5, scale=2)
            x[0, 3] = 6  # one row that is right, among wrong ones
            case = with_gradient(lambda x: relaxed(x, labels, alpha, phase), x, torch.tensor(0.75, dtype=torch.float64))
            yield {"phase": phase, "level": alpha, "labels": labels.tolist(), **case}


def pools():
    def nhwc(function):
        return lambda x: function(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    for name, kernel, stride, padding in [("halves", (2, 2), (2, 2), (0, 0)), ("overlapping", (3, 3), (2, 2), (1, 1)),
                                          ("uneven", (3, 2), (1, 3), (1, 0)), ("skipping", (1, 1), (2, 2), (0, 0))]:
        for op, function in [("max_pool2d", F.max_pool2d), ("avg_pool2d", F.avg_pool2d)]:
            x = random(1, 5, 6, 2)
            # Equal elements: the gradient goes to the first.
            x[0, 0, 0], x[0, 0, 1] = 3.0, 3.0
            case = with_gradient(nhwc(lambda images: function(images, kernel, stride, padding)), x)
            yield {"op": op, "name": name, "kernel": kernel, "stride": stride, "padding": padding, **case}


target = random(3, 4)
fixtures = {
    "torch": torch.__version__,
    "softmax_cross_entropy": list(cross_entropies()),
    "mean_squared_error": {"target": stored(target),
                           **with_gradient(lambda x: F.mse_loss(x, target), random(3, 4))},
    "softmax": with_gradient(lambda x: F.softmax(x, 1), random(3, 5, scale=3)),
    "log_softmax": with_gradient(lambda x: F.log_softmax(x, 1), random(3, 5, scale=3)),
    "flood": list(floods()),
    "pool": list(pools()),
    "softmax_cross_entropy_rows": list(cross_entropy_rows()),
    "flood_rows": list(flooded_rows()),
    "relax_loss": list(relax_losses()),
}
path = pathlib.Path(__file__).with_name("loss_fixtures.json")
path.write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")
