// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace sluice::apps {

struct Column {
  std::string title;
  std::size_t width = 0;  // at least the title's
};

// Lines of aligned text: the first column to the left, the others to the right, two spaces between them. A cell that is
// too wide is printed whole.
class Table {
 public:
  explicit Table(std::vector<Column> columns);

  std::string heading() const;
  // As many cells as columns, or fewer; without the end of the line.
  std::string row(const std::vector<std::string>& cells) const;

 private:
  std::vector<Column> columns_;
};

}  // namespace sluice::apps
