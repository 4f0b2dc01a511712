// SPDX-License-Identifier: Apache-2.0
// All recorded operations.
#pragma once

#include "core/ops/activation.h"
#include "core/ops/elementwise.h"
