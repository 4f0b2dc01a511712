// SPDX-License-Identifier: Apache-2.0
// How the programs end: exit codes that scripts can use, and one clear line for every error.
#pragma once

#include <functional>

#include <sluice/base/error.h>

namespace sluice::apps {

enum ExitCode : int {
  exit_ok = 0,
  exit_error = 1,         // the environment: a full disk, no permission, a folder in use, no memory, no such device
  exit_usage = 2,         // options that make no sense
  exit_data = 3,          // a file to read that is missing, truncated or damaged
  exit_numeric = 4,       // a loss that is NaN or infinite
  exit_checkpoint = 5,    // a run or checkpoint that does not fit: absent, of another model, of other options
  exit_interrupted = 130  // stopped by a signal or --stop-after, everything saved
};

struct UsageError : Error {
  using Error::Error;
};
struct CheckpointError : Error {
  using Error::Error;
};

// Runs `body` and returns its exit code. What it throws becomes "<program>: <message>" on stderr and a code by its
// kind: UsageError and std::invalid_argument 2, WriteError 1, other IoError 3, NumericError 4, CheckpointError 5, all
// else 1. Standard output that could not be written makes 1 of 0.
int run_main(const char* program, const std::function<int()>& body) noexcept;

}  // namespace sluice::apps
