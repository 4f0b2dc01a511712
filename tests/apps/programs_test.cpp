// SPDX-License-Identifier: Apache-2.0
// The small pieces of the programs: exit codes, interrupts, tables, progress.
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sluice/base/file.h>
#include "apps/common/exit_codes.h"
#include "apps/common/interrupt.h"
#include "apps/common/output.h"
#include "apps/common/progress.h"
#include "apps/common/table.h"

namespace sluice::apps {
namespace {

template <class Thrown>
int code_of(const Thrown& thrown) {
  return run_main("program", [&]() -> int { throw thrown; });
}

TEST(RunMain, TellsKindsOfErrorsApart) {
  EXPECT_EQ(run_main("program", [] { return 0; }), 0);
  EXPECT_EQ(run_main("program", [] { return 130; }), 130);
  EXPECT_EQ(code_of(Error("x")), 1);
  EXPECT_EQ(code_of(WriteError("x")), 1);
  EXPECT_EQ(code_of(DeviceError("x")), 1);
  EXPECT_EQ(code_of(OutOfMemory("x")), 1);
  EXPECT_EQ(code_of(std::bad_alloc()), 1);
  EXPECT_EQ(code_of(std::runtime_error("x")), 1);
  EXPECT_EQ(code_of(7), 1);
  EXPECT_EQ(code_of(UsageError("x")), 2);
  EXPECT_EQ(code_of(std::invalid_argument("x")), 2);
  EXPECT_EQ(code_of(IoError("x")), 3);
  EXPECT_EQ(code_of(NumericError("x")), 4);
  EXPECT_EQ(code_of(CheckpointError("x")), 5);
}

TEST(RunMain, PrintsOneLine) {
  testing::internal::CaptureStderr();
  code_of(IoError("a.bin: expected 3 bytes, found 2"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "program: a.bin: expected 3 bytes, found 2\n");
}

TEST(Interrupt, TheFirstSignalSetsAFlag) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGPIPE}) {
    const InterruptGuard guard;
    EXPECT_FALSE(interrupted());
    raise(signal);
    EXPECT_TRUE(interrupted());
  }
}

TEST(Interrupt, TheSecondEndsTheProcess) {
  for (const int second : {SIGINT, SIGTERM}) {
    const pid_t child = fork();
    if (child == 0) {
      const InterruptGuard guard(std::chrono::milliseconds(0));
      raise(SIGINT);
      if (!interrupted()) _exit(1);
      for (const int warning : {SIGHUP, SIGUSR1, SIGPIPE}) raise(warning);
      raise(second);
      _exit(2);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == second) << status;
  }
}

TEST(Interrupt, SignalsCloseTogetherAreOne) {
  const InterruptGuard guard(std::chrono::hours(1));
  for (int i = 0; i < 3; ++i)
    for (const int signal : {SIGTERM, SIGINT}) raise(signal);
  EXPECT_TRUE(interrupted());
}

TEST(Interrupt, TheFirstIsAnsweredByAWord) {
  testing::internal::CaptureStderr();
  const InterruptGuard guard;
  for (int i = 0; i < 2; ++i) raise(SIGINT);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said, "\nStopping: what is done is saved first. Once more ends at once.\n");
}

