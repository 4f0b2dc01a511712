// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/files.h>

#include <algorithm>
#include <string_view>

#include <sluice/base/error.h>

namespace sluice::data {
namespace {

struct Kind {
  std::string_view beginning;  // in small letters
  const char* name;
};

using namespace std::string_view_literals;
constexpr Kind kKinds[] = {
    {"<!doctype html"sv, "a web page"},
    {"<html"sv, "a web page"},
    {"<?xml"sv, "a web page or the error of a server"},
    {"\x1f\x8b"sv, "a gzip file"},
    {"pk\x03\x04"sv, "a zip file"},
    {"\x89hdf\r\n"sv, "an HDF5 file"},
    {"matlab 7.3"sv, "a file of MATLAB's version 7.3 (HDF5)"},
    {"matlab 5.0"sv, "a file of MATLAB"},
    {"version https://git-lfs"sv, "a pointer of Git LFS instead of the file itself"},
    {"\0\0\x08\x03"sv, "an IDX file of images"},
    {"\0\0\x08\x01"sv, "an IDX file of labels"},
    {"\x80\x02"sv, "a Python pickle"},
    {"\x80\x04"sv, "a Python pickle"},
    {"\x93numpy"sv, "an array of NumPy"},
};

char lower(std::uint8_t byte) { return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte); }

}  // namespace

void throw_missing(const std::string& what, const Origin& origin) {
  throw IoError(concat(origin.title, ": ", what, ". It comes from ", origin.address, "; scripts/fetch_data.sh ",
                       origin.fetch, " fetches it"));
}

File open_file(const std::filesystem::path& path, const Origin& origin) {
  std::error_code error;
  if (std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found)
    throw_missing(concat("there is no ", path.string()), origin);
  return {path, File::Access::read};
}

std::string looks_like(std::span<const std::uint8_t> beginning) {
  const auto first = std::ranges::find_if(beginning, [](std::uint8_t byte) { return byte != '\n' && byte != '\r'; });
  const std::span<const std::uint8_t> rest(first, beginning.end());
  for (const Kind& kind : kKinds)
    if (rest.size() >= kind.beginning.size() &&
        std::ranges::equal(rest.first(kind.beginning.size()), kind.beginning, {}, lower))
      return concat(", it begins like ", kind.name);
  return {};
}

}  // namespace sluice::data
