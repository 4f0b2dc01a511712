// SPDX-License-Identifier: Apache-2.0
#include "apps/common/curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/common/gnuplot.h"
#include "apps/common/ticks.h"

namespace sluice::apps {
namespace {

struct Hue {
  const char* strong;
  const char* light;
};
// Apart from each other for most kinds of colour blindness too.
constexpr Hue kHues[] = {{"#2f6db3", "#8fb4de"}, {"#d5702a", "#ecb185"}, {"#3b9367", "#93c9ad"},
                         {"#8b5aa8", "#c3a3d4"}, {"#b8436b", "#e39bb4"}, {"#6b6b6b", "#b0b0b0"}};
constexpr const char* kLevelColour = "#555555";
constexpr std::size_t kHueCount = std::size(kHues);

// What a picture shows of its runs.
struct Extent {
  std::int64_t first_epoch = INT64_MAX;
  std::int64_t last_epoch = 0;
  double least_loss = INFINITY;  // of those above 0, flood levels among them
  double largest_loss = 0;
  double least_level = INFINITY;

  bool flooded() const { return std::isfinite(least_level); }
  // A level of 0.02 can't be seen on a linear axis that begins at a loss of 2.
  bool logarithmic() const { return least_level < largest_loss / 25; }
};

double level_of(const CurveRun& run, std::size_t row) {
  return row < run.flood_levels.size() ? run.flood_levels[row] : 0;
}

Extent extent_of(const std::vector<CurveRun>& runs) {
  Extent extent;
  const auto include = [&](double loss) {
    if (!std::isfinite(loss) || loss <= 0) return;
    extent.least_loss = std::min(extent.least_loss, loss);
    extent.largest_loss = std::max(extent.largest_loss, loss);
  };
  for (const CurveRun& run : runs) {
    for (std::size_t i = 0; i < run.rows.size(); ++i) {
      extent.first_epoch = std::min(extent.first_epoch, run.rows[i].epoch);
      extent.last_epoch = std::max(extent.last_epoch, run.rows[i].epoch);
      const double level = level_of(run, i);
      for (const double loss : {run.rows[i].train_loss, run.rows[i].test_loss, level}) include(loss);
      if (level > 0) extent.least_level = std::min(extent.least_level, level);
    }
  }
  return extent;
}

// $runN: epoch, train loss, test loss, train accuracy, test accuracy (in percent). $levelN: epoch, level, where there
// is one.
std::string data_blocks(const std::vector<CurveRun>& runs) {
  std::string text;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    text += fmt::format("$run{} << EOD\n", r);
    for (const MetricsRow& row : runs[r].rows)
      text += fmt::format("{} {} {} {} {}\n", row.epoch, gnuplot_number(row.train_loss), gnuplot_number(row.test_loss),
                          gnuplot_number(100 * row.train_accuracy), gnuplot_number(100 * row.test_accuracy));
    text += fmt::format("EOD\n$level{} << EOD\n", r);
    for (std::size_t i = 0; i < runs[r].rows.size(); ++i) {
      const double level = level_of(runs[r], i);
      const auto epoch = static_cast<double>(runs[r].rows[i].epoch);
      if (level > 0) text += fmt::format("{} {}\n{} {}\n", epoch - 0.5, level, epoch + 0.5, level);
    }
    text += "EOD\n";
  }
  return text;
}

// A whole number of epochs between ticks: 1, 2, 5, 10, 20, ... with eight of them at most.
std::int64_t epochs_between_ticks(std::int64_t epochs) {
  for (std::int64_t power = 1;; power *= 10)
    for (const std::int64_t step : {power, 2 * power, 5 * power})
      if (epochs / step <= 8) return step;
}

// Sizes in pixels of the .svg; a .png is drawn twice as large.
struct Layout {
  static constexpr int kWidth = 960;
  static constexpr int kLegendLine = 20;
  int legend_lines = 1;

