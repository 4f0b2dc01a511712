// SPDX-License-Identifier: Apache-2.0
// A thread that makes things ahead of the one that takes them.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace sluice::data {

template <class T>
class Prefetcher {
 public:
  // At most `depth` made things wait, one more is being made.
  explicit Prefetcher(std::size_t depth) : depth_(depth) {}
  ~Prefetcher() { stop(); }
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Calls make() on the thread again and again until it gives nothing. What an earlier start() left is thrown away.
  void start(std::function<std::optional<T>()> make) {
    stop();
    finished_ = false;
    thread_ = std::jthread([this, make = std::move(make)](const std::stop_token& stopped) { work(stopped, make); });
  }

  // Ends the thread after the thing that it is making.
  void stop() {
    if (thread_.joinable()) {
      thread_.request_stop();
      thread_.join();
    }
    made_.clear();
    error_ = nullptr;
    finished_ = true;
  }

  // Waits for the next thing; nothing at the end. Throws what make() threw, after all that it had made before.
  std::optional<T> next() {
    std::unique_lock lock(mutex_);
    made_or_finished_.wait(lock, [this] { return !made_.empty() || finished_; });
    if (made_.empty()) {
      if (error_) std::rethrow_exception(error_);
      return std::nullopt;
    }
    std::optional<T> first(std::move(made_.front()));
    made_.pop_front();
    lock.unlock();
    room_.notify_one();
    return first;
  }

 private:
  void work(const std::stop_token& stopped, const std::function<std::optional<T>()>& make) {
    std::exception_ptr error;
    try {
      while (wait_for_room(stopped)) {
        std::optional<T> thing = make();
        if (!thing) break;
        {
          const std::lock_guard lock(mutex_);
          made_.push_back(std::move(*thing));
        }
        made_or_finished_.notify_one();
      }
    } catch (...) {
      error = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      error_ = error;
      finished_ = true;
    }
    made_or_finished_.notify_one();
  }

  // False where the thread should end.
  bool wait_for_room(const std::stop_token& stopped) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, stopped, [this] { return made_.size() < depth_; });
    return !stopped.stop_requested();
  }

  const std::size_t depth_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable made_or_finished_;
  std::deque<T> made_;
  std::exception_ptr error_;
  bool finished_ = true;
  std::jthread thread_;
};

}  // namespace sluice::data
