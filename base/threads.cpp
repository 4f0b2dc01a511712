// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/threads.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include <sluice/base/error.h>

namespace sluice {

#ifdef _OPENMP
int thread_count() { return omp_get_max_threads(); }
bool in_parallel_region() { return omp_in_parallel() != 0; }
int thread_index() { return omp_get_thread_num(); }
#else
int thread_count() { return 1; }
bool in_parallel_region() { return false; }
int thread_index() { return 0; }
#endif

void set_thread_count(int count) {
  require(count >= 1, "set_thread_count", "expects 1 thread or more, got ", count);
#ifdef _OPENMP
  omp_set_num_threads(count);
#endif
}

}  // namespace sluice
