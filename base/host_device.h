// SPDX-License-Identifier: Apache-2.0
// Marks a function that kernels call too.
#pragma once

#ifdef __CUDACC__
#define SLUICE_HOST_DEVICE __host__ __device__
#else
#define SLUICE_HOST_DEVICE
#endif
