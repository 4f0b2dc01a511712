# SPDX-License-Identifier: Apache-2.0
"""Movements, joins, indices and products of make_ops_fixture.py. Images are [N,H,W,C]."""
import torch
import torch.nn.functional as F


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
    "concatenate": (lambda a, b, c: torch.cat([a, b, c], dim=1), [(2, 3, 5), (2, 4, 5), (2, 1, 5)]),
    "dot": (torch.dot, [(7,), (7,)]),
    "embedding": (lambda x: F.embedding(torch.tensor([[3, 0, 3], [5, 3, 1]]), x), [(6, 5)]),
    "expand": (lambda x: x.expand(2, 3, 4, 5), [(3, 1, 5)]),
    "flip": (lambda x: torch.flip(x, [0, 2]), [(3, 5, 7)]),
    "gather": (lambda x: torch.gather(x, 1, PLACES), [(2, 5, 3)]),
    "index_select": (lambda x: torch.index_select(x, 1, torch.tensor([4, 0, 4, 2])), [(2, 5, 3)]),
    "masked_fill": (lambda x: x.masked_fill(torch.tensor([[1], [0], [0], [1], [1]], dtype=torch.bool), 2.5), [(2, 5, 3)]),
    "matmul": (torch.matmul, [(2, 1, 5, 7), (3, 7, 4)]),
    "matmul_transposed": (lambda a, b: a.mT @ b.mT, [(3, 7, 5), (4, 7)]),
    "outer": (torch.outer, [(3,), (5,)]),
    "pad_constant": (pad(2, 5, 3, 1, "constant", -1.5), [(2, 4, 6, 3)]),
    "pad_reflect": (pad(2, 5, 3, 1, "reflect"), [(2, 4, 6, 3)]),
    "pad_replicate": (pad(2, 7, 3, 5, "replicate"), [(2, 4, 6, 3)]),
    "permute": (lambda x: x.permute(2, 0, 3, 1), [(3, 4, 5, 6)]),
    "pixel_shuffle": (of_images(lambda x: F.pixel_shuffle(x, 3)), [(2, 3, 4, 18)]),
    "pixel_unshuffle": (of_images(lambda x: F.pixel_unshuffle(x, 3)), [(2, 6, 9, 5)]),
    "repeat": (lambda x: x.repeat(3, 1, 2), [(2, 3, 5)]),
    "roll": (lambda x: torch.roll(x, -9, 1), [(3, 7, 5)]),
    "scatter_add": (lambda x, source: x.scatter_add(1, PLACES, source), [(2, 5, 3), (2, 4, 3)]),
    "slice": (lambda x: x[:, 1:-2:3], [(3, 17, 5)]),
    "split": (split, [(2, 7, 3)]),
    "squeeze": (lambda x: x.squeeze(1), [(3, 1, 5)]),
    "stack": (lambda a, b: torch.stack([a, b], dim=1), [(3, 5), (3, 5)]),
    "transpose": (lambda x: x.transpose(0, -1), [(3, 4, 5)]),
    "unsqueeze": (lambda x: x.unsqueeze(1), [(3, 5)]),
    "pad_channels": (lambda x: F.pad(x, (2, 1)), [(2, 3, 4, 5)]),
    "one_hot": (lambda i: F.one_hot(i.long(), 5).double(), [torch.tensor([[3, 0, 4], [1, 1, 2]], dtype=torch.int32)]),
}
