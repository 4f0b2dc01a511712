#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes optimizers.safetensors for tests/optim: parameters after a few steps of PyTorch's optimisers, in double, and
the rates of its schedules. Written with PyTorch 1.13."""
from pathlib import Path

import torch
from pattern import pattern
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
RATES = (0.1, 0.1, 0.05, 0.02, 0.02, 0.01)
SHAPES = {"weight": (7, 5), "bias": (7,)}

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=1),
    "sgd_momentum_decay": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, weight_decay=0.05),
    "sgd_nesterov_decay": lambda p: torch.optim.SGD(p, lr=1, momentum=0.8, weight_decay=0.05, nesterov=True),
    "sgd_spared": lambda p: torch.optim.SGD([{"params": p[:1], "weight_decay": 0.3}, {"params": p[1:]}], lr=1, momentum=0.9),
    "sgd_clipped": lambda p: torch.optim.SGD(p, lr=1, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=1),
    "adam_decay": lambda p: torch.optim.Adam(p, lr=1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "adam_absent_gradients": lambda p: torch.optim.Adam(p, lr=1),
    "adamw": lambda p: torch.optim.AdamW(p, lr=1, weight_decay=0.1),
}


def train(name, make):
    parameters = [torch.nn.Parameter(pattern(shape, stream)) for stream, shape in enumerate(SHAPES.values())]
    optimizer = make(parameters)
    norms = []
    for step, rate in enumerate(RATES):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for stream, parameter in enumerate(parameters):
            parameter.grad = pattern(tuple(parameter.shape), 10 + 2 * step + stream, 0.5)
        if name == "adam_absent_gradients" and step in (0, 3):
            parameters[1].grad = None
        if name == "sgd_clipped":
            norms.append(torch.nn.utils.clip_grad_norm_(parameters, 1.7))
        optimizer.step()
    result = {f"{name}.{key}": p.detach() for key, p in zip(SHAPES, parameters)}
    if norms:
        result[f"{name}.norms"] = torch.stack(norms).detach()
    return result


def rates(steps, make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return torch.tensor(found, dtype=torch.float64)


def main():
    from torch.optim import lr_scheduler as s

    result = {}
    for name, make in OPTIMIZERS.items():
        result |= train(name, make)
    result["schedule.cosine"] = rates(40, lambda o: s.CosineAnnealingLR(o, T_max=40, eta_min=0.01))
    result["schedule.multi-step"] = rates(40, lambda o: s.MultiStepLR(o, milestones=[10, 25], gamma=0.2))
    result["schedule.linear"] = rates(40, lambda o: s.LinearLR(o, 1.0, 0.25, total_iters=40))
    result["schedule.one-cycle"] = rates(39, lambda o: s.OneCycleLR(o, max_lr=0.4, total_steps=40))
    save_file(result, HERE / "optimizers.safetensors", {"pytorch": torch.__version__})


if __name__ == "__main__":
    main()
