#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes compositions.safetensors: losses and layers of research code as PyTorch computes them in double, with gradients.

    python3 tests/reference/make_compositions_fixture.py    # made with PyTorch 2.15

Input i of an entry is pattern(shape, i), and the gradient that arrives at the result is pattern(shape, 99). The same functions,
written with Sluice's operations, stand in tests/compositions_test.cpp.
"""
from pathlib import Path

import torch
import torch.nn.functional as F
from pattern import pattern
from safetensors.torch import save_file

LABELS = torch.tensor([2, 0, 3, 3, 1])


def focal_loss(logits):
    log_p = F.log_softmax(logits, 1).gather(1, LABELS[:, None])[:, 0]
    return (-(1 - log_p.exp()) ** 2 * log_p).mean()


def distillation(student, teacher, t=4.0):
    soft = F.kl_div(F.log_softmax(student / t, 1), F.softmax(teacher / t, 1), reduction="batchmean") * t * t
    return 0.7 * soft + 0.3 * F.cross_entropy(student, LABELS)


def nt_xent(a, b, t=0.5):
    z = F.normalize(torch.cat([a, b]), dim=1)
    similarity = z @ z.T / t
    similarity = similarity.masked_fill(torch.eye(len(z), dtype=torch.bool), -1e30)
    return F.cross_entropy(similarity, torch.arange(len(z)).roll(len(a)))


def triplet(anchor, positive, negative):
    return F.triplet_margin_loss(anchor, positive, negative, margin=1.0, eps=0)


def elbo(x, mean, log_variance, noise, decoder):
    z = mean + (0.5 * log_variance).exp() * noise
    reconstruction = F.binary_cross_entropy_with_logits(z @ decoder, x.sigmoid(), reduction="sum")
    return (reconstruction - 0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()) / len(x)


def wgan_critic(real, fake, hidden, out):
    def critic(x):
        return F.leaky_relu(x @ hidden.T, 0.2) @ out.T

    return critic(fake).mean() - critic(real).mean()


def weight_normalization(x, direction, length):
    return F.linear(x, length[:, None] * direction / direction.norm(dim=1, keepdim=True))


def squeeze_and_excitation(x, down, up):
    gate = torch.sigmoid(F.relu(x.mean((1, 2)) @ down.T) @ up.T)
    return x * gate[:, None, None, :]


def self_attention(x, w_in, w_out, heads=2):
    n, t, c = x.shape
    q, k, v = (part.reshape(n, t, heads, c // heads).transpose(1, 2) for part in (x @ w_in).split(c, dim=2))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, c) @ w_out


def dense_block(x, *weights):
    for weight in weights:
        y = F.conv2d(F.relu(x).permute(0, 3, 1, 2), weight.permute(0, 3, 1, 2), padding=1).permute(0, 2, 3, 1)
        x = torch.cat([x, y], dim=3)
    return x


COMPOSITIONS = {
    "dense_block": ([(2, 5, 4, 3), (2, 3, 3, 3), (2, 3, 3, 5)], dense_block),
    "distillation": ([(5, 4), (5, 4)], distillation),
    "elbo": ([(3, 6), (3, 2), (3, 2), (3, 2), (2, 6)], elbo),
    "focal_loss": ([(5, 4)], focal_loss),
    "nt_xent": ([(3, 7), (3, 7)], nt_xent),
    "self_attention": ([(2, 3, 4), (4, 12), (4, 4)], self_attention),
    "squeeze_and_excitation": ([(2, 3, 5, 8), (2, 8), (8, 2)], squeeze_and_excitation),
    "triplet": ([(4, 3), (4, 3), (4, 3)], triplet),
    "weight_normalization": ([(3, 5), (4, 5), (4,)], weight_normalization),
    "wgan_critic": ([(4, 3), (5, 3), (6, 3), (1, 6)], wgan_critic),
}


def main():
    stored = {}
    for name, (shapes, function) in COMPOSITIONS.items():
        inputs = [pattern(shape, stream).requires_grad_() for stream, shape in enumerate(shapes)]
        y = function(*inputs)
        y.backward(pattern(tuple(y.shape), 99))
        stored[f"{name}.y"] = y.detach().contiguous()
        for i, x in enumerate(inputs):
            stored[f"{name}.d{i}"] = x.grad.contiguous()
    save_file(stored, Path(__file__).with_name("compositions.safetensors"), {"pytorch": torch.__version__})


if __name__ == "__main__":
    main()
