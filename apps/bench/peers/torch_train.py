#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times whole training steps in PyTorch: the models, shapes and steps of sluice-bench-train.

Prints one JSON object. A step is: forward, cross entropy, optional flooding, backward, SGD with momentum. The data are
random and stay the same; gradients are set to None between steps, PyTorch's faster way."""
import argparse
import json
import math
import os
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """He et al., 2016, figure 2, left. Shortcut "A" subsamples and pads with zero channels, "B" is a 1x1 convolution."""

    def __init__(self, inputs, outputs, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.added = stride, outputs - inputs
        self.shortcut = None
        if shortcut == "B" and (stride != 1 or self.added):
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.shortcut is not None:
            x = self.shortcut(x)
        elif self.added:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return F.relu(y.add_(x), inplace=True)


class ResNet(nn.Module):
    def __init__(self, widths, blocks, shortcut, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        layers, inputs = [], widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(Block(inputs, width, 2 if stage and block == 0 else 1, shortcut))
                inputs = width
        self.layers = nn.Sequential(*layers)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.layers(F.relu(self.bn1(self.conv1(x)), inplace=True))
        return self.fc(x.mean((2, 3)))


def mlp(inputs, width, classes):
    layers = [nn.Flatten()]
    for _ in range(4):
        layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.ReLU(inplace=True)]
        inputs = width
    return nn.Sequential(*layers, nn.Linear(width, classes))


# name: (model, shape of a sample [C,H,W], classes, batch size)
MODELS = {
    "resnet20": (lambda: ResNet((16, 32, 64), 3, "A"), (3, 32, 32), 10, 128),
    "resnet18": (lambda: ResNet((64, 128, 256, 512), 2, "B"), (3, 32, 32), 10, 128),
    "mlp": (lambda: mlp(784, 1000, 10), (1, 28, 28), 10, 256),
    "mlp_paper": (lambda: mlp(2, 500, 2), (2, 1, 1), 2, 200),
}


def peak_resident_bytes():
    """VmHWM: unlike getrusage's maximum it is not inherited from the process that started this one."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def machine_seconds():
    """Seconds that all processors together were busy since the machine started."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, hard, soft, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + hard + soft + steal) / os.sysconf("SC_CLK_TCK")


def blas_library():
    """The BLAS in use; Debian's package runs on the slow reference one unless OpenBLAS is installed."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split(maxsplit=5)[5].strip() for line in maps if "blas" in line}
    return " ".join(sorted(os.path.realpath(path) for path in paths)) or "built in"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="resnet20")
    parser.add_argument("--batch-size", type=int, default=0, help="0: the model's usual one (128, mlp 256, mlp_paper 200)")
    parser.add_argument("--precision", choices=("fp32", "tf32", "bf16"), default="fp32", help="bf16: autocast; tf32: on CUDA devices")
    parser.add_argument("--layout", choices=("nchw", "nhwc"), default="nhwc", help="nhwc: channels_last")
    parser.add_argument("--flood-level", type=float, default=0.0)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0: every processor that this process may use")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--compile", choices=("off", "default", "max-autotune"), default="off", help="torch.compile's mode")
    parser.add_argument("--json", help="write the JSON object here instead of standard output")
    options = parser.parse_args()

    threads = options.threads or len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = options.precision == "tf32"
    on_gpu = options.device == "cuda"
    make_model, shape, classes, usual_batch = MODELS[options.model]
    batch = options.batch_size or usual_batch
    resident_before = peak_resident_bytes()

    model = make_model().train().to(options.device)
    images = torch.randn(batch, *shape).to(options.device)
    labels = torch.randint(0, classes, (batch,)).to(options.device)
    if options.layout == "nhwc":
        model = model.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    network = model
    if options.compile != "off":
        network = torch.compile(model, mode=options.compile)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(options.device, dtype=torch.bfloat16, enabled=options.precision == "bf16"):
            loss = F.cross_entropy(network(images), labels)
        if options.flood_level > 0:
            loss = (loss - options.flood_level).abs() + options.flood_level
        loss.backward()
        optimizer.step()
        return loss

    def wait():
        if on_gpu:
            torch.cuda.synchronize()

    for _ in range(options.warmup):
        step()
    wait()
    # A device works on while the host goes ahead: several steps are timed together.
    together = min(10, options.steps) if on_gpu else 1
    seconds = []
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    wall, own, machine = time.perf_counter(), time.process_time(), machine_seconds()
    for _ in range(options.steps // together):
        begin = time.perf_counter()
        for _ in range(together):
            loss = step()
        wait()
        seconds.append((time.perf_counter() - begin) / together)
    wall, own, machine = time.perf_counter() - wall, time.process_time() - own, machine_seconds() - machine
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults

    median = statistics.median(seconds)
    report = {
        "program": "pytorch",
        "version": torch.__version__,
        "capability": os.environ.get("ATEN_CPU_CAPABILITY", "default"),
        "blas": blas_library(),
        "model": options.model,
        "batch_size": batch,
        "precision": options.precision,
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
        "compile": options.compile,
        "layout": options.layout,
        "threads": threads,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "median_ms": median * 1e3,
        "minimum_ms": min(seconds) * 1e3,
        "images_per_second": batch / median,
        "step_seconds": seconds,
        "loss": loss.item(),
        "peak_resident_bytes": peak_resident_bytes(),
        "resident_before_bytes": resident_before,
        "load": {
            "wall_seconds": wall,
            "cpu_per_wall": own / wall,
            "others_per_wall": max(0.0, (machine - own) / wall),
            "page_faults": faults,
        },
    }
    if not math.isfinite(report["loss"]):
        sys.exit("torch_train.py: the loss is not finite")
    text = json.dumps(report, indent=2)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            out.write(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
