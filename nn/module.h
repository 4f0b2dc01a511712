// SPDX-License-Identifier: Apache-2.0
// A part of a network: parameters, buffers (running statistics) and further modules, each registered under a name.
// Names are joined by dots, in PyTorch's words: "layer1.0.conv1.weight".
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sluice/core/mode.h>
#include <sluice/core/parameter.h>

namespace sluice::nn {

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // Images x are [N,H,W,C], features [N,C]; each module says what it takes and gives.
  virtual Variable forward(const Variable& x) = 0;
  Variable operator()(const Variable& x) { return forward(x); }

  // In the order of registration, a module's own before those of its parts, as PyTorch lists them. They share values
  // and gradients with the module.
  std::vector<NamedParameter> parameters() const;
  std::vector<NamedTensor> buffers() const;
  void clear_gradients();
  // Freezes (false) or unfreezes (true) all parameters: a frozen one collects no gradient, its backward passes do no
  // work for it, and an optimizer leaves it as it is. Batch norm's running statistics are buffers: set_mode(Mode::eval)
  // stops them.
  void requires_gradient(bool required);

  // Moves parameters and buffers to a device, and drops gradients. What was handed out before (to an optimiser, say)
  // stays where it was.
  void to(Device device);

  // Train at first. Batch norm and dropout differ between the two.
  void set_mode(Mode mode);
  Mode mode() const { return mode_; }

  // Says which training step comes next: dropout masks are a function of it, so that a resumed run draws the same ones.
  // Without it, every forward pass in training draws other masks all the same.
  virtual void set_step(std::int64_t step);

 protected:
  // The member must live as long as the module. `image` as in NamedParameter. An undefined parameter (no bias) is
  // passed over.
  void register_parameter(std::string name, Variable& member, ParameterKind kind, const Shape& image = {});
  void register_buffer(std::string name, Tensor& member);
  void register_module(std::string name, Module& member);

 private:
  struct Parameter {
    std::string name;
    Variable* variable;
    ParameterKind kind;
    Shape image;
  };
  void gather(const std::string& prefix, std::vector<NamedParameter>& parameters,
              std::vector<NamedTensor>& buffers) const;

  Mode mode_ = Mode::train;
  std::vector<Parameter> parameters_;
  std::vector<std::pair<std::string, Tensor*>> buffers_;
  std::vector<std::pair<std::string, Module*>> modules_;
};

}  // namespace sluice::nn
