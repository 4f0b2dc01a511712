// SPDX-License-Identifier: Apache-2.0
// What the programs write beside the files of a run. A disk that is full under a log, or a reader that has gone, is
// never worth a run: say() and warn() throw nothing, and finish_output() tells at the end.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sluice::apps {

// A line on standard output, or standard error, that is there when the call returns.
void say(std::string_view line);
void warn(std::string_view line);

// The exit code to end with: `code`, or exit_error with a line on standard error where `code` is exit_ok and something
// that was written to standard output, by say() or not, did not arrive.
int finish_output(std::string_view program, int code) noexcept;

// Text as one word of a command for the shell: in quotes where it needs them.
std::string shell_word(const std::string& text);

// Writes a report: a file is replaced as a whole, a pipe or device is written to. Throws WriteError naming the path.
void write_report(const std::filesystem::path& path, std::string_view text);

}  // namespace sluice::apps
