// SPDX-License-Identifier: Apache-2.0
// Progress through one epoch: on a terminal a bar that is rewritten in place, as wide as the terminal allows; elsewhere
// a plain line now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace sluice::apps {

struct ProgressOutput {
  std::FILE* stream = stderr;
  double seconds_between_bars = 0.1;
  double seconds_between_lines = 20;
  const char* unit = "images";
};

class Progress {
 public:
  // `title` leads every line ("epoch 3/5"); `total` units are to be done, `done` of them before this process.
  Progress(std::string title, std::int64_t total, std::int64_t done = 0, ProgressOutput output = {});
  // Clears the bar, so that other output follows in its place.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `units` more are done. `note` ("loss 0.1234") is asked only when a line is due: reading a metric waits for the
  // device.
  void advance(std::int64_t units, const std::function<std::string()>& note);

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(double seconds, const std::string& note) const;
  std::string bar(const std::string& line) const;

  std::string title_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
  std::int64_t done_before_ = 0;
  ProgressOutput output_;
  bool terminal_ = false;
  Clock::time_point start_;
  Clock::time_point last_shown_;
};

// Seconds as "42s", "3m05s" or "1h02m".
std::string duration_text(double seconds);

}  // namespace sluice::apps
