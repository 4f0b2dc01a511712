// SPDX-License-Identifier: Apache-2.0
#include "apps/common/panels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

// Sizes in pixels of the .svg; a .png is drawn twice as large.
struct Layout {
  static constexpr int kWidth = 960, kRow = 250, kTitle = 40, kLegendLine = 22;
  std::size_t columns, rows;
  int legend_lines;

  int height() const { return kTitle + kRow * static_cast<int>(rows) + legend_lines * kLegendLine + 10; }
  double x(double pixels) const { return pixels / kWidth; }
  double y_from_top(double pixels) const { return 1 - pixels / height(); }
};

std::string line_command(const PlotLine& line, const std::string& what, const std::string& title) {
  const Hue& hue = kHues[line.colour % std::size(kHues)];
  const bool light = line.style == LineStyle::light;
  std::string style = line.style == LineStyle::markers ? "with points pointtype 7 pointsize 0.6" : "with lines";
  style += fmt::format(" linetype 1 linecolor '{}' linewidth {}", light ? hue.light : hue.strong, light ? 1.5 : 2.0);
  if (line.style == LineStyle::dashed) style += " dashtype (7,5)";
  return what + " " + style + (title.empty() ? " notitle" : " title " + gnuplot_text(title));
}

// One entry a label, in the order in which they come.
std::vector<PlotLine> legend_of(const std::vector<Panel>& panels) {
  std::vector<PlotLine> entries;
  for (const Panel& panel : panels)
    for (const PlotLine& line : panel.lines)
      if (!line.label.empty() && std::ranges::none_of(entries, [&](const auto& e) { return e.label == line.label; }))
        entries.push_back({line.label, line.colour, line.style, {}});
  return entries;
}

std::string data_blocks(const std::vector<Panel>& panels) {
  std::string text;
  for (std::size_t p = 0; p < panels.size(); ++p)
    for (std::size_t l = 0; l < panels[p].lines.size(); ++l) {
      text += fmt::format("$p{}l{} << EOD\n", p, l);
      for (const PlotPoint& point : panels[p].lines[l].points)
        text += fmt::format("{} {} {} {}\n", gnuplot_number(point.x), gnuplot_number(point.y),
                            gnuplot_number(point.y - point.spread), gnuplot_number(point.y + point.spread));
      text += "EOD\n";
    }
  return text;
}

std::string axis_commands(const Panel& panel, char axis, Axis kind, double PlotPoint::*value) {
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const PlotLine& line : panel.lines)
    for (const PlotPoint& point : line.points)
      if (std::isfinite(point.*value) && (kind == Axis::linear || point.*value > 0)) {
        low = std::min(low, point.*value);
        high = std::max(high, point.*value);
      }
  if (low > high) return fmt::format("set {}range [0:1]\n", axis);
  if (kind == Axis::linear) {
    const double pad = high > low ? (axis == 'y' ? 0.06 : 0.0) * (high - low) : 0.5;
    return fmt::format("set {0}range [{1}:{2}]\nset {0}tics autofreq\n", axis, low - pad, high + pad);
  }
  const double pad = axis == 'y' || low == high ? 1.15 : 1;
  const LogarithmicRange range(low / pad, high * pad);
  const bool many = range.high / range.low > 200;
  return fmt::format("set logscale {0}\nset {0}range [{1}:{2}]\nset {0}tics ({3})\n", axis, range.low, range.high,
                     tick_list(decade_ticks(range, many ? DecadeTicks::decades : DecadeTicks::one_two_five)));
}

