#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes print.safetensors: arrays, and in the metadata what NumPy prints of them.

    python3 tests/reference/make_print_fixture.py    # made with NumPy 2.4
"""
from pathlib import Path

import numpy
from pattern import pattern
from safetensors.numpy import save_file

f32, f64 = numpy.float32, numpy.float64
INFINITY, NAN = float("inf"), float("nan")


def patterned(*shape, scale=1.0, dtype=f32):
    return pattern(shape, 3, scale).numpy().astype(dtype)


ARRAYS = {
    "scalar": f32(1 / 3), "scalar_one": f64(1), "scalar_small": f64(1.25e-5), "scalar_large": f64(1e20), "scalar_nan": f32(NAN),
    "scalar_whole": numpy.int32(-7),
    "empty": numpy.zeros((3, 0), f32),
    "one": numpy.array([1], f32),
    "plain": numpy.array([1, 2.5, -3.125], f32),
    "thirds": numpy.array([1 / 3, 2 / 3, -1], f64),
    "float_thirds": numpy.array([1 / 3, 2 / 3, 1e-3], f32),
    "below_ties": numpy.array([0.5, 0.123456785, 0.1234567850000001], f64),
    "zeros": numpy.zeros((2, 3), f64),
    "negative_zero": numpy.array([-0.0, 0.0], f32),
    "large": numpy.array([1e8, 1], f32),
    "just_not_large": numpy.array([99999992, 0], f32),
    "big_floats": numpy.array([16777216, 33554436, 1e5 + 1], f32),
    "small": numpy.array([1e-5, 0.5], f64),
    "ratio": numpy.array([0.001, 1.5, 0], f64),
    "exponents": numpy.array([1e-100, 1.23456789e10, 0], f64),
    "long_exponents": numpy.array([1.23456789012345e-5, -3e200], f64),
    "special": numpy.array([NAN, 1, INFINITY], f32),
    "special_negative": numpy.array([-INFINITY, 0.5, NAN], f32),
    "special_alone": numpy.array([NAN, -INFINITY], f64),
    "special_wide": numpy.array([NAN, 1e10, 1], f64),
    "whole": numpy.array([[1, -20], [300, 4]], numpy.int32),
    "mask": numpy.array([0, 1, 1, 200], numpy.uint8),
    "matrix": patterned(3, 4),
    "wrapped": patterned(3, 17),
    "wrapped_whole": numpy.arange(60, dtype=numpy.int32),
    "three_axes": patterned(2, 3, 4, dtype=f64),
    "four_axes": patterned(2, 1, 2, 3),
    "thousand": numpy.arange(1000, dtype=numpy.int32),
    "summarized": numpy.arange(1001, dtype=numpy.int32),
    "summarized_matrix": patterned(40, 30, scale=3.0),
    "summarized_rows": patterned(300, 4),
    "summarized_deep": patterned(2, 7, 9, 11),
    # What is left out does not count for the format.
    "summarized_outlier": numpy.array([1.0] * 600 + [1e30] + [2.0] * 600, f32),
}


def main():
    texts = {name: str(array) for name, array in ARRAYS.items()}
    save_file({name: numpy.ascontiguousarray(array) if numpy.ndim(array) else numpy.array(array) for name, array in ARRAYS.items()},
              Path(__file__).with_name("print.safetensors"), texts)


if __name__ == "__main__":
    main()
