// SPDX-License-Identifier: Apache-2.0
#include "apps/common/gnuplot.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdio>

namespace sluice::apps {
namespace {

// While it lives, writing to a program that has ended is an error and not the end of ours.
class IgnoreBrokenPipe {
 public:
  IgnoreBrokenPipe() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~IgnoreBrokenPipe() { ::sigaction(SIGPIPE, &before_, nullptr); }

 private:
  struct sigaction before_ {};
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

std::string gnuplot_text(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "''" : std::string(1, c == '\n' || c == '\r' ? ' ' : c);
  return result + "'";
}

std::string gnuplot_number(double value) { return std::isfinite(value) ? fmt::to_string(value) : "NaN"; }

bool draw_picture(const std::filesystem::path& picture,
                  const std::function<std::string(const std::filesystem::path& output)>& commands) {
  const auto warn = [&](const std::string& why) {
    std::fprintf(stderr, "warning: %s was not drawn: %s\n", picture.c_str(), why.c_str());
    return false;
  };
  if (picture.extension() != ".svg" && picture.extension() != ".png") return warn("its name must end in .svg or .png");
  const std::filesystem::path temporary = fmt::format("{}.tmp-{}", picture.string(), ::getpid());
  std::error_code error;
  // gnuplot would follow a link there.
  std::filesystem::remove(temporary, error);
  std::string failure = run_gnuplot(commands(temporary));
  if (failure.empty()) {
    std::filesystem::rename(temporary, picture, error);
    if (error) failure = error.message();
  }
  if (failure.empty()) return true;
  std::filesystem::remove(temporary, error);
  return warn(failure);
}

}  // namespace sluice::apps
