// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cpu/onednn.h>

#include <unordered_map>

#include <sluice/base/error.h>

namespace sluice::kernels::cpu::onednn {
namespace {

std::size_t aligned(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

dnnl::stream& stream() {
  thread_local dnnl::stream one(engine());
  return one;
}

bool is_result(int argument) {
  return argument == DNNL_ARG_DST || argument == DNNL_ARG_DIFF_SRC || argument == DNNL_ARG_DIFF_WEIGHTS ||
         argument == DNNL_ARG_DIFF_BIAS || argument == DNNL_ARG_WORKSPACE;
}

dnnl::memory wrap(const Description& description, const void* data) {
  return dnnl::memory(description, engine(), const_cast<void*>(data));
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

Program::Program(dnnl::primitive primitive, const Description& scratchpad, const std::vector<Operand>& operands)
    : primitive_(std::move(primitive)), scratchpad_(scratchpad), scratch_bytes_(aligned(scratchpad.get_size())) {
  for (const Operand& operand : operands) {
    Place place{.operand = operand, .result = is_result(operand.argument)};
    place.reordered = operand.outside != operand.inside;
    if (place.reordered) {
      const Description& from = place.result ? operand.inside : operand.outside;
      const Description& to = place.result ? operand.outside : operand.inside;
      const dnnl::reorder::primitive_desc desc(engine(), from, engine(), to, attributes());
      place.reorder = dnnl::reorder(desc);
      place.scratchpad = desc.scratchpad_desc();
      place.offset = scratch_bytes_;
      place.scratchpad_offset = place.offset + aligned(operand.inside.get_size());
      scratch_bytes_ = place.scratchpad_offset + aligned(place.scratchpad.get_size());
    }
    places_.push_back(std::move(place));
  }
}

void Program::run(std::initializer_list<Argument> arguments, void* scratch) const {
  auto* bytes = static_cast<std::byte*>(scratch);
  const auto outside = [&](const Place& place) {
    for (const Argument& argument : arguments)
      if (argument.argument == place.operand.argument) return wrap(place.operand.outside, argument.data);
    throw Error(concat("a oneDNN program was run without its operand ", place.operand.argument));
  };
  const auto reorder = [&](const Place& place, const dnnl::memory& from, const dnnl::memory& to) {
    place.reorder.execute(stream(), {{DNNL_ARG_FROM, from},
                                     {DNNL_ARG_TO, to},
                                     {DNNL_ARG_SCRATCHPAD, wrap(place.scratchpad, bytes + place.scratchpad_offset)}});
  };
  std::unordered_map<int, dnnl::memory> inside{{DNNL_ARG_SCRATCHPAD, wrap(scratchpad_, scratch)}};
  for (const Place& place : places_) {
    const dnnl::memory given = outside(place);
    if (!place.reordered) {
      inside.emplace(place.operand.argument, given);
      continue;
    }
    const dnnl::memory wanted = wrap(place.operand.inside, bytes + place.offset);
    if (!place.result) reorder(place, given, wanted);
    inside.emplace(place.operand.argument, wanted);
  }
  primitive_.execute(stream(), inside);
  for (const Place& place : places_)
    if (place.reordered && place.result) reorder(place, inside.at(place.operand.argument), outside(place));
  stream().wait();
}

}  // namespace sluice::kernels::cpu::onednn
