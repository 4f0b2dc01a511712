#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes svhn_packed.mat and svhn_plain.mat: two images and labels as in the files of SVHN, by SciPy.

    python3 tests/reference/make_mat.py    # made with SciPy 1.17
"""
import pathlib

import numpy
import scipy.io

row, column, channel, record = numpy.ogrid[:32, :32, :3, :2]
images = (row + 7 * column + 83 * channel + 31 * record).astype(numpy.uint8)
others = {"about": "two images", "parts": {"a": 1.5, "b": numpy.arange(3)}, "cells": numpy.array([1, "x"], dtype=object)}
folder = pathlib.Path(__file__).parent
scipy.io.savemat(folder / "svhn_packed.mat", {**others, "X": images, "y": numpy.array([[7.0], [10.0]])}, do_compression=True)
scipy.io.savemat(folder / "svhn_plain.mat", {"y": numpy.array([[7, 10]], dtype=numpy.uint8), **others, "X": images})
