// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/state.h>

#include <algorithm>
#include <set>
#include <string_view>

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

// What does not fit, the first few of each kind in full: both what the model wants and what the file has.
class Complaints {
 public:
  enum Kind { missing, misshapen, unexpected, kinds };

  void add(Kind kind, const std::string& complaint) {
    ++counts_[kind];
    if (counts_[kind] <= kMost) texts_[kind] += (texts_[kind].empty() ? "" : "; ") + complaint;
  }
  void throw_if_any() const {
    constexpr const char* names[] = {"missing", "misshapen", "unexpected"};
    std::string text;
    for (int kind = 0; kind < kinds; ++kind) {
      if (counts_[kind] == 0) continue;
      text += (text.empty() ? "" : "; ") + texts_[kind];
      if (counts_[kind] > kMost) text += concat("; and ", counts_[kind] - kMost, " more ", names[kind]);
    }
    if (!text.empty()) throw IoError("[model] the weights don't fit this model: " + text);
  }

 private:
  static constexpr int kMost = 4;
  int counts_[kinds] = {};
  std::string texts_[kinds];
};

bool begins_like(const std::vector<Entry>& entries, std::string_view prefix) {
  return std::ranges::any_of(entries, [&](const Entry& entry) { return entry.name.starts_with(prefix); });
}

// Without what wrappers of PyTorch put before every name; a model whose own names begin so keeps them.
std::string unwrapped(std::string_view name, const std::vector<Entry>& entries) {
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view prefix : {"module.", "_orig_mod."})
      if (name.starts_with(prefix) && !begins_like(entries, prefix)) {
        name.remove_prefix(prefix.size());
        found = true;
      }
  }
  return std::string(name);
}

void load(Module& model, const std::vector<NamedTensor>& state, const std::map<std::string, std::string>& left_out) {
  const std::vector<Entry> entries = entries_of(model);
  Complaints complaints;
  std::map<std::string, Tensor> given;
  for (const NamedTensor& entry : state) {
    const std::string name = unwrapped(entry.name, entries);
    if (name.ends_with(".num_batches_tracked")) continue;
    if (!given.emplace(name, entry.tensor).second)
      complaints.add(Complaints::unexpected, concat("\"", name, "\" comes twice, as \"", entry.name, "\" too"));
  }
  std::map<std::string, std::string> unread;
  for (const auto& [name, type] : left_out) unread[unwrapped(name, entries)] = type;
  std::set<std::string> known;
  for (const Entry& entry : entries) {
    known.insert(entry.name);
    const auto match = given.find(entry.name);
    if (match == given.end()) {
      const auto other = unread.find(entry.name);
      if (other == unread.end())
        complaints.add(Complaints::missing, concat("\"", entry.name, "\" is missing"));
      else
        complaints.add(Complaints::misshapen,
                       concat("\"", entry.name, "\" expects floating-point numbers, got ", other->second));
      continue;
    }
    const Tensor& tensor = match->second;
    const Shape expected = stored_shape(entry.tensor.shape());
    if (tensor.shape() != expected || !is_floating(tensor.dtype()))
      complaints.add(Complaints::misshapen, concat("\"", entry.name, "\" expects floating-point ", expected, ", got ",
                                                   name_of(tensor.dtype()), tensor.shape()));
  }
  for (const auto& [name, tensor] : given)
    if (!known.contains(name) && is_floating(tensor.dtype()))
      complaints.add(Complaints::unexpected, concat("\"", name.substr(0, 200), "\" is unexpected"));
  complaints.throw_if_any();
  for (const Entry& entry : entries) {
    Tensor own = entry.tensor;
    own.copy_from(inward(given.at(entry.name), entry.image).cast(own.dtype()));
  }
}

}  // namespace

std::vector<NamedTensor> model_state(const Module& model) {
  std::vector<NamedTensor> state;
  for (const Entry& entry : entries_of(model)) state.push_back({entry.name, outward(entry.tensor, entry.image)});
  return state;
}

void load_model_state(Module& model, const std::vector<NamedTensor>& state) { load(model, state, {}); }

void load_model_state(Module& model, const Archive& archive) { load(model, archive.tensors, archive.left_out); }

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