TEST(Output, WordsOfTheShellAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(shell_word("runs/a-1.b"), "runs/a-1.b");
  EXPECT_EQ(shell_word("my runs/it's"), "'my runs/it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Output, AReportThatCanNotBeWrittenIsAWriteError) {
  EXPECT_NO_THROW(write_report("/dev/null", "x"));
  EXPECT_THROW(write_report("/dev/full", "x"), WriteError);
  EXPECT_THROW(write_report("/absent/x", "x"), WriteError);
}

TEST(Interrupt, WhatWasThereBeforeComesBack) {
  struct sigaction before {
  }, after{};
  sigaction(SIGINT, nullptr, &before);
  {
    const InterruptGuard guard;
    raise(SIGINT);
  }
  sigaction(SIGINT, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  signal(SIGINT, SIG_IGN);
  {
    const InterruptGuard guard;
    raise(SIGINT);
    EXPECT_FALSE(interrupted()) << "an ignored signal stays ignored";
  }
  signal(SIGINT, before.sa_handler);
}

TEST(Table, LinesUp) {
  const Table table({{"epoch", 7}, {"loss", 6}, {"accuracy"}});
  EXPECT_EQ(table.heading(), "epoch      loss  accuracy");
  EXPECT_EQ(table.row({"1/20", "2.3026", "10.0%"}), "1/20     2.3026     10.0%");
  EXPECT_EQ(table.row({"1/20", "123456789", ""}), "1/20     123456789");
  EXPECT_EQ(table.row({"1/20"}), "1/20");
}

TEST(Duration, IsShort) {
  EXPECT_EQ(duration_text(0.4), "0s");
  EXPECT_EQ(duration_text(59.4), "59s");
  EXPECT_EQ(duration_text(59.6), "1m00s");
  EXPECT_EQ(duration_text(185), "3m05s");
  EXPECT_EQ(duration_text(3725), "1h02m");
}

std::string content_of(std::FILE* file) {
  std::rewind(file);
  std::string text(1 << 16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  return text;
}

TEST(Progress, WritesPlainLinesWhereThereIsNoTerminal) {
  std::FILE* file = std::tmpfile();
  {
    Progress progress("epoch 1/2", 200, 50, {.stream = file, .seconds_between_lines = 0});
    progress.advance(50, [] { return std::string("loss 0.5"); });
  }
  const std::string text = content_of(file);
  std::fclose(file);
  EXPECT_EQ(text.find("epoch 1/2   50 %"), 0U) << text;
  EXPECT_NE(text.find(" images/s"), std::string::npos) << text;
  EXPECT_NE(text.find("s left  loss 0.5\n"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST(Progress, AsksForTheNoteOnlyWhenALineIsDue) {
  std::FILE* file = std::tmpfile();
  Progress progress("epoch 1/2", 200, 0, {.stream = file, .seconds_between_lines = 1e9});
  progress.advance(50, []() -> std::string { throw Error("asked"); });
  EXPECT_EQ(content_of(file), "");
  std::fclose(file);
}

// What a terminal of so many columns receives.
std::string on_terminal(unsigned short columns) {
  int controller = 0, terminal = 0;
  const winsize size{.ws_row = 24, .ws_col = columns};
  if (openpty(&controller, &terminal, nullptr, nullptr, &size) != 0) return {};
  std::FILE* stream = fdopen(terminal, "w");
  {
    Progress progress("epoch 1/2", 200, 0, {.stream = stream, .seconds_between_bars = 0});
    progress.advance(100, [] { return std::string("loss 0.5"); });
  }
  std::fclose(stream);
  std::string text(4096, '\0');
  std::size_t got = 0;
  for (ssize_t more; (more = read(controller, text.data() + got, text.size() - got)) > 0;)
    got += static_cast<std::size_t>(more);
  text.resize(got);
  close(controller);
  return text;
}

std::size_t columns_in(const std::string& text) {
  std::size_t columns = 0;
  for (const char c : text) columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return columns;
}

TEST(Progress, DrawsABarThatFitsTheTerminalAndGoesAway) {
  const std::string clear = "\r\x1b[K";
  for (const unsigned short columns : {200, 80, 60, 20}) {
    const std::string text = on_terminal(columns);
    if (text.empty()) GTEST_SKIP() << "no pseudo-terminal";
    ASSERT_TRUE(text.starts_with(clear) && text.ends_with(clear)) << columns;
    const std::string bar = text.substr(clear.size(), text.size() - 2 * clear.size());
    EXPECT_EQ(bar.find_first_of("\r\n\x1b"), std::string::npos) << bar;
    EXPECT_LT(columns_in(bar), columns) << bar;
    EXPECT_NE(bar.find("epoch 1/2"), std::string::npos) << bar;
    EXPECT_EQ(bar.find("█") != std::string::npos, columns >= 80) << bar;
  }
  // Half of 30 cells.
  std::string half;
  for (int i = 0; i < 15; ++i) half += "█";
  for (int i = 0; i < 15; ++i) half += "·";
  EXPECT_NE(on_terminal(200).find(half + "  epoch"), std::string::npos);
}

}  // namespace
}  // namespace sluice::apps
