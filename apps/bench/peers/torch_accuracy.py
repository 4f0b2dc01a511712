#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains ResNet-20 on CIFAR-10 in PyTorch by the recipe of sluice-train's defaults, and prints the test accuracy of every seed.

Batch 128, SGD 0.1/0.9, weight decay 5e-4 on everything, cosine by step, crops of the image padded by four black pixels,
mirrored half the time, normalised by the training set's mean and deviation; every image is seen once an epoch.

  sudo apt-get install python3-torch python3-numpy
  apps/bench/peers/torch_accuracy.py --data DIR --seeds 0 1 2           DIR as sluice-train's --data
"""
import argparse
import math
import os
import statistics
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch_train import MODELS

BATCH, PADDING, SIDE = 128, 4, 32


def load(folder, names):
    """Images [N,32,32,3] of bytes and labels [N] out of CIFAR-10's binary files."""
    folder = folder / "cifar-10-batches-bin" if (folder / "cifar-10-batches-bin").is_dir() else folder
    records = np.concatenate([np.fromfile(folder / name, np.uint8).reshape(-1, 3073) for name in names])
    images = records[:, 1:].reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return torch.from_numpy(images.copy()), torch.from_numpy(records[:, 0].astype(np.int64))


def initialise(module):
    """Of the CIFAR ResNets' usual definition (akamaster's): He et al., 2015, equation 10, biases as PyTorch has them."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight)


def crops(padded, which):
    """A random 32x32 window of each of the images `which`, half of them mirrored: bytes [N,32,32,3]."""
    count = len(which)
    rows = torch.randint(0, 2 * PADDING + 1, (count, 1)) + torch.arange(SIDE)
    columns = torch.randint(0, 2 * PADDING + 1, (count, 1)) + torch.arange(SIDE)
    columns = torch.where(torch.rand(count, 1) < 0.5, columns, columns.flip(1))
    return padded[which[:, None, None], rows[:, :, None], columns[:, None, :]]


@torch.no_grad()
def accuracy(model, normalise, images, labels):
    model.eval()
    right = sum(
        (model(normalise(part)).argmax(1) == expected).sum().item()
        for part, expected in zip(images.split(500), labels.split(500))
    )
    model.train()
    return right / len(labels)


def train(seed, options, training, test):
    images, labels = training
    mean, deviation = (f(images.numpy() / 255.0, axis=(0, 1, 2)) for f in (np.mean, np.std))
    mean, deviation = (torch.tensor(x, dtype=torch.float32) for x in (mean, deviation))

    def normalise(part):
        return ((part.float() / 255 - mean) / deviation).permute(0, 3, 1, 2)  # channels_last in memory

    torch.manual_seed(seed)
    model = MODELS["resnet20"][0]().train()
    if options.init == "kaiming-normal":
        model.apply(initialise)
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    padded = F.pad(images, (0, 0, PADDING, PADDING, PADDING, PADDING))
    steps = options.epochs * math.ceil(len(labels) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(options.epochs):
        begin, loss_sum, right = time.perf_counter(), 0.0, 0
        for which in torch.randperm(len(labels)).split(BATCH):
            logits = model(normalise(crops(padded, which)))
            loss = F.cross_entropy(logits, labels[which])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            loss_sum += loss.item() * len(which)
            right += (logits.argmax(1) == labels[which]).sum().item()
        tested = accuracy(model, normalise, *test)
        print(
            f"seed {seed} epoch {epoch + 1}: train loss {loss_sum / len(labels):.4f}, train accuracy {right / len(labels):.4f},"
            f" test accuracy {tested:.4f}, {time.perf_counter() - begin:.0f} s",
            flush=True,
        )
    return tested


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds CIFAR-10's binary files")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--init", choices=("kaiming-normal", "pytorch"), default="kaiming-normal",
                        help="kaiming-normal: as sluice-train's resnet20; pytorch: the defaults of its layers")
    parser.add_argument("--threads", type=int, default=0, help="0: every processor that this process may use")
    options = parser.parse_args()
    torch.set_num_threads(options.threads or len(os.sched_getaffinity(0)))
    training = load(options.data, [f"data_batch_{i}.bin" for i in range(1, 6)])
    test = load(options.data, ["test_batch.bin"])
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, initialisation {options.init}")
    found = []
    for seed in options.seeds:
        found.append(train(seed, options, training, test))
        print(f"seed {seed}: test accuracy {found[-1]:.4f}", flush=True)
    print(f"mean of {len(found)} seeds: {statistics.mean(found):.4f}, least {min(found):.4f}, greatest {max(found):.4f}")


if __name__ == "__main__":
    main()
