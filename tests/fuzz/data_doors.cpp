// SPDX-License-Identifier: Apache-2.0
// Files of images. The first byte of an input says which of a door's forms the rest is.
#include <algorithm>

#include <sluice/data/cifar.h>
#include <sluice/data/idx.h>
#include <sluice/data/svhn.h>
#include "tests/data/mat_bytes.h"
#include "tests/data/scratch_folder.h"
#include "tests/fuzz/doors.h"

namespace sluice::fuzz {
namespace {

using data::MatBytes;
using Path = std::filesystem::path;

const data::Origin& nowhere() {
  static const data::Origin origin{"Images", "https://example.org", "images"};
  return origin;
}

Bytes idx(std::uint8_t rank, const std::vector<std::uint8_t>& extents, std::size_t elements) {
  Bytes bytes{0, 0, 8, rank};
  for (const std::uint8_t extent : extents) bytes.insert(bytes.end(), {0, 0, 0, extent});
  bytes.resize(bytes.size() + elements, 1);
  return bytes;
}

Bytes with_mat_header(Input elements) {
  Bytes file = MatBytes().bytes();
  file.insert(file.end(), elements.begin(), elements.end());
  return file;
}

// A folder whose files of both parts are `file`.
const Path& svhn_folder(const Path& file) {
  static const data::ScratchFolder folder;
  static const bool made = [&] {
    for (const char* name : {"train_32x32.mat", "test_32x32.mat"})
      std::filesystem::create_symlink(file, folder.path() / name);
    return true;
  }();
  if (!made) fail("no folder");
  return folder.path();
}

}  // namespace

void open_cifar(Input input) {
  if (input.empty()) return;
  const data::Cifar variant = input[0] % 2 == 0 ? data::Cifar::cifar10 : data::Cifar::cifar100;
  read_file_of(input.subspan(1), [&](const Path& path) { data::load_cifar_file(variant, path); });
}

std::vector<Bytes> cifar_seeds() { return {joined(0, Bytes(3073, 7)), joined(1, Bytes(2 * 3074, 5))}; }

// Ranks 1 and 3, as they are (gzip among them) and packed here, so that changes reach what is inside.
void open_idx(Input input) {
  if (input.empty()) return;
  const std::size_t rank = input[0] % 2 == 0 ? 1 : 3;
  Bytes file(input.begin() + 1, input.end());
  if (input[0] % 4 >= 2) file = data::deflated(file, true);
  read_file_of(file, [&](const Path& path) {
    const data::IdxArray array = data::read_idx(path, nowhere(), rank);
    std::size_t elements = 1;
    for (const std::int64_t extent : array.extents) elements *= static_cast<std::size_t>(extent);
    if (array.elements.size() != elements) fail("extents and elements disagree");
  });
}

std::vector<Bytes> idx_seeds() {
  const Bytes labels = idx(1, {3}, 3), images = idx(3, {3, 2, 4}, 24);
  return {joined(0, labels), joined(1, images), joined(2, labels), joined(3, images),
          joined(1, data::deflated(images, true))};
}

// A file as it is; elements behind a right header; one element, packed.
void open_mat(Input input) {
  if (input.empty()) return;
  const Input rest = input.subspan(1);
  Bytes file(rest.begin(), rest.end());
  if (input[0] % 3 == 1) file = with_mat_header(rest);
  if (input[0] % 3 == 2) {
    MatBytes packed;
    packed.add_packed(file);
    file = packed.bytes();
  }
  // The folder's names lead to the file, and stand in the errors.
  read_file_of(file, [](const Path& path) {
    const Path& folder = svhn_folder(path);
    try {
      data::load_svhn(folder);
    } catch (const IoError& error) {
      if (std::string(error.what()).find(folder.string()) == std::string::npos)
        fail(concat("an error that does not name the file: ", error.what()));
    }
  });
}

std::vector<Bytes> mat_seeds() {
  const Bytes x = MatBytes::matrix("X", data::kMatU8Class, {32, 32, 3, 1}, data::kMatU8, Bytes(3072, 9));
  const Bytes y = MatBytes::matrix("y", data::kMatU8Class, {1, 1}, data::kMatU8, {10});
  const Bytes real =
      MatBytes::matrix("y", data::kMatDoubleClass, {1, 1}, data::kMatDouble, {0, 0, 0, 0, 0, 0, 0, 0x40});
  MatBytes plain, packed;
  for (const Bytes& element : {x, y}) plain.add(element), packed.add_packed(element);
  Bytes both = real;
  both.insert(both.end(), x.begin(), x.end());
  return {
      joined(0, plain.bytes()), joined(0, packed.bytes()), joined(1, both), joined(1, y), joined(2, x), joined(2, y)};
}

}  // namespace sluice::fuzz
