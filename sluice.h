// SPDX-License-Identifier: Apache-2.0
// Everything of Sluice's library: #include <sluice/sluice.h>, link sluice::sluice.
#pragma once

#include "core/ops.h"
#include "core/tape.h"
#include "nn/activation.h"
#include "nn/layer_norm.h"
#include "nn/mlp.h"
#include "nn/models.h"
#include "nn/pool.h"
#include "nn/resnet.h"
#include "nn/state.h"
#include "nn/vgg.h"
#include "nn/wide_resnet.h"
#include "optim/adam.h"
#include "optim/ema.h"
#include "optim/gradients.h"
#include "optim/schedule.h"
#include "optim/sgd.h"
#include "sluice/version.h"
