#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what PyTorch says about the networks of nn/, in double, for tests/nn:

  model_names.txt        names and shapes of every state_dict, the number of parameters
  models.safetensors     logits, loss and, for every parameter's gradient, its norm and its product with a pattern
  resnet20.safetensors   resnet20: every gradient; twenty steps of SGD

Weights, images and labels are patterns, which C++ makes alike. Written with PyTorch 1.13."""
from pathlib import Path

import torch
import torch.nn.functional as F
from pattern import pattern
from safetensors.torch import save_file

import models

HERE = Path(__file__).resolve().parent
GRADIENT_STREAM, IMAGE_STREAM = 1000, 5000
STEPS = 20

SMALL = {
    "resnet18": (models.MODELS["resnet18"], (2, 3, 32, 32)),
    "resnet20": (models.MODELS["resnet20"], (4, 3, 32, 32)),
    "resnet20-b": (models.MODELS["resnet20-b"], (4, 3, 32, 32)),
    "wide_resnet10_2": (lambda: models.WideResNet(10, 2), (4, 3, 32, 32)),
    "vgg11": (models.MODELS["vgg11"], (4, 3, 32, 32)),
    "mlp_8x6x3": (lambda: models.mlp(144, (32, 24)), (16, 3, 8, 6)),
}


def fill(model):
    model.double().train()
    with torch.no_grad():
        for stream, (name, parameter) in enumerate(model.named_parameters()):
            shape = tuple(parameter.shape)
            if len(shape) > 1:
                values = pattern(shape, stream, (6.0 / (parameter.numel() // shape[0])) ** 0.5)
            elif name.endswith("weight"):
                values = pattern(shape, stream, 0.25, 1.0)
            else:
                values = pattern(shape, stream, 0.1)
            parameter.copy_(values)
    return model


def images(shape, stream):
    return pattern(shape, IMAGE_STREAM + stream, 2.0)


def labels(count, step):
    return (torch.arange(count) * 7 + step) % 10


def write_names():
    with open(HERE / "model_names.txt", "w", encoding="ascii") as out:
        out.write("# model, parameter or buffer, shape as PyTorch has it; written by make_model_fixtures.py\n")
        for name, make in models.MODELS.items():
            model = make()
            out.write(f"{name} parameters {sum(p.numel() for p in model.parameters())}\n")
            if name in ("resnet32", "resnet44", "resnet56", "resnet110"):
                continue
            listed = [*model.named_parameters(), *model.named_buffers()]
            for entry, tensor in listed:
                if not entry.endswith("num_batches_tracked"):
                    out.write(f"{name} {entry} {' '.join(map(str, tensor.shape))}\n")


def small_case(make, shape):
    model = fill(make())
    logits = model(images(shape, 0))
    loss = F.cross_entropy(logits, labels(shape[0], 0))
    loss.backward()
    digests = [
        torch.stack([p.grad.norm(), (p.grad * pattern(tuple(p.shape), GRADIENT_STREAM + stream)).sum()])
        for stream, p in enumerate(model.parameters())
    ]
    return model, {"logits": logits.detach(), "loss": loss.detach(), "gradients": torch.stack(digests)}


def twenty_steps(batch, learning_rate):
    """Yields the losses, the state afterwards and the logits that it gives in evaluation."""
    model = fill(models.MODELS["resnet20"]())
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9, weight_decay=5e-4)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images((batch, 3, 32, 32), step)), labels(batch, step))
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    state = {name: tensor.float() for name, tensor in model.state_dict().items() if "num_batches" not in name}
    model.eval()
    return torch.stack(losses), state, model(images((batch, 3, 32, 32), STEPS)).detach()


def all_steps():
    """Two runs. At a rate as in practice, rounding errors grow by a factor of a thousand in twenty steps (PyTorch's float
    differs from its double by 2 % in the loss and 12 % in the state), so that this one is for double. The slow one is
    for float, where PyTorch's own differs by 3e-5."""
    losses, _, logits = twenty_steps(4, 1e-2)
    result = {"fast.losses": losses, "fast.eval_logits": logits}
    losses, state, logits = twenty_steps(8, 1e-4)
    result |= {"slow.losses": losses, "slow.eval_logits": logits}
    return result | {f"slow.state.{name}": tensor for name, tensor in state.items()}


def main():
    write_names()
    small = {}
    for name, (make, shape) in SMALL.items():
        model, case = small_case(make, shape)
        small |= {f"{name}.{key}": tensor.contiguous() for key, tensor in case.items()}
        if name == "resnet20":
            gradients = {f"gradient.{key}": p.grad.float().contiguous() for key, p in model.named_parameters()}
    save_file(small, HERE / "models.safetensors", {"pytorch": torch.__version__})
    save_file({**gradients, **all_steps()}, HERE / "resnet20.safetensors", {"pytorch": torch.__version__})


if __name__ == "__main__":
    main()
