// SPDX-License-Identifier: Apache-2.0
// What every kernel on oneDNN shares: the engine, descriptions of operands, and programs, which are one oneDNN
// primitive with the changes of layout and type around it. All memory comes from the caller, so that a kernel's
// scratch is one number and nothing is allocated when it runs.
//
//   const onednn::Program& program = programs.get(shape, [&] {
//     const auto desc = onednn::describe<dnnl::matmul>(onednn::Unimplemented::throws, onednn::attributes(),
//                                                      onednn::engine(), x, weight_any, y);
//     return onednn::Program(dnnl::matmul(desc), desc.scratchpad_desc(),
//                            {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weight, desc.weights_desc()}, {DNNL_ARG_DST, y}});
//   });
//   program.run({{DNNL_ARG_SRC, x_data}, ...}, scratch);
#pragma once

#include <dnnl.hpp>
#include <initializer_list>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <sluice/base/threads.h>
#include <sluice/base/types.h>

namespace sluice::kernels::cpu::onednn {

using Extents = dnnl::memory::dims;
using Layout = dnnl::memory::format_tag;
using Description = dnnl::memory::desc;

const dnnl::engine& engine();

// With the scratchpad left to the caller, as Program expects.
dnnl::primitive_attr attributes();

// oneDNN's name for T = float or BFloat16.
template <class T>
constexpr dnnl::memory::data_type element() {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, BFloat16>);
  return std::is_same_v<T, float> ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
}

// An operand of a primitive: as the caller holds it, and as the primitive wants it. Where the two differ, the operand
// is reordered in scratch: inputs before the primitive, results after it.
struct Operand {
  int argument;  // DNNL_ARG_...
  Description outside;
  Description inside;

  Operand(int which, const Description& both) : Operand(which, both, both) {}
  Operand(int which, const Description& caller, const Description& primitive)
      : argument(which), outside(caller), inside(primitive) {}
};

// The caller's memory for one operand. Inputs are only read.
struct Argument {
  int argument;
  const void* data;
};

// Runs on the threads that OpenMP had when it was made. Safe to run from several threads at once, each with its own
// scratch.
class Program {
 public:
  Program(dnnl::primitive primitive, const Description& scratchpad, const std::vector<Operand>& operands);

  // Scratch is aligned to 64 bytes.
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  // The operands that the program was made with, in any order; others are ignored.
  void run(std::initializer_list<Argument> arguments, void* scratch) const;

 private:
  // Where an operand's memory is: the caller's, and an offset into scratch if it is reordered.
  struct Place {
    Operand operand;
    dnnl::reorder reorder;
    std::size_t offset;
    std::size_t scratchpad_offset;  // of the reorder
    Description scratchpad;
    bool reordered;
    bool result;
  };

  dnnl::primitive primitive_;
  Description scratchpad_;
  std::vector<Place> places_;
  std::size_t scratch_bytes_ = 0;
};

// Values by key and by OpenMP's number of threads, made once. Process wide, safe to call from several threads; what
// get() returns stays where it is. Key needs operator<.
template <class Key, class Value>
class Cache {
 public:
  template <class Make>
  const Value& get(const Key& key, const Make& make) {
    const std::lock_guard lock(mutex_);
    const std::pair numbered(thread_count(), key);
    auto found = values_.find(numbered);
    if (found == values_.end()) found = values_.emplace(numbered, make()).first;
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<int, Key>, Value> values_;
};

}  // namespace sluice::kernels::cpu::onednn
