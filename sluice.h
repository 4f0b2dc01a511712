// SPDX-License-Identifier: Apache-2.0
// Everything of Sluice's library: #include <sluice/sluice.h>, link sluice::sluice.
#pragma once

#include <sluice/analysis/calibration.h>
#include <sluice/analysis/gradient_norm.h>
#include <sluice/analysis/landscape.h>
#include <sluice/analysis/memorisation.h>
#include <sluice/core/archive.h>
#include <sluice/core/dlpack.h>
#include <sluice/core/make.h>
#include <sluice/core/ops.h>
#include <sluice/core/ops/meter.h>
#include <sluice/core/print.h>
#include <sluice/core/tape.h>
#include <sluice/data/datasets.h>
#include <sluice/data/loader.h>
#include <sluice/data/synthetic.h>
#include <sluice/data/transform.h>
#include <sluice/flooding/adaflood.h>
#include <sluice/flooding/flood_schedule.h>
#include <sluice/nn/activation.h>
#include <sluice/nn/layer_norm.h>
#include <sluice/nn/mlp.h>
#include <sluice/nn/models.h>
#include <sluice/nn/pool.h>
#include <sluice/nn/resnet.h>
#include <sluice/nn/state.h>
#include <sluice/nn/vgg.h>
#include <sluice/nn/wide_resnet.h>
#include <sluice/optim/adam.h>
#include <sluice/optim/ema.h>
#include <sluice/optim/gradients.h>
#include <sluice/optim/perturbation.h>
#include <sluice/optim/schedule.h>
#include <sluice/optim/sgd.h>
#include <sluice/version.h>
