# SPDX-License-Identifier: Apache-2.0
"""Layers of make_ops_fixture.py. Images are [N,H,W,C], convolution weights [K,R,S,C]."""
import torch
import torch.nn.functional as F


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def of_images(function, **options):
    return lambda x: channels_last(function(channels_first(x), **options))


def conv2d(x, weight, bias=None, **options):
    return channels_last(F.conv2d(channels_first(x), channels_first(weight), bias, **options))


def with_options(function, **options):
    return lambda *inputs: function(*inputs, **options)


def batch_norm(x, weight, bias):
    return channels_last(F.batch_norm(channels_first(x), None, None, weight, bias, training=True))


POOL = {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)}

OPS = {
    "avg_pool2d": (of_images(F.avg_pool2d, **POOL), [(2, 6, 5, 3)]),
    "batch_norm": (batch_norm, [(2, 4, 5, 3), (3,), (3,)]),
    "batch_norm_add_relu": (lambda x, r, w, b: F.relu(batch_norm(x, w, b) + r), [(2, 4, 5, 3), (2, 4, 5, 3), (3,), (3,)]),
    "batch_norm_relu": (lambda x, w, b: F.relu(batch_norm(x, w, b)), [(2, 4, 5, 3), (3,), (3,)]),
    "conv2d": (with_options(conv2d, padding=1), [(2, 5, 6, 3), (4, 3, 3, 3), (4,)]),
    "conv2d_depthwise": (with_options(conv2d, padding=1, groups=4), [(2, 5, 6, 4), (4, 3, 3, 1), (4,)]),
    "conv2d_strided": (with_options(conv2d, stride=(2, 1), padding=(0, 2), dilation=(1, 2), groups=2),
                       [(2, 7, 6, 4), (6, 3, 2, 2)]),
    "global_average_pool": (lambda x: x.mean((1, 2)), [(2, 4, 5, 3)]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (7,), w, b), [(3, 5, 7), (7,), (7,)]),
    "linear": (F.linear, [(3, 5), (4, 5), (4,)]),
    "log_softmax": (lambda x: F.log_softmax(x, -1), [(3, 5, 7)]),
    "log_softmax_middle": (lambda x: F.log_softmax(x, 1), [(3, 5, 7)]),
    "max_pool2d": (of_images(F.max_pool2d, **{**POOL}), [(2, 6, 5, 3)]),
    "softmax": (lambda x: F.softmax(x, -1), [(3, 5, 7)]),
    "softmax_middle": (lambda x: F.softmax(x, 1), [(3, 5, 7)]),
}
