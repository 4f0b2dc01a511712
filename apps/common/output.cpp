// SPDX-License-Identifier: Apache-2.0
#include "apps/common/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <sluice/base/file.h>
#include "apps/common/exit_codes.h"

namespace sluice::apps {
namespace {

int first_failure = 0;  // errno of standard output's

bool put(std::FILE* stream, std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
}

}  // namespace

void say(std::string_view line) {
  if (!put(stdout, fmt::format("{}\n", line)) && first_failure == 0) first_failure = errno;
}

void warn(std::string_view line) { put(stderr, fmt::format("{}\n", line)); }

int finish_output(std::string_view program, int code) noexcept {
  if ((std::fflush(stdout) != 0 || std::ferror(stdout) != 0) && first_failure == 0) first_failure = errno;
  if (first_failure == 0 || code != exit_ok) return code;
  std::fprintf(stderr, "%.*s: not all of the output could be written: %s\n", static_cast<int>(program.size()),
               program.data(), std::strerror(first_failure));
  return exit_error;
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,./:@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

void write_report(const std::filesystem::path& path, std::string_view text) {
  std::error_code absent;
  if (!std::filesystem::exists(path, absent) || std::filesystem::is_regular_file(path, absent))
    return replace_file(path, text);
  std::FILE* file = std::fopen(path.c_str(), "w");
  const bool written = file != nullptr && put(file, text);
  const int reason = errno;
  if (file != nullptr) std::fclose(file);
  if (!written) throw WriteError(fmt::format("{}: can't write it: {}", path.string(), std::strerror(reason)));
}

}  // namespace sluice::apps
