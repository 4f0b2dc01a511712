// SPDX-License-Identifier: Apache-2.0
// Mistakes in the use of streams, events, graphs and memory.
#include <sluice/emulator/runtime.h>
#include <sluice/emulator/settings.h>
#include "tests/emulator/buffer.h"
#include "tests/emulator/planted.h"

namespace sluice::test {
namespace {

using kernels::cuda::check;
using kernels::cuda::launch;

constexpr int kCount = 96;

__global__ void add_one_kernel(float* p) { p[threadIdx.x] += 1; }
__global__ void twice_kernel(const float* from, float* to) { to[threadIdx.x] = 2 * from[threadIdx.x]; }

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate"); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  operator cudaStream_t() const { return stream_; }
  Exec exec() const { return {.device = kOnDevice.device, .stream = stream_}; }

 private:
  cudaStream_t stream_ = nullptr;
};

cudaEvent_t event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreate(&event), "cudaEventCreate");
  return event;
}

// to = 2 * (from + 1) over two streams; how they are ordered is the test's.
enum class Ordered { by_event, not_at_all };
bool two_streams(Ordered ordered) {
  const Buffer<float> from(kCount, 0.0f), to(kCount, 0.0f);
  const Stream first, second;
  const cudaEvent_t added = event();
  launch(first.exec(), {"add_one", 1, kCount}, add_one_kernel, from.data());
  if (ordered == Ordered::by_event) {
    check(cudaEventRecord(added, first), "cudaEventRecord");
    check(cudaStreamWaitEvent(second, added, 0), "cudaStreamWaitEvent");
  }
  launch(second.exec(), {"twice", 1, kCount}, twice_kernel, static_cast<const float*>(from.data()), to.data());
  cudaEventDestroy(added);
  return to.values() == std::vector<float>(kCount, 2);
}

// Right in all of twenty interleavings.
bool two_streams_always(Ordered ordered) {
  bool right = true;
  for (int i = 0; i < 20; ++i) right &= two_streams(ordered);
  return right;
}

enum class Waits { yes, no };
bool host_reads_result(Waits waits) {
  const Buffer<float> from(kCount, 1.0f), to(kCount, 0.0f);
  const Stream stream;
  float* host = nullptr;
  check(cudaMallocHost(reinterpret_cast<void**>(&host), kCount * sizeof(float)), "cudaMallocHost");
  launch(stream.exec(), {"twice", 1, kCount}, twice_kernel, static_cast<const float*>(from.data()), to.data());
  check(cudaMemcpyAsync(host, to.data(), kCount * sizeof(float), cudaMemcpyDeviceToHost, stream), "cudaMemcpyAsync");
  if (waits == Waits::yes) check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  const bool right = host[0] == 2 && host[kCount - 1] == 2;
  wait();
  cudaFreeHost(host);
  return right;
}

bool staging_is_overwritten(Waits waits) {
  const Buffer<float> to(1, 0.0f);
  const Stream stream;
  float* host = nullptr;
  check(cudaMallocHost(reinterpret_cast<void**>(&host), sizeof(float)), "cudaMallocHost");
  *host = 1;
  check(cudaMemcpyAsync(to.data(), host, sizeof(float), cudaMemcpyHostToDevice, stream), "cudaMemcpyAsync");
  if (waits == Waits::yes) check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  *host = 2;
  const bool right = to.values()[0] == 1;
  cudaFreeHost(host);
  return right;
}

template <class InCapture>
bool captured(const InCapture& in_capture) {
  const Buffer<float> from(kCount, 0.0f), to(kCount, 0.0f);
  const Stream stream;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  launch(stream.exec(), {"add_one", 1, kCount}, add_one_kernel, from.data());
  in_capture(stream);
  launch(stream.exec(), {"twice", 1, kCount}, twice_kernel, static_cast<const float*>(from.data()), to.data());
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
  for (int i = 0; i < 3; ++i) check(cudaGraphLaunch(executable, stream), "cudaGraphLaunch");
  const std::vector<float> result = to.values();
  cudaGraphExecDestroy(executable);
  cudaGraphDestroy(graph);
  return result == std::vector<float>(kCount, 6);
}

bool freed_while_another_stream_reads() {
  const Stream reader, owner;
  const Buffer<float> to(kCount);
  for (int i = 0; i < 20; ++i) {
    void* memory = nullptr;
    check(cudaMallocAsync(&memory, kCount * sizeof(float), owner), "cudaMallocAsync");
    check(cudaMemsetAsync(memory, 0, kCount * sizeof(float), owner), "cudaMemsetAsync");
    check(cudaStreamSynchronize(owner), "cudaStreamSynchronize");
    launch(reader.exec(), {"twice", 1, kCount}, twice_kernel, static_cast<const float*>(memory), to.data());
    check(cudaFreeAsync(memory, owner), "cudaFreeAsync");
    wait();
  }
  return true;
}

