// SPDX-License-Identifier: Apache-2.0
// A picture of several small plots in rows and columns, under one title and over one legend, drawn by gnuplot.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sluice::apps {

struct PlotPoint {
  double x = 0;
  double y = 0;
  double spread = 0;  // half the height of the band around a line; 0: none
};

enum class LineStyle : unsigned char { strong, light, dashed, markers };

struct PlotLine {
  std::string label;       // lines of one label in a picture share one entry of the legend; empty: no entry
  std::size_t colour = 0;  // which of the colours; the same one in all panels for the same thing
  LineStyle style = LineStyle::strong;
  std::vector<PlotPoint> points;
};

enum class Axis : unsigned char { linear, logarithmic };

struct Panel {
  std::string title;
  std::string x_label;
  Axis x = Axis::linear;
  Axis y = Axis::linear;
  std::vector<PlotLine> lines;
};

// Panels fill row after row of `columns`. As draw_picture of gnuplot.h: false, with a warning, where it can't be drawn.
bool draw_panels(const std::filesystem::path& picture, const std::string& title, std::size_t columns,
                 const std::vector<Panel>& panels);

}  // namespace sluice::apps
