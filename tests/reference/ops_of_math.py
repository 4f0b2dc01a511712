# SPDX-License-Identifier: Apache-2.0
"""The functions, arithmetic and reductions of make_ops_fixture.py."""
import math

import torch
import torch.nn.functional as F
from pattern import pattern


def random(*shape, stream=7, scale=4.0):
    return pattern(shape, stream, scale)


def positive(*shape):
    return random(*shape).abs() + 0.125


def numbers(*values):
    return torch.tensor(values, dtype=torch.float64)


def mask(*shape):
    return (pattern(shape, 5) > 0).to(torch.uint8)


# Kinks, both ends and what lies beyond them.
SPECIAL = numbers(0.0, -0.0, 1.0, -1.0, 3.0, -3.0, 20.5, -20.5, 80.0, -80.0, 0.001, -0.001)
TIES = numbers(1, 3, 3, -2, 3, 0).reshape(2, 3)
SAME = numbers(1, 2, 2, 5)
OTHER = numbers(1, 2, -3, 7)


def with_special(function, **options):
    return lambda x: function(x, **options), [torch.cat([random(9), SPECIAL])]


OPS = {
    # core/ops/math.h
    "negative": (torch.neg, [(3, 5)]),
    "abs": with_special(torch.abs),
    "sign": with_special(torch.sign),
    "square": with_special(torch.square),
    "sqrt": (torch.sqrt, [positive(7)]),
    "rsqrt": (torch.rsqrt, [positive(7)]),
    "exp": with_special(torch.exp),
    "expm1": with_special(torch.expm1),
    "log": (torch.log, [positive(7)]),
    "log1p": (torch.log1p, [positive(7) - 1]),
    "sin": with_special(torch.sin),
    "cos": with_special(torch.cos),
    "tanh": with_special(torch.tanh),
    "erf": with_special(torch.erf),
    "clamp": (lambda x: torch.clamp(x, -1, 3), [SPECIAL]),
    # core/ops/activation.h
    "relu": with_special(F.relu),
    "leaky_relu": with_special(F.leaky_relu, negative_slope=0.2),
    "elu": with_special(F.elu, alpha=0.7),
    "gelu": with_special(F.gelu),
    "gelu_tanh": with_special(F.gelu, approximate="tanh"),
    "sigmoid": with_special(torch.sigmoid),
    "silu": with_special(F.silu),
    # PyTorch takes x itself above a threshold, of which ours has none.
    "softplus": with_special(F.softplus, threshold=1000),
    "mish": with_special(F.mish),
    "hardswish": (F.hardswish, [torch.cat([random(9), numbers(0, 1, -1, 20.5, -20.5)])]),
    # core/ops/arithmetic.h: both ways of broadcasting
    "add": (torch.add, [(3, 1, 5), (4, 1)]),
    "subtract": (torch.sub, [(3, 1, 5), (4, 1)]),
    "multiply": (torch.mul, [(3, 1, 5), (4, 1)]),
    "divide": (torch.div, [(3, 1, 5), positive(4, 1)]),
    "pow": (torch.pow, [positive(3, 1, 5), random(4, 1, stream=8)]),
    "pow_of_zero": (torch.pow, [numbers(0, 0, 0, 2), numbers(0, 1, 2, 0)]),
    "maximum": (torch.maximum, [SAME, OTHER]),
    "minimum": (torch.minimum, [SAME, OTHER]),
    "add_scalar": (lambda x: x + 0.1, [(7,)]),
    "subtract_scalar": (lambda x: x - 0.1, [(7,)]),
    "scalar_subtract": (lambda x: 0.1 - x, [(7,)]),
    "multiply_scalar": (lambda x: x * 0.1, [(7,)]),
    "divide_scalar": (lambda x: x / 0.3, [(7,)]),
    "scalar_divide": (lambda x: 0.3 / x, [positive(7)]),
    "pow_scalar": (lambda x: x**3, [(7,)]),
    "scalar_pow": (lambda x: 1.5**x, [(7,)]),
    "maximum_scalar": (lambda x: torch.maximum(x, torch.tensor(0.25, dtype=x.dtype)), [(7,)]),
    "minimum_scalar": (lambda x: torch.minimum(x, torch.tensor(0.25, dtype=x.dtype)), [(7,)]),
    "equal": (torch.eq, [SAME, OTHER]),
    "not_equal": (torch.ne, [SAME, OTHER]),
    "less": (torch.lt, [SAME, OTHER]),
    "less_equal": (torch.le, [SAME, OTHER]),
    "greater": (torch.gt, [SAME, OTHER]),
    "greater_equal": (torch.ge, [SAME, OTHER]),
    "logical_and": (torch.logical_and, [mask(3, 1), mask(5)]),
    "logical_or": (torch.logical_or, [mask(3, 1), mask(5)]),
    "logical_xor": (torch.logical_xor, [mask(3, 1), mask(5)]),
    "logical_not": (torch.logical_not, [mask(5)]),
    "where": (lambda m, a, b: torch.where(m != 0, a, b), [mask(3, 1), (5,), (2, 1, 1)]),
    # core/ops/reduce.h
    "sum": (lambda x: x.sum((0, 2)), [(3, 4, 5)]),
    "sum_all": (lambda x: x.sum(), [(3, 4)]),
    "mean": (lambda x: x.mean(1, keepdim=True), [(3, 4, 5)]),
    "variance": (lambda x: x.var(1), [(3, 4, 2)]),
    "variance_of_all": (lambda x: x.var(unbiased=False), [(3, 4)]),
    "standard_deviation": (lambda x: x.std(0), [torch.cat([random(4, 2), torch.ones(4, 1).double()], 1)]),
    "max": (lambda x: x.amax(1), [TIES]),
    "min": (lambda x: x.amin(0, keepdim=True), [TIES]),
    "logsumexp": (lambda x: x.logsumexp(1), [torch.cat([random(2, 5, scale=300), numbers(*[-math.inf] * 5)[None]])[:2]]),
    "logsumexp_of_infinities": (lambda x: x.logsumexp(0), [numbers(math.inf, 1, -math.inf)]),
    "norm_one": (lambda x: torch.linalg.vector_norm(x, 1, 1), [(3, 4)]),
    "norm_two": (lambda x: torch.linalg.vector_norm(x, 2, 1), [torch.cat([random(2, 4), torch.zeros(1, 4).double()])]),
    "norm_infinity": (lambda x: torch.linalg.vector_norm(x, math.inf, 1), [(3, 4)]),
    "any": (lambda x: (x != 0).any(1), [numbers(0, 0, 0, 1, 0, 2).reshape(3, 2)]),
    "all": (lambda x: (x != 0).all(1), [numbers(0, 0, 0, 1, 3, 2).reshape(3, 2)]),
    # core/ops/order.h
    "argmax": (lambda x: x.argmax(1), [random(3, 7, 2)]),
    "argmax_all": (lambda x: x.argmax(), [TIES]),
    "argmax_nan": (lambda x: x.argmax(1, keepdim=True), [numbers(1, math.nan, 2, math.nan, 3, 3, 1, 0).reshape(2, 4)]),
    "argmin": (lambda x: x.argmin(1), [random(3, 7, 2)]),
    "argmin_nan": (lambda x: x.argmin(1), [numbers(1, math.nan, 2, math.nan, 3, 0, 1, 0).reshape(2, 4)]),
    "top_k": (lambda x: x.topk(3, 1)[0], [(3, 7, 2)]),
    "top_k_indices": (lambda x: x.topk(3, 1)[1], [random(3, 7, 2)]),
    "top_k_smallest": (lambda x: x.topk(2, -1, largest=False)[0], [(5, 7)]),
    "cumsum": (lambda x: x.cumsum(1), [(3, 7, 2)]),
    "cumsum_of_rows": (lambda x: x.cumsum(-1), [(3, 7)]),
    # core/ops/pointwise.h: a focal loss, broadcast
    "pointwise": (lambda p, t: -((1 - p) ** 2.5) * t * torch.log(p), [pattern((3, 4), 6, 0.25, 0.5), (4,)]),
    # core/ops/elementwise.h
    "cast": (lambda x: x.float().double(), [(3, 5)]),
    "flatten": (lambda x: x.flatten(1), [(3, 2, 5)]),
    "reshape": (lambda x: x.reshape(6, 5), [(3, 2, 5)]),
}
