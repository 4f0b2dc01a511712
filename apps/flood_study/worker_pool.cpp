// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/worker_pool.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <thread>

#include <sluice/base/error.h>
#include "apps/common/interrupt.h"

namespace sluice::study {
namespace {

pid_t start(const Work& work) {
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw Error(fmt::format("no process can be started for {}: {}", work.name, std::strerror(errno)));
  if (child > 0) return child;
  apps::restore_default_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before the line above.
  const int code = ::getppid() == parent ? work.run() : 1;
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace

PoolOutcome run_pool(const std::vector<Work>& work, int jobs, const std::function<void()>& tick,
                     const std::function<bool(const WorkFailure&)>& may_go_on) {
  PoolOutcome outcome;
  std::map<pid_t, std::string> running;
  std::size_t next = 0;
  bool stopping = false;
  while (!running.empty() || (next < work.size() && !stopping)) {
    while (!stopping && next < work.size() && running.size() < static_cast<std::size_t>(jobs)) {
      running.emplace(start(work[next]), work[next].name);
      ++next;
    }
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (const auto worker = running.find(ended); worker != running.end()) {
      const bool by_a_signal = WIFSIGNALED(status);
      const int code = by_a_signal ? WTERMSIG(status) : WEXITSTATUS(status);
      const WorkFailure failure{worker->second, code, by_a_signal};
      running.erase(worker);
      if (code != 0 && !stopping && !apps::interrupted()) {
        outcome.failures.push_back(failure);
        stopping = !may_go_on(failure);
      }
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    outcome.interrupted |= apps::interrupted();
    if ((stopping || outcome.interrupted) && !running.empty()) {
      stopping = true;
      for (const auto& [process, name] : running) ::kill(process, SIGTERM);
    }
    stopping |= outcome.interrupted;
    tick();
  }
  return outcome;
}

}  // namespace sluice::study
