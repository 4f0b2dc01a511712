// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/print.h>

#include <algorithm>
#include <string>
#include <vector>

#include <sluice/core/detail/number_text.h>

namespace sluice {
namespace {

// What NumPy's printoptions are unless somebody changes them.
constexpr std::int64_t kThreshold = 1000, kEdge = 3;
constexpr std::size_t kLineWidth = 75;

// Calls visit(place in memory order) for the elements that are shown, along axis `axis` of those from `at` on.
template <class Visit>
void visit_shown(const Shape& shape, bool summarized, int axis, std::int64_t at, const Visit& visit) {
  if (axis == shape.rank()) return visit(at);
  const std::int64_t extent = shape[axis];
  for (std::int64_t i = 0; i < extent; ++i) {
    if (summarized && extent > 2 * kEdge && i == kEdge) i = extent - kEdge;
    visit_shown(shape, summarized, axis + 1, at * extent + i, visit);
  }
}

// The text of an array, axis by axis.
template <class Text>
class Layout {
 public:
  Layout(const Shape& shape, bool summarized, const Text& text) : shape_(shape), summarized_(summarized), text_(text) {}

  // Everything from `axis` on, of the elements at `at`. `indent` stands before each of its lines, and `width` is that
  // of a line: both know of the brackets around.
  std::string part(int axis, std::int64_t at, const std::string& indent, std::size_t width) const {
    const std::int64_t extent = shape_[axis];
    const bool innermost = axis == shape_.rank() - 1;
    const bool cut = summarized_ && extent > 2 * kEdge;
    std::string done, line = innermost ? indent : std::string();
    const auto add_word = [&](const std::string& word) {
      // The bracket or the space that follows takes a place.
      if (line.size() + word.size() > width - 1 && line.size() > indent.size()) {
        done += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        line = indent;
      }
      line += word;
    };
    for (std::int64_t i = 0; i < extent; ++i) {
      if (cut && i == kEdge) {
        if (innermost)
          add_word("... ");
        else
          done += indent + "..." + rule(axis);
        i = extent - kEdge;
      }
      const bool last = i == extent - 1;
      if (innermost) {
        add_word(text_(at * extent + i));
        if (!last) line += ' ';
      } else {
        done += indent + part(axis + 1, at * extent + i, indent + ' ', width - 1);
        if (!last) done += rule(axis);
      }
    }
    return "[" + (done + line).substr(indent.size()) + "]";
  }

 private:
  // Between two parts along an axis: as many line ends as axes are inside.
  std::string rule(int axis) const { return std::string(static_cast<std::size_t>(shape_.rank() - axis - 1), '\n'); }

  const Shape& shape_;
  bool summarized_;
  const Text& text_;
};

template <class T>
std::string text_of(const std::vector<T>& values, const Shape& shape) {
  if (shape.rank() == 0) return detail::number_text(values[0]);
  if (values.empty()) return "[]";
  const bool summarized = static_cast<std::int64_t>(values.size()) > kThreshold;
  std::vector<T> shown;
  visit_shown(shape, summarized, 0, 0, [&](std::int64_t at) { shown.push_back(values[static_cast<std::size_t>(at)]); });
  const detail::NumberColumn<T> column(shown);
  const auto text = [&](std::int64_t at) { return column.text(values[static_cast<std::size_t>(at)]); };
  return Layout(shape, summarized, text).part(0, 0, " ", kLineWidth);
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "undefined";
  switch (tensor.dtype()) {
    case DType::f64: return out << text_of(tensor.to_vector<double>(), tensor.shape());
    case DType::i32: return out << text_of(tensor.to_vector<std::int32_t>(), tensor.shape());
    case DType::u8: return out << text_of(tensor.to_vector<std::uint8_t>(), tensor.shape());
    default: return out << text_of(tensor.cast(DType::f32).to_vector<float>(), tensor.shape());
  }
}

}  // namespace sluice
