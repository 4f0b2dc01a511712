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


def conv_transpose2d(x, weight, bias, **options):
    return channels_last(F.conv_transpose2d(channels_first(x), channels_first(weight), bias, **options))


def conv1d(x, weight, bias):
    return F.conv1d(x.mT, weight.mT, bias, stride=2, padding=1, dilation=2, groups=2).mT


# Every query sees a key.
ATTENDED = torch.tensor([i % 3 != 1 for i in range(24)]).reshape(4, 6).to(torch.uint8)
POOL = {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 1)}

OPS = {
    "adaptive_avg_pool2d": (of_images(F.adaptive_avg_pool2d, output_size=(3, 4)), [(2, 7, 11, 3)]),
    "adaptive_avg_pool2d_larger": (of_images(F.adaptive_avg_pool2d, output_size=(5, 7)), [(2, 3, 4, 3)]),
    "adaptive_max_pool2d": (of_images(F.adaptive_max_pool2d, output_size=(3, 4)), [(2, 7, 11, 3)]),
    "interpolate_bilinear": (of_images(F.interpolate, size=(4, 7), mode="bilinear"), [(2, 3, 4, 3)]),
    "interpolate_bilinear_smaller": (of_images(F.interpolate, size=(3, 4), mode="bilinear"), [(2, 7, 11, 3)]),
    "interpolate_corners": (of_images(F.interpolate, size=(4, 7), mode="bilinear", align_corners=True), [(2, 3, 4, 3)]),
    "interpolate_nearest": (of_images(F.interpolate, size=(4, 7)), [(2, 3, 4, 3)]),
    "interpolate_nearest_smaller": (of_images(F.interpolate, size=(3, 4)), [(2, 7, 11, 3)]),
    "avg_pool2d": (of_images(F.avg_pool2d, **POOL), [(2, 6, 5, 3)]),
    "batch_norm": (batch_norm, [(2, 4, 5, 3), (3,), (3,)]),
    "batch_norm_add_relu": (lambda x, r, w, b: F.relu(batch_norm(x, w, b) + r), [(2, 4, 5, 3), (2, 4, 5, 3), (3,), (3,)]),
    "batch_norm_relu": (lambda x, w, b: F.relu(batch_norm(x, w, b)), [(2, 4, 5, 3), (3,), (3,)]),
    "conv_transpose2d": (conv_transpose2d, [(2, 4, 5, 3), (3, 3, 2, 4), (4,)]),
    "conv_transpose2d_strided": (with_options(conv_transpose2d, stride=(2, 3), padding=(1, 0), output_padding=(1, 2),
                                              dilation=(1, 2), groups=2), [(2, 4, 3, 4), (4, 3, 2, 3), (6,)]),
    "conv2d": (with_options(conv2d, padding=1), [(2, 5, 6, 3), (4, 3, 3, 3), (4,)]),
    "conv2d_depthwise": (with_options(conv2d, padding=1, groups=4), [(2, 5, 6, 4), (4, 3, 3, 1), (4,)]),
    "conv2d_strided": (with_options(conv2d, stride=(2, 1), padding=(0, 2), dilation=(1, 2), groups=2),
                       [(2, 7, 6, 4), (6, 3, 2, 2)]),
    "conv1d": (conv1d, [(2, 9, 4), (6, 3, 2), (6,)]),
    "global_average_pool": (lambda x: x.mean((1, 2)), [(2, 4, 5, 3)]),
    "group_norm": (lambda x, w, b: channels_last(F.group_norm(channels_first(x), 3, w, b)), [(2, 4, 5, 6), (6,), (6,)]),
    "group_norm_bare": (lambda x: F.group_norm(x.mT, 2).mT, [(3, 5, 4)]),
    "instance_norm": (lambda x, w, b: channels_last(F.instance_norm(channels_first(x), weight=w, bias=b)),
                      [(2, 4, 5, 3), (3,), (3,)]),
    "rms_norm": (lambda x, w: F.rms_norm(x, (7,), w, 1e-3), [(3, 5, 7), (7,)]),
    "scaled_dot_product_attention": (F.scaled_dot_product_attention, [(2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2)]),
    "scaled_dot_product_attention_causal": (with_options(F.scaled_dot_product_attention, is_causal=True),
                                            [(3, 4, 5), (3, 6, 5), (3, 6, 2)]),
    "scaled_dot_product_attention_masked": (lambda q, k, v, mask: F.scaled_dot_product_attention(q, k, v, mask != 0, scale=0.75),
                                            [(3, 4, 5), (3, 6, 5), (3, 6, 2), ATTENDED]),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (7,), w, b), [(3, 5, 7), (7,), (7,)]),
    "linear": (F.linear, [(3, 5), (4, 5), (4,)]),
    "log_softmax": (lambda x: F.log_softmax(x, -1), [(3, 5, 7)]),
    "log_softmax_middle": (lambda x: F.log_softmax(x, 1), [(3, 5, 7)]),
    "max_pool2d": (of_images(F.max_pool2d, **{**POOL}), [(2, 6, 5, 3)]),
    "softmax": (lambda x: F.softmax(x, -1), [(3, 5, 7)]),
    "softmax_middle": (lambda x: F.softmax(x, 1), [(3, 5, 7)]),
}
