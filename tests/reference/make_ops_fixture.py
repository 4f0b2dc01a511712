#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ops.safetensors: results and gradients of operations as PyTorch computes them in double.

    python3 tests/reference/make_ops_fixture.py    # made with PyTorch 2.15

An entry of OPS is the shapes of the inputs and a function of them. Input i is pattern(shape, i), and the gradient that
arrives at the result is pattern(shape, 99), so the file holds results and gradients only ("name.y", "name.d0", ...). The
functions of Sluice that must agree stand in tests/core/ops_fixture_test.cpp. Images are [N,H,W,C].
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from pattern import pattern
from safetensors.torch import save_file


def of_images(function):
    """A function of [N,C,H,W] as one of [N,H,W,C]."""
    return lambda x: function(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def pad(left, right, top, bottom, mode, value=0.0):
    return of_images(lambda x: F.pad(x, (left, right, top, bottom), mode, value))


def split(x):
    a, b, c = torch.split(x, [2, 4, 1], dim=1)
    return torch.cat([c, b, a, c], dim=1)


# Of [2,5,3] along axis 1: place i % 5 but for one in seven, which is 4.
PLACES = torch.tensor([4 if i % 7 == 2 else i % 5 for i in range(24)]).reshape(2, 4, 3)

OPS = {
    "concatenate": ([(2, 3, 5), (2, 4, 5), (2, 1, 5)], lambda a, b, c: torch.cat([a, b, c], dim=1)),
    "dot": ([(7,), (7,)], torch.dot),
    "embedding": ([(6, 5)], lambda x: F.embedding(torch.tensor([[3, 0, 3], [5, 3, 1]]), x)),
    "expand": ([(3, 1, 5)], lambda x: x.expand(2, 3, 4, 5)),
    "flip": ([(3, 5, 7)], lambda x: torch.flip(x, [0, 2])),
    "gather": ([(2, 5, 3)], lambda x: torch.gather(x, 1, PLACES)),
    "index_select": ([(2, 5, 3)], lambda x: torch.index_select(x, 1, torch.tensor([4, 0, 4, 2]))),
    "masked_fill": ([(2, 5, 3)], lambda x: x.masked_fill(torch.tensor([[1], [0], [0], [1], [1]], dtype=torch.bool), 2.5)),
    "matmul": ([(2, 1, 5, 7), (3, 7, 4)], torch.matmul),
    "matmul_transposed": ([(3, 7, 5), (4, 7)], lambda a, b: a.mT @ b.mT),
    "outer": ([(3,), (5,)], torch.outer),
    "pad_constant": ([(2, 4, 6, 3)], pad(2, 5, 3, 1, "constant", -1.5)),
    "pad_reflect": ([(2, 4, 6, 3)], pad(2, 5, 3, 1, "reflect")),
    "pad_replicate": ([(2, 4, 6, 3)], pad(2, 7, 3, 5, "replicate")),
    "permute": ([(3, 4, 5, 6)], lambda x: x.permute(2, 0, 3, 1)),
    "pixel_shuffle": ([(2, 3, 4, 18)], of_images(lambda x: F.pixel_shuffle(x, 3))),
    "pixel_unshuffle": ([(2, 6, 9, 5)], of_images(lambda x: F.pixel_unshuffle(x, 3))),
    "repeat": ([(2, 3, 5)], lambda x: x.repeat(3, 1, 2)),
    "roll": ([(3, 7, 5)], lambda x: torch.roll(x, -9, 1)),
    "scatter_add": ([(2, 5, 3), (2, 4, 3)], lambda x, source: x.scatter_add(1, PLACES, source)),
    "slice": ([(3, 17, 5)], lambda x: x[:, 1:-2:3]),
    "split": ([(2, 7, 3)], split),
    "squeeze": ([(3, 1, 5)], lambda x: x.squeeze(1)),
    "stack": ([(3, 5), (3, 5)], lambda a, b: torch.stack([a, b], dim=1)),
    "transpose": ([(3, 4, 5)], lambda x: x.transpose(0, -1)),
    "unsqueeze": ([(3, 5)], lambda x: x.unsqueeze(1)),
}


def main():
    stored = {}
    for name, (shapes, function) in OPS.items():
        inputs = [pattern(shape, stream).requires_grad_() for stream, shape in enumerate(shapes)]
        y = function(*inputs)
        y.backward(pattern(tuple(y.shape), 99))
        stored[f"{name}.y"] = y.detach().contiguous()
        for i, x in enumerate(inputs):
            stored[f"{name}.d{i}"] = x.grad.contiguous()
    save_file(stored, Path(__file__).with_name("ops.safetensors"), {"pytorch": torch.__version__})


if __name__ == "__main__":
    main()
