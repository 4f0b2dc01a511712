// SPDX-License-Identifier: Apache-2.0
// Writes messages in the wire format of Protocol Buffers: each field as a varint of (number << 3 | kind), then its
// value. Source: https://protobuf.dev/programming-guides/encoding.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::apps {

static_assert(std::endian::native == std::endian::little, "fixed fields are little-endian");

class Message {
 public:
  // Fields of type int64 or enum, double, float, and string or message, in the order of the calls.
  Message& integer(unsigned field, std::uint64_t value) {
    key(field, 0);
    varint(value);
    return *this;
  }
  Message& number(unsigned field, double value) {
    key(field, 1);
    fixed(value);
    return *this;
  }
  Message& number(unsigned field, float value) {
    key(field, 5);
    fixed(value);
    return *this;
  }
  Message& text(unsigned field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(unsigned field, const Message& value) { return text(field, value.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  void key(unsigned field, unsigned kind) { varint(field << 3 | kind); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  template <class Value>
  void fixed(Value value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::string bytes_;
};

}  // namespace sluice::apps
