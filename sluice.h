// SPDX-License-Identifier: Apache-2.0
// Everything of Sluice's library: #include <sluice/sluice.h>, link sluice::sluice.
#pragma once

#include "core/ops.h"
#include "core/tape.h"
#include "sluice/version.h"
