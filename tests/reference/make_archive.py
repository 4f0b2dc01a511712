#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes archive.safetensors: an entry of every type that Sluice reads, and one that it leaves out, as Python saves them.

    python3 tests/reference/make_archive.py    # made with PyTorch 1.13, safetensors 0.8
"""
import pathlib

import torch
from safetensors.torch import save_file

tensors = {
    "conv.weight": torch.arange(24, dtype=torch.float32).reshape(2, 3, 2, 2) / 4,
    "scale": torch.tensor([1.5, -0.0078125], dtype=torch.bfloat16),
    "mean": torch.tensor(0.1, dtype=torch.float64),
    "labels": torch.tensor([[-1], [2147483647]], dtype=torch.int32),
    "image": torch.tensor([0, 7, 255], dtype=torch.uint8),
    "bn.num_batches_tracked": torch.tensor(12, dtype=torch.int64),
    "empty": torch.zeros(0, 3),
}
save_file(tensors, pathlib.Path(__file__).with_name("archive.safetensors"), metadata={"format": "pt", "note": "é"})
