// SPDX-License-Identifier: Apache-2.0
#include "apps/common/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::apps {

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (Column& column : columns_) column.width = std::max(column.width, column.title.size());
}

std::string Table::heading() const {
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  return row(titles);
}

std::string Table::row(const std::vector<std::string>& cells) const {
  std::string line;
  for (std::size_t i = 0; i < std::min(cells.size(), columns_.size()); ++i)
    line += i == 0 ? fmt::format("{:<{}}", cells[i], columns_[i].width)
                   : fmt::format("  {:>{}}", cells[i], columns_[i].width);
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace sluice::apps
