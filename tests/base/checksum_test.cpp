// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/checksum.h>

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, AgreesWithTheStandardsVectors) {
  std::vector<std::byte> bytes(32, std::byte{0});
  EXPECT_EQ(crc32c(bytes), 0x8a9136aau);
  bytes.assign(32, std::byte{0xff});
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43u);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(bytes), 0x46dd794eu);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(31 - i);
  EXPECT_EQ(crc32c(bytes), 0x113fdb5cu);
  EXPECT_EQ(crc32c({}), 0u);
}

}  // namespace
}  // namespace sluice
