// SPDX-License-Identifier: Apache-2.0
// What happened before what: barriers of a block, of a warp, of some; release and acquire; fences with atomics.
#include <sluice/emulator/clocks.h>

#include <gtest/gtest.h>

namespace sluice::emulator {
namespace {

class ClocksTest : public testing::Test {
 protected:
  ClocksTest() {
    clocks.begin_launch();
    clocks.begin_block(128);
  }

  Clocks clocks;
};

TEST_F(ClocksTest, AThreadIsOrderedWithItselfOnly) {
  const Epoch by_0 = clocks.now(0);
  EXPECT_TRUE(clocks.ordered(by_0, 0));
  EXPECT_FALSE(clocks.ordered(by_0, 1));
  EXPECT_FALSE(clocks.ordered(by_0, 64));
}

TEST_F(ClocksTest, ABarrierOrdersWhatWasBeforeWithWhatComesAfter) {
  const Epoch before = clocks.now(0);
  clocks.barrier_of_all();
  EXPECT_TRUE(clocks.ordered(before, 127));
  EXPECT_FALSE(clocks.ordered(clocks.now(0), 127));
}

TEST_F(ClocksTest, AWarpBarrierOrdersTheLanesOfItsMask) {
  const Epoch before = clocks.now(3);
  clocks.warp_barrier(0, 0x0000ffffu);
  EXPECT_TRUE(clocks.ordered(before, 15));
  EXPECT_FALSE(clocks.ordered(before, 16));
  EXPECT_FALSE(clocks.ordered(before, 32));
  clocks.warp_barrier(0, 0xffff8000u);  // lane 15 passes on what it knows
  EXPECT_TRUE(clocks.ordered(before, 16));
}

TEST_F(ClocksTest, ABarrierOfSomeOrdersThose) {
  std::vector<unsigned> threads;
  for (unsigned i = 32; i < 96; ++i) threads.push_back(i);
  const Epoch inside = clocks.now(33), outside = clocks.now(5);
  clocks.barrier_of(threads);
  EXPECT_TRUE(clocks.ordered(inside, 95));
  EXPECT_FALSE(clocks.ordered(inside, 5));
  EXPECT_FALSE(clocks.ordered(outside, 95));
}

TEST_F(ClocksTest, KnowledgeGoesThroughAWarpBarrierAfterABarrierOfSome) {
  std::vector<unsigned> threads;
  for (unsigned i = 0; i < 64; ++i) threads.push_back(i);
  const Epoch by_0 = clocks.now(0);
  clocks.barrier_of(threads);
  clocks.barrier_of_all();
  const Epoch by_40 = clocks.now(40);
  clocks.release(40, this);
  clocks.acquire(70, this);
  EXPECT_FALSE(clocks.ordered(by_40, 71));
  clocks.warp_barrier(2, ~0u);
  EXPECT_TRUE(clocks.ordered(by_40, 71));
  EXPECT_TRUE(clocks.ordered(by_0, 127));
}

TEST_F(ClocksTest, AcquireTakesUpWhatWasReleased) {
  int object = 0, another = 0;
  const Epoch before = clocks.now(0);
  clocks.release(0, &object);
  const Epoch after = clocks.now(0);
  clocks.acquire(100, &another);
  EXPECT_FALSE(clocks.ordered(before, 100));
  clocks.acquire(100, &object);
  EXPECT_TRUE(clocks.ordered(before, 100));
  EXPECT_FALSE(clocks.ordered(after, 100));
}

TEST_F(ClocksTest, FencesAroundAtomicsOrderBlocks) {
  int flag = 0;
  const Epoch before = clocks.now(7);
  clocks.fence(7);
  clocks.atomic(7, &flag);
  const Epoch after = clocks.now(7);
  clocks.begin_block(64);
  clocks.atomic(0, &flag);
  EXPECT_FALSE(clocks.ordered(before, 0)) << "no fence yet";
  clocks.fence(0);
  EXPECT_TRUE(clocks.ordered(before, 0));
  EXPECT_FALSE(clocks.ordered(after, 0));
  EXPECT_FALSE(clocks.ordered(before, 33));
  clocks.barrier_of_all();
  EXPECT_TRUE(clocks.ordered(before, 33));
}

TEST_F(ClocksTest, AnAtomicWithoutAFenceOrdersNothing) {
  int flag = 0;
  const Epoch before = clocks.now(7);
  clocks.atomic(7, &flag);
  clocks.begin_block(64);
  clocks.atomic(0, &flag);
  clocks.fence(0);
  EXPECT_FALSE(clocks.ordered(before, 0));
}

TEST_F(ClocksTest, LaunchesAreOrdered) {
  const Epoch before = clocks.now(7);
  clocks.begin_launch();
  clocks.begin_block(64);
  EXPECT_TRUE(clocks.ordered(before, 0));
}

}  // namespace
}  // namespace sluice::emulator
