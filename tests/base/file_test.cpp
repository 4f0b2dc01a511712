// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/file.h>

#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "tests/data/scratch_folder.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  fs::path write(const char* name, const std::string& text) const {
    std::ofstream(scratch_.path() / name) << text;
    return scratch_.path() / name;
  }
  static std::string content(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  const data::ScratchFolder scratch_;
};

TEST_F(FileTest, AppendingFollowsNoSymbolicLink) {
  const fs::path victim = write("victim", "precious"), link = scratch_.path() / "metrics.csv";
  fs::create_symlink(victim, link);
  try {
    File(link, File::Access::append).write(std::as_bytes(std::span("x", 1)));
    ADD_FAILURE() << "no WriteError";
  } catch (const WriteError& error) {
    EXPECT_NE(std::string(error.what()).find(link.string()), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("symbolic link"), std::string::npos) << error.what();
  }
  EXPECT_EQ(content(victim), "precious");
}

TEST_F(FileTest, ReplacingALinkLeavesItsTargetAlone) {
  const fs::path victim = write("victim", "precious"), link = scratch_.path() / "config.toml";
  fs::create_symlink(victim, link);
  replace_file(link, "ours");
  EXPECT_EQ(content(victim), "precious");
  EXPECT_EQ(content(link), "ours");
}

// Opening a pipe that nobody writes to would wait for ever.
TEST_F(FileTest, APipeIsRefusedAtOnce) {
  const fs::path pipe = scratch_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(File(pipe, File::Access::read), IoError);
  EXPECT_THROW(File(pipe, File::Access::append), WriteError);
  EXPECT_THROW(read_text(pipe), IoError);
  EXPECT_THROW(replace_file(pipe, "text"), WriteError);
}

TEST_F(FileTest, TextHasALimit) {
  const fs::path path = write("text", "12345");
  EXPECT_EQ(read_text(path, 5), "12345");
  EXPECT_THROW(read_text(path, 4), IoError);
}

}  // namespace
}  // namespace sluice
