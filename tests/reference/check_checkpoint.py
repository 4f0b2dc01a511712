#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that checkpoints go both ways: a run's weights give the same logits in PyTorch, and weights that PyTorch saved
give the same logits here. Exits with 1 where a logit differs by more than 1e-4 of the largest.

  tests/reference/check_checkpoint.py RUN --data DIR --bin build/cpu/bin     (needs torch, numpy, safetensors)
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from models import MODELS
from safetensors import safe_open
from safetensors.torch import load_file, save_file


def test_images(folder, count):
    """The first images of CIFAR-10's test batch in [0,1], NCHW."""
    records = np.fromfile(Path(folder) / "cifar-10-batches-bin/test_batch.bin", np.uint8, count * 3073)
    return torch.from_numpy(records.reshape(count, 3073)[:, 1:].reshape(count, 3, 32, 32).copy()).float() / 255


def sluice_logits(options, checkpoint, arguments):
    with tempfile.TemporaryDirectory() as folder:
        logits = Path(folder) / "logits.safetensors"
        command = [Path(options.bin) / "sluice-eval", checkpoint, "--data", options.data, "--images", str(options.images),
                   "--logits", logits, *arguments]
        print(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout.splitlines()[0])
        return load_file(logits)["logits"]


def compare(what, ours, theirs):
    difference = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    print(f"{what}: largest difference of a logit, relative to the largest: {difference:.2e}")
    return difference <= 1e-4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--data", required=True)
    parser.add_argument("--bin", default="build/cpu/bin")
    parser.add_argument("--images", type=int, default=512)
    options = parser.parse_args()

    checkpoint = sorted(Path(options.run).glob("checkpoints/step-*"))[-1] / "model.safetensors"
    with safe_open(checkpoint, "pt") as file:
        about = file.metadata()
    mean, deviation = (torch.tensor([float(x) for x in about[key].split(",")]).view(1, -1, 1, 1) for key in ("mean", "deviation"))
    images = (test_images(options.data, options.images) - mean) / deviation

    model = MODELS[about["model"]]()
    print(model.load_state_dict(load_file(checkpoint), strict=True))
    model.eval()
    with torch.no_grad():
        good = compare("ours in PyTorch", sluice_logits(options, checkpoint, []), model(images))

    torch.manual_seed(1)
    other = MODELS[about["model"]]()
    with torch.no_grad():
        other.train()(images[:64])  # running statistics that are not the initial ones
        other.eval()
        expected = other(images)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pytorch.safetensors"
        save_file(other.state_dict(), file)
        arguments = ["--model", about["model"], "--dataset", about["dataset"], "--mean", about["mean"], "--deviation", about["deviation"]]
        good &= compare("PyTorch's here", sluice_logits(options, file, arguments), expected)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
