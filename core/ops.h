// SPDX-License-Identifier: Apache-2.0
// All recorded operations.
#pragma once

#include "core/ops/activation.h"
#include "core/ops/batch_norm.h"
#include "core/ops/conv2d.h"
#include "core/ops/dropout.h"
#include "core/ops/elementwise.h"
#include "core/ops/flood.h"
#include "core/ops/flood_rows.h"
#include "core/ops/fused/batch_norm_relu.h"
#include "core/ops/fused/flooded_cross_entropy.h"
#include "core/ops/layer_norm.h"
#include "core/ops/linear.h"
#include "core/ops/loss.h"
#include "core/ops/pad.h"
#include "core/ops/pool.h"
#include "core/ops/relax_loss.h"
#include "core/ops/softmax.h"
