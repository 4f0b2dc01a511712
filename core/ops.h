// SPDX-License-Identifier: Apache-2.0
// All recorded operations.
#pragma once

#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/attention.h>
#include <sluice/core/ops/batch_norm.h>
#include <sluice/core/ops/conv1d.h>
#include <sluice/core/ops/conv2d.h>
#include <sluice/core/ops/conv_transpose2d.h>
#include <sluice/core/ops/dropout.h>
#include <sluice/core/ops/dropout_parts.h>
#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/flood.h>
#include <sluice/core/ops/flood_rows.h>
#include <sluice/core/ops/fused/batch_norm_relu.h>
#include <sluice/core/ops/fused/flooded_cross_entropy.h>
#include <sluice/core/ops/index.h>
#include <sluice/core/ops/layer_norm.h>
#include <sluice/core/ops/linear.h>
#include <sluice/core/ops/loss.h>
#include <sluice/core/ops/losses.h>
#include <sluice/core/ops/math.h>
#include <sluice/core/ops/matmul.h>
#include <sluice/core/ops/norms.h>
#include <sluice/core/ops/order.h>
#include <sluice/core/ops/pad.h>
#include <sluice/core/ops/pointwise.h>
#include <sluice/core/ops/pool.h>
#include <sluice/core/ops/reduce.h>
#include <sluice/core/ops/relax_loss.h>
#include <sluice/core/ops/resample.h>
#include <sluice/core/ops/shape.h>
#include <sluice/core/ops/softmax.h>