  explicit Layout(const std::vector<CurveRun>& runs) {
    // Every entry is as wide as the longest, about 7.5 a letter and 60 for its line.
    std::size_t letters = 11;
    for (const CurveRun& run : runs) letters = std::max(letters, run.label.size());
    const auto entries = static_cast<int>(runs.size() + 3);
    const int in_a_line = std::max(1, static_cast<int>(900 / (60 + 7.5 * static_cast<double>(letters))));
    legend_lines = (entries + in_a_line - 1) / in_a_line;
  }
  int height() const { return 365 + kLegendLine * legend_lines; }
  // Where a line so many pixels above the lower edge is, as gnuplot's share of the screen.
  double up(int pixels) const { return static_cast<double>(pixels) / height(); }
  double down(int pixels) const { return 1 - up(pixels); }
};

std::string frame(const std::filesystem::path& output, bool png, const Layout& layout, const Extent& extent) {
  const std::string terminal =
      png ? fmt::format("pngcairo size {},{} fontscale 1.9 linewidth 2 pointscale 2 dashlength 1.5", 2 * Layout::kWidth,
                        2 * layout.height())
          : fmt::format("svg size {},{} dynamic", Layout::kWidth, layout.height());
  const double pad = extent.first_epoch == extent.last_epoch ? 0.5 : 0;
  return fmt::format(
      "set encoding utf8\n"
      "set terminal {} noenhanced background '#ffffff' font 'sans-serif,12'\n"
      "set output {}\n"
      "set border 1 linecolor '#bbbbbb'\n"
      "set tics nomirror scale 0 textcolor '#555555'\n"
      "set grid ytics linetype 1 linecolor '#e6e6e6' linewidth 1\n"
      "set xrange [{}:{}]\n"
      "set xtics {}\n"
      "set xlabel 'epoch' textcolor '#555555' offset 0,0.3\n"
      "set tmargin at screen {}\n"
      "set bmargin at screen {}\n"
      "unset key\n"
      "set multiplot\n",
      terminal, gnuplot_text(output.string()), static_cast<double>(extent.first_epoch) - pad,
      static_cast<double>(extent.last_epoch) + pad, epochs_between_ticks(extent.last_epoch - extent.first_epoch),
      layout.down(78), layout.up(62 + Layout::kLegendLine * layout.legend_lines));
}

struct Panel {
  int train_column;
  int test_column;
};

// The lines of one panel. With one run, colours tell training from test; with several they tell the runs.
std::string lines(const std::vector<CurveRun>& runs, const Panel& panel) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "plot " : ", \\\n     ") + what; };
  const auto line = [&](std::size_t run, int column, const char* colour, double width) {
    const bool few = runs[run].rows.size() <= 20;
    add(fmt::format("$run{} using 1:{} with {} linetype 1 linecolor '{}' linewidth {}{} notitle", run, column,
                    few ? "linespoints" : "lines", colour, width, few ? " pointtype 7 pointsize 0.35" : ""));
  };
  const bool alone = runs.size() == 1;
  for (std::size_t r = 0; r < runs.size(); ++r)
    line(r, panel.train_column, alone ? kHues[0].strong : kHues[r % kHueCount].light, alone ? 2 : 1.6);
  for (std::size_t r = 0; r < runs.size(); ++r)
    line(r, panel.test_column, alone ? kHues[1].strong : kHues[r % kHueCount].strong, 2);
  return text;
}

std::string level_lines(const std::vector<CurveRun>& runs) {
  std::string text;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const bool flooded = std::ranges::any_of(runs[r].flood_levels, [](double level) { return level > 0; });
    if (flooded && !runs[r].rows.empty())
      text +=
          fmt::format(", \\\n     $level{} with lines linetype 1 linecolor '{}' linewidth 1.3 dashtype (7,5) notitle",
                      r, runs.size() == 1 ? kLevelColour : kHues[r % kHueCount].strong);
  }
  return text;
}

