// SPDX-License-Identifier: Apache-2.0
// Streams, events and graphs of the emulated device. A stream is a queue that runs only when somebody must wait for it,
// and then whole operations of all streams run in a seeded legal interleaving: what the host or another stream reads
// too early is still the old. A capturing stream records instead; a graph replays in the order of its capture.
#pragma once

#include <cuda_runtime_api.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sluice/emulator/schedule.h>

namespace sluice::emulator {

using Done = std::shared_ptr<bool>;

struct Operation {
  std::function<void()> run;
  std::vector<Done> after;  // what it waits for besides its stream
  Done done = std::make_shared<bool>(false);
};

struct Capture {
  CUgraph_st* graph;
  CUstream_st* origin;
  cudaStreamCaptureMode mode;
  std::thread::id thread;
  bool invalidated = false;
  std::set<CUstream_st*> unjoined;  // streams that were drawn in and whose work nobody waited for
};

struct EventRecord {
  Done done = std::make_shared<bool>(true);
  std::chrono::steady_clock::time_point at;
};

}  // namespace sluice::emulator

struct CUstream_st {
  bool blocking = true;  // ordered with the default stream
  std::deque<sluice::emulator::Operation> queue;
  sluice::emulator::Done last = std::make_shared<bool>(true);  // of what was put into it last
  std::shared_ptr<sluice::emulator::Capture> capture;
};

struct CUevent_st {
  bool timing = true;
  bool recorded = false;
  std::shared_ptr<sluice::emulator::EventRecord> record = std::make_shared<sluice::emulator::EventRecord>();
  std::shared_ptr<sluice::emulator::Capture> capture;  // it was recorded in
  CUstream_st* stream = nullptr;
};

struct CUgraph_st {
  std::vector<std::function<void()>> operations;
};

struct CUgraphExec_st {
  std::vector<std::function<void()>> operations;
};

namespace sluice::emulator {

class Streams {
 public:
  CUstream_st* create(bool blocking);
  cudaError_t destroy(CUstream_st* stream);
  // nullptr where there is no such stream.
  CUstream_st* find(cudaStream_t handle);

  cudaError_t enqueue(CUstream_st& stream, std::function<void()> run) {
    return enqueue(stream, Operation{std::move(run), {}});
  }
  cudaError_t enqueue(CUstream_st& stream, Operation operation);
  // Runs what can run, an operation at a time, until `done` holds.
  cudaError_t run_until(const std::function<bool()>& done);
  cudaError_t finish(CUstream_st& stream);
  cudaError_t finish_all();
  // Runs one operation, where one can run.
  cudaError_t step();

  // Of a capture that forbids the calling thread what can't be part of it; nullptr where there is none.
  Capture* forbidding_capture();
  // No stream takes part in it any longer.
  void end_capture(const std::shared_ptr<Capture>& capture);
  // Drops all work and captures.
  void forget_everything();

 private:
  bool can_run(const CUstream_st& stream) const;

  CUstream_st default_;
  std::vector<std::unique_ptr<CUstream_st>> others_;
  Random random_{1};
  bool seeded_ = false;
};

Streams& streams();

// The runtime is called from several threads; each function of it holds this.
std::recursive_mutex& runtime_mutex();

// The last error, with what there is to say of it. A failed kernel's error stays until cudaDeviceReset.
cudaError_t error(cudaError_t code, std::string detail = "");
cudaError_t kernel_error();
void set_kernel_error(std::string failure);

// "not while a stream is captured": makes the capture invalid too.
cudaError_t refuse_in_capture(Capture& capture, const char* what);

}  // namespace sluice::emulator

// Begins each function of the runtime.
#define SLUICE_RUNTIME_CALL                                                            \
  const std::lock_guard<std::recursive_mutex> lock(sluice::emulator::runtime_mutex()); \
  if (const cudaError_t failed = sluice::emulator::kernel_error(); failed != cudaSuccess) return failed
