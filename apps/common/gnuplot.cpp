// SPDX-License-Identifier: Apache-2.0
#include "apps/common/gnuplot.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdio>

namespace sluice::apps {
namespace {

// While it lives, writing to a program that has ended is an error and not the end of ours.
class IgnoreBrokenPipe {
 public:
  IgnoreBrokenPipe() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  ~IgnoreBrokenPipe() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

}  // namespace

std::string run_gnuplot(const std::string& commands) {
  const IgnoreBrokenPipe guard;
  // In the locale "C" gnuplot knows no text beyond ASCII, and says so.
  std::FILE* pipe = ::popen("command -v gnuplot >/dev/null || exit 127; LC_ALL=C.UTF-8 exec gnuplot >/dev/null", "w");
  if (pipe == nullptr) return "no shell";
  std::fwrite(commands.data(), 1, commands.size(), pipe);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127) return "gnuplot is not installed";
  return WIFEXITED(status) ? fmt::format("gnuplot failed with code {}", WEXITSTATUS(status))
                           : fmt::format("gnuplot was ended by signal {}", WTERMSIG(status));
}

}  // namespace sluice::apps
