// SPDX-License-Identifier: Apache-2.0
#include "apps/common/toml.h"

#include <gtest/gtest.h>

#include <sluice/base/error.h>

namespace sluice::apps {
namespace {

std::vector<std::string> values_of(const std::string& text) {
  const std::vector<TomlEntry> entries = parse_toml(text);
  return entries.size() == 1 ? entries[0].values : std::vector<std::string>{};
}

// The examples of https://toml.io/en/v1.0.0, sections Comment, Keys, String, Integer, Float, Boolean, Array.
TEST(Toml, ReadsTheSpecificationsExamples) {
  EXPECT_EQ(values_of("key = \"value\"  # This is a comment at the end of a line"), std::vector<std::string>{"value"});
  EXPECT_EQ(values_of("another = \"# This is not a comment\""), std::vector<std::string>{"# This is not a comment"});
  EXPECT_EQ(values_of("str = \"I'm a string. \\\"You can quote me\\\". Name\\tJos\\u00E9\\nLocation\\tSF.\""),
            std::vector<std::string>{"I'm a string. \"You can quote me\". Name\tJos\xc3\xa9\nLocation\tSF."});
  EXPECT_EQ(values_of("winpath  = 'C:\\Users\\nodejs\\templates'"),
            std::vector<std::string>{"C:\\Users\\nodejs\\templates"});
  EXPECT_EQ(values_of("quoted   = 'Tom \"Dubs\" Preston-Werner'"),
            std::vector<std::string>{"Tom \"Dubs\" Preston-Werner"});
  EXPECT_EQ(values_of("flt7 = 6.626e-34"), std::vector<std::string>{"6.626e-34"});
  EXPECT_EQ(values_of("bool1 = true\r\n"), std::vector<std::string>{"true"});
  EXPECT_EQ(values_of("integers3 = [\n  1,\n  2, # this is ok\n]"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(parse_toml("bare-key = 1\n\n\"quoted key\" = ''\n")[1].key, "quoted key");
  EXPECT_EQ(values_of("\xef\xbb\xbf"
                      "mark = 1"),
            std::vector<std::string>{"1"})
      << "a byte-order mark";
}

TEST(Toml, WhatIsWrittenIsReadBack) {
  for (const std::string text : {"", "a # b", "it's \"both\"", "C:\\new\\x", "two\nlines\ttab", "-0.5", "1e30", "007",
                                 "nan", "[1]", "Jos\xc3\xa9", "0:0.1,20:0.05", "\x7f"})
    EXPECT_EQ(values_of("key = " + toml_value(text) + "\n"), std::vector<std::string>{text}) << toml_value(text);
  EXPECT_EQ(toml_value("0.5"), "0.5");
  EXPECT_EQ(toml_value("007"), "\"007\"");
}

TEST(Toml, ErrorsNameTheLine) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      parse_toml(text);
    } catch (const IoError& thrown) {
      return thrown.what();
    }
    return "none";
  };
  EXPECT_EQ(error("a = 1\nb = \"x"), "line 2: expects a closing \", got ''");
  EXPECT_EQ(error("[table]"), "line 1: expects a key, got '[table]'");
  EXPECT_EQ(error("a 1"), "line 1: expects '=', got '1'");
  EXPECT_EQ(error("a = 1 2"), "line 1: expects the end of the line, got '2'");
  EXPECT_EQ(error("\na = \"\\q\""), "line 2: expects an escape after '\\', got 'q\"'");
  EXPECT_EQ(error("a = [1 2]"), "line 1: expects ',', got '2]'");
  EXPECT_EQ(error("a ="), "line 1: expects a value, got ''");
  EXPECT_EQ(error("a = \"\"\"x\"\"\""), "line 1: expects a string on one line, got '\"\"\"x\"\"\"'");
}

}  // namespace
}  // namespace sluice::apps
