#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ops.safetensors: values and gradients of operations as PyTorch computes them in double.

    python3 tests/reference/make_ops_fixture.py    # made with PyTorch 2.15

An entry of the OPS of ops_of_*.py is a function and its inputs: shapes, or tensors where the numbers matter. Input i of a
shape is pattern(shape, i), and the gradient that arrives at a floating result is pattern(shape, 99). The file holds the
results ("name.y"), the gradients ("name.d0", ...) and the inputs that are not patterns ("name.in0", ...). The functions
of Sluice that must agree stand in tests/fixtures, under the same names.
"""
from pathlib import Path

import ops_of_losses
import ops_of_math
import ops_of_networks
import ops_of_shape
import torch
from pattern import pattern
from safetensors.torch import save_file


def plain(tensor):
    """As Sluice reads it: masks are u8, other integers i32."""
    tensor = tensor.detach().contiguous().clone()
    if tensor.dtype == torch.bool:
        return tensor.to(torch.uint8)
    return tensor.to(torch.int32) if tensor.dtype == torch.int64 else tensor


def entry(function, inputs):
    tensors = [x.clone() if torch.is_tensor(x) else pattern(x, i) for i, x in enumerate(inputs)]
    for x in tensors:
        x.requires_grad_(x.is_floating_point())
    y = function(*tensors)
    if y.is_floating_point() and y.requires_grad:
        y.backward(pattern(tuple(y.shape), 99))
    stored = {"y": plain(y)}
    for i, x in enumerate(tensors):
        if torch.is_tensor(inputs[i]) or x.grad is None:
            stored[f"in{i}"] = plain(x)
        if x.grad is not None:
            stored[f"d{i}"] = plain(x.grad)
    return stored


def main():
    stored = {}
    for module in (ops_of_losses, ops_of_math, ops_of_networks, ops_of_shape):
        for name, (function, inputs) in module.OPS.items():
            stored.update({f"{name}.{part}": tensor for part, tensor in entry(function, inputs).items()})
    save_file(stored, Path(__file__).with_name("ops.safetensors"), {"pytorch": torch.__version__})


if __name__ == "__main__":
    main()
