// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/state.h>

#include <set>

namespace sluice::nn {
namespace {

bool has_image(const Shape& image) { return image.rank() == 3; }

Tensor outward(const Tensor& tensor, const Shape& image) {
  const Tensor host = tensor.to(Device{});
  if (!has_image(image)) return host.shape().rank() == 4 ? to_pytorch_layout(host) : host.clone();
  return to_pytorch_layout(host.reshape({host.shape()[0], image[0], image[1], image[2]})).reshape(host.shape());
}

Tensor inward(const Tensor& tensor, const Shape& image) {
  if (!has_image(image)) return from_pytorch_layout(tensor);
  const Shape stored{tensor.shape()[0], image[2], image[0], image[1]};
  return from_pytorch_layout(tensor.reshape(stored)).reshape(tensor.shape());
}

Shape stored_shape(const Shape& own) { return own.rank() == 4 ? Shape{own[0], own[3], own[1], own[2]} : own; }

bool is_floating(DType dtype) { return dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f64; }

struct Entry {
  std::string name;
  Tensor tensor;
  Shape image;
};

std::vector<Entry> entries_of(const Module& model) {
  std::vector<Entry> entries;
  for (const NamedParameter& parameter : model.parameters())
    entries.push_back({parameter.name, parameter.variable.value(), parameter.image});
  for (const NamedTensor& buffer : model.buffers()) entries.push_back({buffer.name, buffer.tensor, {}});
  return entries;
}

// What does not fit, the first few of it in full.
class Complaints {
 public:
  void add(const std::string& complaint) {
    ++count_;
    if (count_ <= kMost) text_ += (text_.empty() ? "" : "; ") + complaint;
  }
  void throw_if_any() const {
    if (count_ == 0) return;
    const std::string rest = count_ > kMost ? concat("; and ", count_ - kMost, " more") : "";
    throw IoError("[model] the weights don't fit this model: " + text_ + rest);
  }

 private:
  static constexpr int kMost = 6;
  int count_ = 0;
  std::string text_;
};

}  // namespace

std::vector<NamedTensor> model_state(const Module& model) {
  std::vector<NamedTensor> state;
  for (const Entry& entry : entries_of(model)) state.push_back({entry.name, outward(entry.tensor, entry.image)});
  return state;
}

void load_model_state(Module& model, const std::vector<NamedTensor>& state) {
  std::map<std::string, Tensor> given;
  for (const NamedTensor& entry : state)
    if (!entry.name.ends_with(".num_batches_tracked")) given[entry.name] = entry.tensor;
  const std::vector<Entry> entries = entries_of(model);
  Complaints complaints;
  for (const Entry& entry : entries) {
    const auto match = given.find(entry.name);
    if (match == given.end()) {
      complaints.add(concat("\"", entry.name, "\" is missing"));
      continue;
    }
    const Tensor& tensor = match->second;
    const Shape expected = stored_shape(entry.tensor.shape());
    if (tensor.shape() != expected || !is_floating(tensor.dtype()))
      complaints.add(concat("\"", entry.name, "\" expects floating-point ", expected, ", got ", name_of(tensor.dtype()),
                            tensor.shape()));
  }
  std::set<std::string> known;
  for (const Entry& entry : entries) known.insert(entry.name);
  for (const auto& [name, tensor] : given)
    if (!known.contains(name)) complaints.add(concat("\"", name, "\" is unexpected"));
  complaints.throw_if_any();
  for (const Entry& entry : entries) {
    Tensor own = entry.tensor;
    own.copy_from(inward(given.at(entry.name), entry.image).cast(own.dtype()));
  }
}

void load_model_state(Module& model, const Archive& archive) { load_model_state(model, archive.tensors); }

void save_model(const Module& model, const std::filesystem::path& path,
                const std::map<std::string, std::string>& metadata) {
  save_safetensors(path, model_state(model), metadata);
}

void load_model(Module& model, const std::filesystem::path& path) {
  const Archive archive = load_safetensors(path);
  try {
    load_model_state(model, archive);
  } catch (const IoError& error) {
    throw IoError(path.string() + ": " + error.what());
  }
}

}  // namespace sluice::nn
