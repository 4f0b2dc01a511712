// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/shapes10_outline.h>

#include <span>

namespace sluice::data::shapes10 {
namespace {

struct Point {
  std::int32_t u, v;
};

constexpr std::array<Point, 3> kTriangle{{{0, -1100}, {950, 550}, {-950, 550}}};
constexpr std::array<Point, 3> kArrowHead{{{0, -800}, {1050, 0}, {0, 800}}};
constexpr std::array<Point, 3> kHeartTip{{{-890, -130}, {890, -130}, {0, 1000}}};
// Five tips at radius 1150, five notches at 460, from the top.
constexpr std::array<Point, 10> kStar{{{0, -1150},
                                       {270, -372},
                                       {1094, -355},
                                       {437, 142},
                                       {676, 930},
                                       {0, 460},
                                       {-676, 930},
                                       {-437, 142},
                                       {-1094, -355},
                                       {-270, -372}}};

constexpr std::int32_t magnitude(std::int32_t value) { return value < 0 ? -value : value; }
constexpr bool in_disc(std::int32_t u, std::int32_t v, std::int32_t radius) { return u * u + v * v <= radius * radius; }

// Even-odd rule.
bool in_polygon(std::span<const Point> corners, std::int32_t u, std::int32_t v) {
  bool in = false;
  for (std::size_t i = 0, j = corners.size() - 1; i < corners.size(); j = i++) {
    const Point a = corners[i], b = corners[j];
    if ((a.v > v) == (b.v > v)) continue;
    const std::int64_t side = std::int64_t{b.u - a.u} * (v - a.v) - std::int64_t{u - a.u} * (b.v - a.v);
    if ((side > 0) == (b.v > a.v)) in = !in;
  }
  return in;
}

}  // namespace

bool inside(int shape, std::int32_t u, std::int32_t v) {
  const std::int32_t across = magnitude(u), along = magnitude(v);
  switch (shape) {
    case 0: return in_disc(u, v, 920);
    case 1: return in_disc(u, v, 1000) && !in_disc(u, v, 560);
    case 2: return in_disc(u + 100, v, 1000) && !in_disc(u - 380, v, 800);
    case 3: return across <= 800 && along <= 800;
    case 4: return in_polygon(kTriangle, u, v);
    case 5: return in_polygon(kStar, u, v);
    case 6: return (across <= 320 && along <= 1020) || (along <= 320 && across <= 1020);
    case 7: return in_disc(u + 440, v + 370, 510) || in_disc(u - 440, v + 370, 510) || in_polygon(kHeartTip, u, v);
    case 8: return (along <= 270 && u >= -1050 && u <= 50) || in_polygon(kArrowHead, u, v);
    default: return along <= 960 && 5 * across <= 4 * along + 400;
  }
}

std::int32_t sine(std::int32_t degrees) {
  const std::int32_t angle = ((degrees % 360) + 360) % 360;
  const std::int32_t half = angle < 180 ? angle : angle - 180;
  const std::int32_t product = half * (180 - half);
  const std::int32_t value = 4096 * 4 * product / (40500 - product);
  return angle < 180 ? value : -value;
}

Placement::Placement(std::int32_t x, std::int32_t y, std::int32_t radius_u, std::int32_t radius_v, std::int32_t degrees)
    : x_(x), y_(y) {
  // 1000 units a radius, 4096 a sine, 2^16 in the result.
  const std::int64_t scale = 1000 * 16;
  const std::int64_t cosine = sine(degrees + 90);
  u_by_x_ = cosine * scale / radius_u;
  u_by_y_ = sine(degrees) * scale / radius_u;
  v_by_x_ = -sine(degrees) * scale / radius_v;
  v_by_y_ = cosine * scale / radius_v;
}

bool Placement::covers(int shape, std::int32_t x, std::int32_t y) const {
  const std::int64_t u = (u_by_x_ * (x - x_) + u_by_y_ * (y - y_)) / 65536;
  const std::int64_t v = (v_by_x_ * (x - x_) + v_by_y_ * (y - y_)) / 65536;
  constexpr std::int64_t far = 1500;
  if (u < -far || u > far || v < -far || v > far) return false;
  return inside(shape, static_cast<std::int32_t>(u), static_cast<std::int32_t>(v));
}

}  // namespace sluice::data::shapes10
