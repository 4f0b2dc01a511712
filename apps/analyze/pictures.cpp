// SPDX-License-Identifier: Apache-2.0
#include "apps/analyze/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/gnuplot.h"
#include "apps/common/panels.h"
#include "apps/common/ticks.h"

namespace sluice::apps {
namespace {

// The one colour of the palette that no run has unless there are six.
constexpr std::size_t kGrey = 5;

void draw_reliability(const std::filesystem::path& picture, const std::vector<RunMeasure>& runs) {
  Panel diagram{.title = "accuracy of the images in each bin", .x_label = "confidence", .lines = {}};
  Panel shares{.title = "share of the test images", .x_label = "confidence", .lines = {}};
  diagram.lines.push_back({"as sure as right", kGrey, LineStyle::dashed, {{0, 0}, {1, 1}}});
  shares.lines.push_back({"", kGrey, LineStyle::light, {{0, 0}, {1, 0}}});
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const analysis::Calibration& calibration = runs[r].calibration;
    const std::string label = fmt::format("{}: ECE {:.3f}", runs[r].name, calibration.expected_error);
    PlotLine accuracy{label, r, LineStyle::strong, {}}, markers{"", r, LineStyle::markers, {}},
        share{"", r, LineStyle::strong, {}};
    std::int64_t images = 0;
    for (const analysis::CalibrationBin& bin : calibration.bins) images += bin.images;
    for (const analysis::CalibrationBin& bin : calibration.bins) {
      const double part = static_cast<double>(bin.images) / static_cast<double>(images);
      share.points.push_back({bin.low, part});
      share.points.push_back({bin.high, part});
      if (bin.images == 0) continue;
      accuracy.points.push_back({bin.confidence, bin.accuracy});
      markers.points.push_back({bin.confidence, bin.accuracy});
    }
    diagram.lines.push_back(accuracy);
    diagram.lines.push_back(markers);
    shares.lines.push_back(share);
  }
  draw_panels(picture, "Reliability on the test images", 2, {diagram, shares});
}

// Logarithmic where the values are positive and far enough apart for its ticks.
Axis axis_for(const Panel& panel, double PlotPoint::*value) {
  double low = HUGE_VAL, high = 0;
  for (const PlotLine& line : panel.lines)
    for (const PlotPoint& point : line.points) {
      low = std::min(low, point.*value);
      high = std::max(high, point.*value);
    }
  return low > 0 && high > 5 * low ? Axis::logarithmic : Axis::linear;
}

void draw_line(const std::filesystem::path& picture, const std::vector<RunMeasure>& runs) {
  Panel train{.title = "training loss", .x_label = "distance, in lengths of the weights", .lines = {}};
  Panel test = train;
  test.title = "test loss";
  for (std::size_t r = 0; r < runs.size(); ++r) {
    PlotLine on_train{runs[r].name, r, LineStyle::strong, {}};
    PlotLine on_test = on_train;
    for (std::size_t i = 0; i < runs[r].positions.size(); ++i) {
      on_train.points.push_back({runs[r].positions[i], runs[r].train.line[i]});
      on_test.points.push_back({runs[r].positions[i], runs[r].test.line[i]});
    }
    train.lines.push_back(on_train);
    test.lines.push_back(on_test);
  }
  for (Panel* panel : {&train, &test}) panel->y = axis_for(*panel, &PlotPoint::y);
  draw_panels(picture, "Loss along a random, filter-normalised direction", 2, {train, test});
}

void draw_gradient_norms(const std::filesystem::path& picture, const std::vector<RunMeasure>& runs) {
  Panel loss{.title = "test loss", .x_label = "norm of the training loss's gradient, by filter", .lines = {}};
  Panel accuracy = loss;
  accuracy.title = "test accuracy";
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const double norm = runs[r].train.gradient.filter;
    loss.lines.push_back({runs[r].name, r, LineStyle::markers, {{norm, runs[r].test.loss}}});
    accuracy.lines.push_back({runs[r].name, r, LineStyle::markers, {{norm, runs[r].test.accuracy}}});
  }
  for (Panel* panel : {&loss, &accuracy}) panel->x = axis_for(*panel, &PlotPoint::x);
  draw_panels(picture, "Sharpness and generalisation", 2, {loss, accuracy});
}

