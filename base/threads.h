// SPDX-License-Identifier: Apache-2.0
// How many threads the library's parallel loops use. They are OpenMP's; a program that only sets their number needs no
// OpenMP itself. A library that was built without OpenMP has one thread.
#pragma once

namespace sluice {

// The threads of the next parallel loop that the calling thread starts: OMP_NUM_THREADS, else all processors.
int thread_count();

// Sets it for the calling thread. Throws std::invalid_argument below 1.
void set_thread_count(int count);

// Whether the caller runs in a parallel loop already, where a further one would not be worth it.
bool in_parallel_region();

// The caller's number in its parallel loop, from 0; 0 outside of any.
int thread_index();

}  // namespace sluice