std::string panel_commands(const Panel& panel, std::size_t index, const Layout& layout) {
  const auto column = static_cast<double>(index % layout.columns), row = static_cast<double>(index / layout.columns);
  const double width = static_cast<double>(Layout::kWidth) / static_cast<double>(layout.columns);
  const double top = Layout::kTitle + row * Layout::kRow;
  std::string text = fmt::format(
      "set lmargin at screen {}\nset rmargin at screen {}\nset tmargin at screen {}\nset bmargin at screen {}\n"
      "unset logscale\nset title {} offset 0,-0.6 textcolor '#222222'\nset xlabel {} offset 0,0.6 textcolor "
      "'#555555'\n",
      layout.x(column * width + 50), layout.x((column + 1) * width - 14), layout.y_from_top(top + 28),
      layout.y_from_top(top + Layout::kRow - 48), gnuplot_text(panel.title), gnuplot_text(panel.x_label));
  text += axis_commands(panel, 'x', panel.x, &PlotPoint::x) + axis_commands(panel, 'y', panel.y, &PlotPoint::y);
  std::string plot;
  const auto add = [&](const std::string& what) { plot += (plot.empty() ? "plot " : ", \\\n     ") + what; };
  for (std::size_t l = 0; l < panel.lines.size(); ++l)
    if (std::ranges::any_of(panel.lines[l].points, [](const PlotPoint& point) { return point.spread > 0; }))
      add(fmt::format("$p{}l{} using 1:3:4 with filledcurves fillcolor '{}' fillstyle transparent solid 0.25 notitle",
                      index, l, kHues[panel.lines[l].colour % std::size(kHues)].light));
  for (std::size_t l = 0; l < panel.lines.size(); ++l)
    if (!panel.lines[l].points.empty())
      add(line_command(panel.lines[l], fmt::format("$p{}l{} using 1:2", index, l), ""));
  return text + (plot.empty() ? "plot NaN notitle" : plot) + "\n";
}

std::string legend_commands(const std::vector<PlotLine>& entries, const Layout& layout) {
  std::string plot;
  for (const PlotLine& entry : entries)
    plot += (plot.empty() ? "plot " : ", ") + line_command(entry, "NaN", entry.label);
  if (plot.empty()) return {};
  return fmt::format(
      "unset title\nunset border\nunset tics\nunset grid\nunset xlabel\nunset logscale\n"
      "set lmargin at screen 0.01\nset rmargin at screen 0.99\nset bmargin at screen 0\nset tmargin at screen {}\n"
      "set key inside center center horizontal Left reverse samplen 2 textcolor '#222222'\n"
      "set xrange [0:1]\nset yrange [0:1]\n{}\n",
      static_cast<double>(layout.legend_lines * Layout::kLegendLine + 10) / layout.height(), plot);
}

std::string script(const std::filesystem::path& output, bool png, const std::string& title, std::size_t columns,
                   const std::vector<Panel>& panels) {
  const std::vector<PlotLine> entries = legend_of(panels);
  std::size_t letters = 11;
  for (const PlotLine& entry : entries) letters = std::max(letters, entry.label.size());
  const auto in_a_line = std::max(1.0, std::floor(900 / (60 + 7.5 * static_cast<double>(letters))));
  const Layout layout{columns, (panels.size() + columns - 1) / columns,
                      static_cast<int>(std::ceil(static_cast<double>(entries.size()) / in_a_line))};
  const std::string terminal = png ? fmt::format("pngcairo size {},{} fontscale 1.9 linewidth 2 pointscale 2",
                                                 2 * Layout::kWidth, 2 * layout.height())
                                   : fmt::format("svg size {},{} dynamic", Layout::kWidth, layout.height());
  std::string text = data_blocks(panels);
  text += fmt::format(
      "set encoding utf8\nset terminal {} noenhanced background '#ffffff' font 'sans-serif,12'\nset output {}\n"
      "set border 1 linecolor '#bbbbbb'\nset tics nomirror scale 0 textcolor '#555555'\n"
      "set grid ytics linetype 1 linecolor '#e6e6e6' linewidth 1\nunset key\nset multiplot\n"
      "set label 1 {} at screen 0.015,{} left font 'sans-serif,15' textcolor '#222222'\n",
      terminal, gnuplot_text(output.string()), gnuplot_text(title), layout.y_from_top(20));
  for (std::size_t p = 0; p < panels.size(); ++p) {
    text += panel_commands(panels[p], p, layout);
    if (p == 0) text += "unset label 1\n";
  }
  return text + legend_commands(entries, layout) + "unset multiplot\nunset output\n";
}

}  // namespace

bool draw_panels(const std::filesystem::path& picture, const std::string& title, std::size_t columns,
                 const std::vector<Panel>& panels) {
  return draw_picture(picture, [&](const std::filesystem::path& output) {
    return script(output, picture.extension() == ".png", title, columns, panels);
  });
}

}  // namespace sluice::apps