// Loss as colour on a logarithmic scale, with contours at 1, 2 and 5 of each decade.
void draw_plane(const std::filesystem::path& picture, const RunMeasure& run) {
  std::string data;
  double low = HUGE_VAL, high = 0;
  for (std::size_t y = 0; y < run.plane.size(); ++y) {
    for (std::size_t x = 0; x < run.plane[y].size(); ++x) {
      const double loss = run.plane[y][x];
      data += fmt::format("{} {} {}\n", run.sides[x], run.sides[y], gnuplot_number(loss));
      if (!std::isfinite(loss) || loss <= 0) continue;
      low = std::min(low, loss), high = std::max(high, loss);
    }
    data += "\n";
  }
  if (low > high) low = 0.1, high = 1;
  const LogarithmicRange range(low, high);
  const std::string levels = tick_list(decade_ticks(range, DecadeTicks::one_two_five));
  draw_picture(picture, [&](const std::filesystem::path& output) {
    const bool png = picture.extension() == ".png";
    return fmt::format(
        "$plane << EOD\n{}EOD\nset encoding utf8\nset terminal {} noenhanced background '#ffffff' font "
        "'sans-serif,12'\nset output {}\n"
        "set contour base\nset cntrparam cubicspline\nset cntrparam levels discrete {}\nset cntrlabel onecolor\n"
        "unset surface\nset table $contours\nsplot $plane\nunset table\n"
        "set title {} textcolor '#222222' font 'sans-serif,15'\nunset key\nset size ratio -1\n"
        "set border 0\nset tics nomirror scale 0 textcolor '#555555'\n"
        "set xlabel 'first direction, in lengths of the weights' textcolor '#555555'\n"
        "set ylabel 'second direction' textcolor '#555555'\nset cblabel 'training loss' textcolor '#555555'\n"
        "set logscale cb\nset colorbox noborder\nset cbrange [{}:{}]\nset cbtics ({})\n"
        "set palette defined (0 '#1d4e89', 0.35 '#5f9ac7', 0.6 '#dfe9ef', 0.8 '#ecb185', 1 '#b9531b')\n"
        "set xrange [{}:{}]\nset yrange [{}:{}]\n"
        "plot $plane using 1:2:3 with image pixels, \\\n"
        "     $contours using 1:2 with lines linetype 1 linecolor '#333333' linewidth 0.8, \\\n"
        "     '+' using (0):(0) every ::0::0 with points pointtype 1 pointsize 1 linewidth 2 linecolor '#111111'\n"
        "unset output\n",
        data, png ? "pngcairo size 1240,1120 fontscale 1.9 linewidth 2" : "svg size 620,560 dynamic",
        gnuplot_text(output.string()), levels.empty() ? "1" : levels,
        gnuplot_text(run.name + ": training loss along two random directions"), range.low, range.high,
        levels.empty() ? "1" : levels, run.sides.front(), run.sides.back(), run.sides.front(), run.sides.back());
  });
}

}  // namespace

void draw_pictures(const std::filesystem::path& folder, const std::vector<RunMeasure>& runs) {
  draw_reliability(folder / "reliability.svg", runs);
  if (!runs[0].positions.empty()) draw_line(folder / "landscape_line.svg", runs);
  if (runs.size() > 1) draw_gradient_norms(folder / "gradient_norms.svg", runs);
  for (const RunMeasure& run : runs)
    if (!run.plane.empty()) draw_plane(folder / fmt::format("landscape_plane-{}.svg", run.name), run);
}

}  // namespace sluice::apps
