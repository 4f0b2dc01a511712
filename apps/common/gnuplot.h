// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace sluice::apps {

// Runs gnuplot on the commands. The result is empty, or says why it failed; gnuplot's own complaints go to stderr.
std::string run_gnuplot(const std::string& commands);

// Text as gnuplot takes it without a change: in single quotes, on one line.
std::string gnuplot_text(const std::string& text);
// A number for a data block; NaN, which gnuplot leaves out, for one that is not finite.
std::string gnuplot_number(double value);

// Draws `picture`, an .svg or .png by its extension, by commands that write to the path they are given. A picture is
// never worth a run: where gnuplot is absent or fails, a warning line goes to stderr, an older picture stays, and the
// result is false.
bool draw_picture(const std::filesystem::path& picture,
                  const std::function<std::string(const std::filesystem::path& output)>& commands);

}  // namespace sluice::apps
