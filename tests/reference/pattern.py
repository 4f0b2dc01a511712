# SPDX-License-Identifier: Apache-2.0
"""Numbers that Python and C++ make alike, so that fixtures need not hold weights and images (tests/support/reference.h)."""
import numpy
import torch

MASK = numpy.uint64(0xFFFFFFFF)


def pattern(shape, stream, scale=1.0, offset=0.0):
    """offset + scale * u, u in [-1,1) a hash of (position, stream); rounded to float, returned in double."""
    count = int(numpy.prod(shape, dtype=numpy.int64))
    h = (numpy.arange(count, dtype=numpy.uint64) * numpy.uint64(0x9E3779B1) + numpy.uint64((stream * 0x85EBCA77 + 0x165667B1) & 0xFFFFFFFF)) & MASK
    h ^= h >> numpy.uint64(15)
    h = (h * numpy.uint64(0x2C1B3C6D)) & MASK
    h ^= h >> numpy.uint64(12)
    h = (h * numpy.uint64(0x297A2D39)) & MASK
    h ^= h >> numpy.uint64(15)
    u = (h >> numpy.uint64(8)).astype(numpy.float64) * 2.0**-23 - 1.0
    return torch.from_numpy((offset + scale * u).astype(numpy.float32).astype(numpy.float64).reshape(shape))
