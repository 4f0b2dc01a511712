// SPDX-License-Identifier: Apache-2.0
// The CUDA runtime API on the host, as far as the framework uses it: same declarations (cuda_runtime_api.h), bodies
// here. Streams are queues that run only when somebody must wait for them, and then in a seeded legal interleaving:
// what the host or another stream reads too early is still poison.  A capturing stream records instead; a graph
// replays.
#include <cuda_runtime_api.h>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <vector>
#include "kernels/emulator/emulator.h"
struct Op {
  std::function<void()> run;
  std::shared_ptr<bool> wait, done;
  const char* what;
};
struct CUstream_st {
  std::deque<Op> q;
  struct CUgraph_st* capture = nullptr;
};
struct CUevent_st {
  std::shared_ptr<bool> mark = std::make_shared<bool>(true);
  std::chrono::steady_clock::time_point at;
};
struct CUgraph_st {
  std::vector<Op> ops;
};
struct CUgraphExec_st {
  std::vector<Op> ops;
};
namespace {
CUstream_st null_stream;
std::vector<CUstream_st*> streams{&null_stream};
std::map<void*, size_t> live;
uint64_t rng = 88172645463325252ull;
bool eager = false;
CUstream_st* S(cudaStream_t s) { return s && reinterpret_cast<uintptr_t>(s) > 2 ? s : &null_stream; }
void step(CUstream_st* s) {
  Op o = std::move(s->q.front());
  s->q.pop_front();
  if (o.run) o.run();
  if (o.done) *o.done = true;
}
bool can(CUstream_st* s) { return !s->q.empty() && (!s->q.front().wait || *s->q.front().wait); }
template <class P>
cudaError_t drain(P until) {  // run whole operations, streams in random legal order
  while (!until()) {
    std::vector<CUstream_st*> c;
    for (auto* s : streams)
      if (can(s)) c.push_back(s);
    if (c.empty()) return cudaErrorLaunchFailure;
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    step(c[rng % c.size()]);
  }
  return cudaSuccess;
}
}  // namespace
namespace emu {
void enqueue(cudaStream_t st, std::function<void()> f, const char* what) {
  auto* s = S(st);
  Op o{std::move(f), nullptr, nullptr, what};
  if (s->capture) {
    s->capture->ops.push_back(std::move(o));
    return;
  }
  s->q.push_back(std::move(o));
  if (eager) drain([&] { return s->q.empty(); });
}
}  // namespace emu
extern "C" {
cudaError_t cudaMalloc(void** p, size_t n) {
  void* q = nullptr;
  if (posix_memalign(&q, 256, n ? n : 1)) return cudaErrorMemoryAllocation;
  memset(q, 0xFF, n);
  live[q] = n;
  emu::track_global(q, n, "device buffer");
  *p = q;
  return cudaSuccess;
}
cudaError_t cudaFree(void* p) {
  if (!p) return cudaSuccess;
  cudaDeviceSynchronize();
  if (!live.erase(p)) return cudaErrorInvalidValue;
  emu::untrack_global(p);
  free(p);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* d, const void* s, size_t n, enum cudaMemcpyKind k, cudaStream_t st) {
  emu::enqueue(
      st,
      [=] {
        memcpy(d, s, n);
        if (k != cudaMemcpyDeviceToHost) emu::track_global(d, n, "+init");
      },
      "memcpy");
  return cudaSuccess;
}
cudaError_t cudaMemcpy(void* d, const void* s, size_t n, enum cudaMemcpyKind k) {
  cudaMemcpyAsync(d, s, n, k, nullptr);
  return cudaDeviceSynchronize();
}
cudaError_t cudaMemsetAsync(void* d, int v, size_t n, cudaStream_t st) {
  emu::enqueue(
      st,
      [=] {
        memset(d, v, n);
        emu::track_global(d, n, "+init");
      },
      "memset");
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* s) {
  streams.push_back(*s = new CUstream_st);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t s) {
  cudaStreamSynchronize(s);
  std::erase(streams, s);
  delete s;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t st) {
  auto* s = S(st);
  if (s->capture) return cudaErrorStreamCaptureUnsupported;
  return drain([&] { return s->q.empty(); });
}
cudaError_t cudaDeviceSynchronize() {
  return drain([] {
    for (auto* s : streams)
      if (!s->q.empty()) return false;
    return true;
  });
}
cudaError_t cudaEventCreate(cudaEvent_t* e) {
  *e = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t e) {
  delete e;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t st) {
  auto* s = S(st);
  if (s->capture) return cudaErrorStreamCaptureUnsupported;
  e->mark = std::make_shared<bool>(false);
  s->q.push_back({[e] { e->at = std::chrono::steady_clock::now(); }, nullptr, e->mark, "event"});
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t st, cudaEvent_t e, unsigned) {
  S(st)->q.push_back({nullptr, e->mark, nullptr, "wait"});
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  auto m = e->mark;
  return drain([&] { return *m; });
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t a, cudaEvent_t b) {
  *ms = std::chrono::duration<float, std::milli>(b->at - a->at).count();
  return cudaSuccess;
}
cudaError_t cudaStreamBeginCapture(cudaStream_t st, enum cudaStreamCaptureMode) {
  S(st)->capture = new CUgraph_st;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t st, cudaGraph_t* g) {
  *g = S(st)->capture;
  S(st)->capture = nullptr;
  return *g ? cudaSuccess : cudaErrorInvalidValue;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* x, cudaGraph_t g, unsigned long long) {
  *x = new CUgraphExec_st{g->ops};
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t st) {
  for (auto& o : x->ops) S(st)->q.push_back(o);
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g) {
  delete g;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t x) {
  delete x;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
const char* cudaGetErrorString(cudaError_t) { return "emulated CUDA error"; }
}