bool more_memory_than_there_is() {
  const std::size_t before = emulator::settings().memory_bytes;
  emulator::settings().memory_bytes = std::size_t{1} << 20;
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, std::size_t{2} << 20);
  emulator::settings().memory_bytes = before;
  check(status, "cudaMalloc");
  return true;
}

// What a caching allocator hands out again is as uninitialised as fresh memory, and only as much of it as was asked
// for.
enum class Reuse { reads_the_old, writes_past_the_request, clean };
bool reused_block(Reuse reuse) {
  const Buffer<float> block(128, 1.0f), to(128);
  emulator::note_reuse(nullptr, block.data(), kCount * sizeof(float));
  if (reuse != Reuse::reads_the_old) check(cudaMemset(block.data(), 0, kCount * sizeof(float)), "cudaMemset");
  const unsigned threads = reuse == Reuse::writes_past_the_request ? 128 : kCount;
  launch(kOnDevice, {"twice", 1, threads}, twice_kernel, static_cast<const float*>(block.data()), to.data());
  wait();
  return true;
}

}  // namespace

std::vector<Planted> planted_in_runtime_use() {
  const auto nothing = [](cudaStream_t) {};
  return {
      {"two streams, the event forgotten", Seen::never_but_wrong, "",
       [] { return two_streams_always(Ordered::not_at_all); }},
      {"two streams, an event (clean)", Seen::never, "", [] { return two_streams_always(Ordered::by_event); }},
      {"host reads without waiting", Seen::never_but_wrong, "", [] { return host_reads_result(Waits::no); }},
      {"host waits (clean)", Seen::never, "", [] { return host_reads_result(Waits::yes); }},
      {"pinned source overwritten too early", Seen::never_but_wrong, "",
       [] { return staging_is_overwritten(Waits::no); }},
      {"pinned source overwritten in time (clean)", Seen::never, "", [] { return staging_is_overwritten(Waits::yes); }},
      {"graph captured and replayed (clean)", Seen::never, "", [=] { return captured(nothing); }},
      {"stream synchronised during its capture", Seen::always, "cudaErrorStreamCaptureUnsupported",
       [] {
         return captured([](cudaStream_t stream) { check(cudaStreamSynchronize(stream), "cudaStreamSynchronize"); });
       }},
      {"that error ignored", Seen::always, "cudaErrorStreamCaptureInvalidated",
       [] { return captured([](cudaStream_t stream) { cudaStreamSynchronize(stream); }); }},
      {"cudaMalloc during a capture", Seen::always, "cudaMalloc while a stream is captured",
       [] { return captured([](cudaStream_t) { const Buffer<float> buffer(1); }); }},
      {"captured stream waits for outside work", Seen::always, "cudaErrorStreamCaptureIsolation",
       [] {
         return captured([](cudaStream_t stream) {
           const Stream outside;
           const cudaEvent_t there = event();
           check(cudaEventRecord(there, outside), "cudaEventRecord");
           check(cudaStreamWaitEvent(stream, there, 0), "cudaStreamWaitEvent");
         });
       }},
      {"memory freed while another stream reads it", Seen::always, "freed", freed_while_another_stream_reads},
      {"out of memory", Seen::always, "cudaErrorMemoryAllocation, out of memory: cudaMalloc of 2097152 bytes",
       more_memory_than_there_is},
      {"cudaFree of a pointer of the host", Seen::always, "an address of the host",
       [] {
         float host = 0;
         check(cudaFree(&host), "cudaFree");
         return true;
       }},
      {"copy past the end of a buffer", Seen::always, "cudaErrorInvalidValue",
       [] {
         const Buffer<float> to(4);
         const std::vector<float> from(5);
         check(cudaMemcpy(to.data(), from.data(), 20, cudaMemcpyHostToDevice), "cudaMemcpy");
         return true;
       }},
      {"copy against its direction", Seen::always, "against its direction",
       [] {
         const Buffer<float> to(4);
         const std::vector<float> from(4);
         check(cudaMemcpy(to.data(), from.data(), 16, cudaMemcpyDeviceToHost), "cudaMemcpy");
         return true;
       }},
      {"reused block read before it is written", Seen::by_the_checked_build, "uninitialised",
       [] { return reused_block(Reuse::reads_the_old); }},
      {"past the request in a reused block", Seen::by_the_checked_build, "384 bytes into a device buffer of 384 bytes",
       [] { return reused_block(Reuse::writes_past_the_request); }},
      {"reused block (clean)", Seen::never, "", [] { return reused_block(Reuse::clean); }},
  };
}

}  // namespace sluice::test
