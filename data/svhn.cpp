// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/svhn.h>

#include <matio.h>

#include <memory>

#include <sluice/base/error.h>
#include <sluice/data/files.h>

namespace sluice::data {
namespace {

constexpr std::int64_t kSide = 32;
constexpr std::int64_t kChannels = 3;

const Origin& origin() {
  static const Origin svhn{"SVHN", "http://ufldl.stanford.edu/housenumbers", "svhn"};
  return svhn;
}

struct CloseFile {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using MatFile = std::unique_ptr<mat_t, CloseFile>;
using MatVariable = std::unique_ptr<matvar_t, FreeVariable>;

// What the library has to say is in our exception already.
void say_nothing(int, char*) {}

MatVariable read_variable(mat_t* file, const char* name, const std::filesystem::path& path) {
  MatVariable variable(Mat_VarRead(file, name));
  if (!variable || variable->data == nullptr)
    throw IoError(concat(path.string(), " is damaged or truncated: its variable ", name, " can't be read"));
  return variable;
}

std::string extents_of(const matvar_t& variable) {
  std::string text;
  for (int axis = 0; axis < variable.rank; ++axis) text += concat(axis > 0 ? "x" : "", variable.dims[axis]);
  return text;
}

// Labels come as u8 or as double, as a column or a row.
std::int64_t label_at(const matvar_t& labels, std::int64_t record, const std::filesystem::path& path) {
  const double value = labels.class_type == MAT_C_UINT8 ? static_cast<const std::uint8_t*>(labels.data)[record]
                                                        : static_cast<const double*>(labels.data)[record];
  const auto whole = static_cast<std::int64_t>(value);
  if (!(value >= 1 && value <= 10) || static_cast<double>(whole) != value)
    throw IoError(concat(path.string(), ": record ", record, " (counted from 0) has label ", value,
                         ", out of range: expected 1 to 10"));
  return whole % 10;
}

// From MATLAB's order, where the row runs fastest and the record slowest, to [N,H,W,C].
std::vector<std::uint8_t> as_nhwc(const std::uint8_t* x, std::int64_t records) {
  std::vector<std::uint8_t> images(static_cast<std::size_t>(records * kSide * kSide * kChannels));
  std::uint8_t* to = images.data();
  for (std::int64_t record = 0; record < records; ++record)
    for (std::int64_t row = 0; row < kSide; ++row)
      for (std::int64_t column = 0; column < kSide; ++column)
        for (std::int64_t channel = 0; channel < kChannels; ++channel)
          *to++ = x[row + kSide * (column + kSide * (channel + kChannels * record))];
  return images;
}

ImageDataset load_part(const std::filesystem::path& path) {
  file_size(path, origin());
  Mat_LogInitFunc("sluice", say_nothing);
  const MatFile file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (!file) throw IoError(concat(path.string(), " is damaged: it is no MATLAB file"));
  const MatVariable images = read_variable(file.get(), "X", path);
  const bool fits = images->class_type == MAT_C_UINT8 && images->rank == 4 && images->dims[0] == kSide &&
                    images->dims[1] == kSide && images->dims[2] == kChannels && images->dims[3] > 0;
  if (!fits)
    throw IoError(concat(path.string(), ": X expects bytes of 32x32x3xN, got ",
                         images->class_type == MAT_C_UINT8 ? "bytes" : "another type", " of ", extents_of(*images)));
  const auto records = static_cast<std::int64_t>(images->dims[3]);
  const MatVariable labels = read_variable(file.get(), "y", path);
  const bool known_type = labels->class_type == MAT_C_UINT8 || labels->class_type == MAT_C_DOUBLE;
  if (!known_type || labels->rank != 2 || labels->dims[0] * labels->dims[1] != images->dims[3])
    throw IoError(concat(path.string(), ": y expects ", records, " labels in bytes or double, got ",
                         extents_of(*labels), known_type ? "" : " of another type"));
  ImageDataset dataset{.name = "svhn",
                       .height = kSide,
                       .width = kSide,
                       .channels = kChannels,
                       .classes = 10,
                       .class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                       .images = as_nhwc(static_cast<const std::uint8_t*>(images->data), records)};
  for (std::int64_t record = 0; record < records; ++record)
    dataset.labels.push_back(static_cast<std::int32_t>(label_at(*labels, record, path)));
  return dataset;
}

}  // namespace

ImageSplits load_svhn(const std::filesystem::path& folder) {
  for (const std::filesystem::path& place : {folder / "svhn", folder})
    if (exists(place / "train_32x32.mat") || exists(place / "test_32x32.mat"))
      return {load_part(place / "train_32x32.mat"), load_part(place / "test_32x32.mat")};
  throw_missing(concat("there are no files of it in ", folder.string(), " nor in ", (folder / "svhn").string()),
                origin());
}

}  // namespace sluice::data