// One legend below both panels, an empty plot of its own, as wide as the picture.
std::string legend(const std::vector<CurveRun>& runs, const Layout& layout, bool flooded) {
  std::string entries;
  const auto add = [&](const std::string& title, const char* colour, double width, const char* dash = "") {
    entries += fmt::format("{}NaN with lines linetype 1 linecolor '{}' linewidth {} {} title {}",
                           entries.empty() ? "" : ", ", colour, width, dash, gnuplot_text(title));
  };
  if (runs.size() == 1) {
    add("training", kHues[0].strong, 2.5);
    add("test", kHues[1].strong, 2.5);
  } else {
    for (std::size_t r = 0; r < runs.size(); ++r) add(runs[r].label, kHues[r % kHueCount].strong, 2.5);
    add("test", "#444444", 2.5);
    add("training", "#b4b4b4", 2.5);
  }
  if (flooded) add("flood level", kLevelColour, 1.3, "dashtype (7,5)");
  return fmt::format(
      "unset label\nunset border\nunset tics\nunset grid\nunset xlabel\n"
      "set lmargin at screen 0.01\nset rmargin at screen 0.99\nset bmargin at screen 0\nset tmargin at screen {}\n"
      "set key inside center center horizontal Left reverse samplen 2 textcolor '#222222'\n"
      "set yrange [0:1]\nplot {}\n",
      layout.up(12 + Layout::kLegendLine * layout.legend_lines), entries);
}

std::string loss_panel(const std::vector<CurveRun>& runs, const Extent& extent) {
  std::string text = fmt::format("set label 2 'Loss{}' at graph 0,1.07 left textcolor '#222222'\n",
                                 extent.logarithmic() ? " (logarithmic)" : "");
  if (extent.logarithmic()) {
    const LogarithmicRange range(extent.least_loss * 0.8, extent.largest_loss * 1.15);
    const bool many = range.high / range.low > 1e3;
    text += fmt::format("set logscale y\nset yrange [{}:{}]\nset ytics ({})\n", range.low, range.high,
                        tick_list(decade_ticks(range, many ? DecadeTicks::decades : DecadeTicks::one_two_five)));
  } else {
    // Without any number gnuplot finds no range itself.
    text += extent.largest_loss > 0 ? "set yrange [0:*]\n" : "set yrange [0:1]\n";
  }
  return text + lines(runs, {.train_column = 2, .test_column = 3}) + level_lines(runs) + "\n";
}

std::string script(const std::filesystem::path& output, bool png, const std::string& title,
                   const std::vector<CurveRun>& runs) {
  const Extent extent = extent_of(runs);
  const Layout layout(runs);
  std::string text = data_blocks(runs) + frame(output, png, layout, extent);
  text += fmt::format("set label 1 {} at screen 0.025,{} left font 'sans-serif,15' textcolor '#222222'\n",
                      gnuplot_text(title), layout.down(24));
  text += "set lmargin at screen 0.06\nset rmargin at screen 0.48\n" + loss_panel(runs, extent);
  text +=
      "unset label 1\nunset logscale y\nset ytics autofreq\n"
      "set lmargin at screen 0.555\nset rmargin at screen 0.975\n"
      "set label 2 'Accuracy (%)'\nset yrange [0<*:*<100]\n" +
      lines(runs, {.train_column = 4, .test_column = 5}) + "\n";
  return text + legend(runs, layout, extent.flooded()) + "unset multiplot\nunset output\n";
}

}  // namespace

bool draw_curves(const std::filesystem::path& picture, const std::string& title, const std::vector<CurveRun>& runs) {
  if (std::ranges::all_of(runs, [](const CurveRun& run) { return run.rows.empty(); })) {
    std::fprintf(stderr, "warning: %s was not drawn: there is nothing to draw yet\n", picture.c_str());
    return false;
  }
  return draw_picture(picture, [&](const std::filesystem::path& output) {
    return script(output, picture.extension() == ".png", title, runs);
  });
}

}  // namespace sluice::apps
