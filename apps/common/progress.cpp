// SPDX-License-Identifier: Apache-2.0
#include "apps/common/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace sluice::apps {
namespace {

// Back to the beginning of the line, which is cleared to its end.
constexpr const char* kClear = "\r\x1b[K";

std::size_t columns_of(std::FILE* terminal) {
  winsize size{};
  return ::ioctl(::fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Progress::Progress(std::string title, std::int64_t total, std::int64_t done, ProgressOutput output)
    : title_(std::move(title)),
      total_(total),
      done_(done),
      done_before_(done),
      output_(output),
      terminal_(::isatty(::fileno(output.stream)) == 1),
      start_(Clock::now()),
      last_shown_(start_) {}

Progress::~Progress() {
  if (!terminal_) return;
  std::fputs(kClear, output_.stream);
  std::fflush(output_.stream);
}

void Progress::advance(std::int64_t units, const std::function<std::string()>& note) {
  done_ += units;
  const Clock::time_point now = Clock::now();
  const double wait = terminal_ ? output_.seconds_between_bars : output_.seconds_between_lines;
  if (std::chrono::duration<double>(now - last_shown_).count() < wait) return;
  last_shown_ = now;
  const std::string text = line(std::chrono::duration<double>(now - start_).count(), note());
  if (terminal_)
    std::fputs((kClear + bar(text)).c_str(), output_.stream);
  else
    std::fputs((text + "\n").c_str(), output_.stream);
  std::fflush(output_.stream);
}

std::string Progress::line(double seconds, const std::string& note) const {
  const double rate = seconds > 0 ? static_cast<double>(done_ - done_before_) / seconds : 0;
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
  std::string text = fmt::format("{}  {:3.0f} %  {:.0f} {}/s", title_, 100 * share, rate, output_.unit);
  if (rate > 0) text += fmt::format("  {} left", duration_text(static_cast<double>(total_ - done_) / rate));
  return note.empty() ? text : text + "  " + note;
}

// The bar takes what the text leaves, up to 30 columns; the last column stays free, as some terminals wrap there.
std::string Progress::bar(const std::string& text) const {
  constexpr std::size_t widest = 30, narrowest = 6;
  const std::size_t columns = columns_of(output_.stream) - 1;
  if (text.size() + narrowest + 2 > columns) return text.substr(0, columns);
  const std::size_t cells = std::min(widest, columns - text.size() - 2);
  const double share = total_ > 0 ? std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_)) : 1;
  const auto eighths = static_cast<std::size_t>(share * static_cast<double>(8 * cells));
  static constexpr const char* parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string drawn;
  for (std::size_t i = 0; i < eighths / 8; ++i) drawn += "█";
  drawn += parts[eighths % 8];
  const std::size_t used = eighths / 8 + (eighths % 8 > 0 ? 1 : 0);
  for (std::size_t i = used; i < cells; ++i) drawn += "·";
  return drawn + "  " + text;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::max(0.0, seconds) + 0.5);
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
}

}  // namespace sluice::apps
