// SPDX-License-Identifier: Apache-2.0
#include "apps/common/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include <sluice/base/number.h>
#include "apps/common/number_text.h"

namespace sluice::apps {
namespace {

constexpr std::string_view kHeader =
    "epoch,step,train_loss,train_accuracy,test_loss,test_accuracy,flooded_fraction,learning_rate,images_per_second,"
    "seconds";

// Letters of a damaged file that a message repeats.
constexpr std::size_t kShown = 100;

std::string line_of(const MetricsRow& row) {
  return fmt::format("{},{},{},{},{},{},{},{},{},{}\n", row.epoch, row.step, exact(row.train_loss),
                     exact(row.train_accuracy), exact(row.test_loss), exact(row.test_accuracy),
                     exact(row.flooded_fraction), exact(row.learning_rate), exact(row.images_per_second),
                     exact(row.seconds));
}

std::string content_of(const std::vector<MetricsRow>& rows) {
  std::string text = std::string(kHeader) + "\n";
  for (const MetricsRow& row : rows) text += line_of(row);
  return text;
}

// Reads the cells of one line.
class LineReader {
 public:
  LineReader(const std::filesystem::path& path, std::size_t number, std::string_view line)
      : path_(path), number_(number), rest_(line) {}

  template <class Number>
  void read(Number& number, std::string_view column, bool last = false) {
    const std::size_t comma = rest_.find(',');
    if (!last && comma == std::string_view::npos) fail(column, "is missing");
    const std::string_view cell = last ? rest_ : rest_.substr(0, comma);
    const std::optional<Number> parsed = parse_number<Number>(cell);
    if (!parsed) fail(column, fmt::format("expects a number, got '{}'", cell.substr(0, kShown)));
    number = *parsed;
    if (!last) rest_.remove_prefix(comma + 1);
  }

  void check(bool holds, std::string_view column, const char* expected, std::int64_t got) const {
    if (!holds) fail(column, fmt::format("{}, got {}", expected, got));
  }

 private:
  [[noreturn]] void fail(std::string_view column, const std::string& what) const {
    throw IoError(fmt::format("{}, line {}: {} {}", path_.string(), number_, column, what));
  }

  const std::filesystem::path& path_;
  std::size_t number_;
  std::string_view rest_;
};

MetricsRow row_of(const std::filesystem::path& path, std::size_t number, std::string_view line) {
  LineReader cells(path, number, line);
  MetricsRow row;
  cells.read(row.epoch, "epoch");
  cells.read(row.step, "step");
  cells.read(row.train_loss, "train_loss");
  cells.read(row.train_accuracy, "train_accuracy");
  cells.read(row.test_loss, "test_loss");
  cells.read(row.test_accuracy, "test_accuracy");
  cells.read(row.flooded_fraction, "flooded_fraction");
  cells.read(row.learning_rate, "learning_rate");
  cells.read(row.images_per_second, "images_per_second");
  cells.read(row.seconds, "seconds", true);
  cells.check(row.epoch >= 1, "epoch", "expects a number from 1", row.epoch);
  cells.check(row.step >= 0, "step", "expects a number from 0", row.step);
  return row;
}

// Makes the file hold just the rows that stay.
std::vector<MetricsRow> rows_that_stay(const std::filesystem::path& path, std::int64_t completed_epochs) {
  std::vector<MetricsRow> rows;
  if (exists(path)) rows = read_metrics(path);
  std::erase_if(rows, [&](const MetricsRow& row) { return row.epoch > completed_epochs; });
  replace_file(path, content_of(rows));
  return rows;
}

}  // namespace

MetricsWriter::MetricsWriter(const std::filesystem::path& path, std::int64_t completed_epochs)
    : rows_(rows_that_stay(path, completed_epochs)), file_(path, File::Access::append) {}

void MetricsWriter::append(const MetricsRow& row) {
  const std::uint64_t before = file_.size();
  const std::string line = line_of(row);
  try {
    file_.write(std::as_bytes(std::span(line)));
    file_.sync();
  } catch (const WriteError&) {
    try {
      file_.truncate(before);
    } catch (const WriteError&) {
      // The first error says why; reading leaves out a last line that was cut off.
    }
    throw;
  }
  rows_.push_back(row);
}

std::vector<MetricsRow> read_metrics(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  std::vector<MetricsRow> rows;
  std::size_t number = 0;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (++number > 1)
      rows.push_back(row_of(path, number, line));
    else if (line != kHeader)
      throw IoError(fmt::format("{}, line 1: expects '{}', got '{}'", path.string(), kHeader, line.substr(0, 200)));
  }
  if (number == 0) throw IoError(fmt::format("{} expects a first line '{}', got none", path.string(), kHeader));
  return rows;
}

}  // namespace sluice::apps
