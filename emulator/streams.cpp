// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/streams.h>

#include <algorithm>

#include <sluice/base/error.h>
#include <sluice/emulator/emulator.h>

namespace sluice::emulator {

Streams& streams() {
  static auto& streams = *new Streams;
  return streams;
}

std::recursive_mutex& runtime_mutex() {
  static auto& mutex = *new std::recursive_mutex;
  return mutex;
}

CUstream_st* Streams::create(bool blocking) {
  others_.push_back(std::make_unique<CUstream_st>());
  others_.back()->blocking = blocking;
  return others_.back().get();
}

cudaError_t Streams::destroy(CUstream_st* stream) {
  if (stream == &default_) return error(cudaErrorInvalidResourceHandle, "the default stream can't be destroyed");
  const cudaError_t status = finish(*stream);
  std::erase_if(others_, [&](const auto& other) { return other.get() == stream; });
  return status;
}

CUstream_st* Streams::find(cudaStream_t handle) {
  if (handle == nullptr || handle == cudaStreamLegacy || handle == cudaStreamPerThread) return &default_;
  const auto found =
      std::find_if(others_.begin(), others_.end(), [&](const auto& other) { return other.get() == handle; });
  return found == others_.end() ? nullptr : found->get();
}

cudaError_t Streams::enqueue(CUstream_st& stream, Operation operation) {
  if (stream.capture != nullptr) {
    stream.capture->graph->operations.push_back(std::move(operation.run));
    if (&stream != stream.capture->origin) stream.capture->unjoined.insert(&stream);
    return cudaSuccess;
  }
  if (&stream == &default_) {  // waits for all blocking streams
    for (const auto& other : others_) {
      if (!other->blocking) continue;
      if (other->capture != nullptr) {
        other->capture->invalidated = true;
        return error(cudaErrorStreamCaptureImplicit, "work on the default stream while a blocking stream is captured");
      }
      operation.after.push_back(other->last);
    }
  } else if (stream.blocking) {
    operation.after.push_back(default_.last);
  }
  stream.last = operation.done;
  stream.queue.push_back(std::move(operation));
  return cudaSuccess;
}

bool Streams::can_run(const CUstream_st& stream) const {
  return !stream.queue.empty() && std::all_of(stream.queue.front().after.begin(), stream.queue.front().after.end(),
                                              [](const Done& done) { return *done; });
}

cudaError_t Streams::step() {
  if (!seeded_) random_ = Random(settings().seed);
  seeded_ = true;
  std::vector<CUstream_st*> able;
  if (can_run(default_)) able.push_back(&default_);
  for (const auto& stream : others_)
    if (can_run(*stream)) able.push_back(stream.get());
  if (able.empty()) return cudaSuccess;
  CUstream_st& stream = *able[random_() % able.size()];
  const Operation operation = std::move(stream.queue.front());
  stream.queue.pop_front();
  try {
    if (operation.run) operation.run();
  } catch (const Failure& failure) {
    set_kernel_error(failure.what());
  }
  *operation.done = true;
  return kernel_error();
}

cudaError_t Streams::run_until(const std::function<bool()>& done) {
  while (!done())
    if (const cudaError_t failed = step(); failed != cudaSuccess) return failed;
  return cudaSuccess;
}

cudaError_t Streams::finish(CUstream_st& stream) {
  return run_until([&] { return stream.queue.empty(); });
}

cudaError_t Streams::finish_all() {
  return run_until([&] {
    return default_.queue.empty() &&
           std::all_of(others_.begin(), others_.end(), [](const auto& stream) { return stream->queue.empty(); });
  });
}

Capture* Streams::forbidding_capture() {
  for (const auto& stream : others_) {
    const auto& capture = stream->capture;
    if (capture == nullptr || capture->mode == cudaStreamCaptureModeRelaxed) continue;
    if (capture->mode == cudaStreamCaptureModeGlobal || capture->thread == std::this_thread::get_id())
      return capture.get();
  }
  return nullptr;
}

void Streams::end_capture(const std::shared_ptr<Capture>& capture) {
  for (const auto& stream : others_)
    if (stream->capture == capture) stream->capture.reset();
}

void Streams::forget_everything() {
  const auto forget = [](CUstream_st& stream) {
    for (const Operation& operation : stream.queue) *operation.done = true;
    stream.queue.clear();
    stream.capture.reset();
  };
  forget(default_);
  for (const auto& stream : others_) forget(*stream);
}

cudaError_t refuse_in_capture(Capture& capture, const char* what) {
  capture.invalidated = true;
  return error(cudaErrorStreamCaptureUnsupported, concat(what, " while a stream is captured"));
}

}  // namespace sluice::emulator
