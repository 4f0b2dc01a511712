// SPDX-License-Identifier: Apache-2.0
// sluice-flood-study: the experiments of the flooding paper, as a grid of runs that can be stopped and taken up again.
#include <fmt/format.h>

#include <sluice/base/threads.h>
#include "apps/common/exit_codes.h"
#include "apps/flood_study/study_runner.h"

int main(int argc, char** argv) {
  using namespace sluice;
  return apps::run_main("sluice-flood-study", [&] {
    const study::StudyOptions options = study::parse_study_options(argc, argv);
    // A process whose OpenMP threads have started can't be forked; the workers set their own number.
    set_thread_count(1);
    return study::run_study(options);
  });
}
