// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/named_state.h>

#include <algorithm>
#include <map>

namespace sluice::optim {

void copy_named(const char* who, const std::vector<NamedTensor>& from, const std::vector<NamedTensor>& to) {
  std::map<std::string, Tensor> given;
  for (const NamedTensor& entry : from) given[entry.name] = entry.tensor;
  for (const NamedTensor& own : to) {
    const auto match = given.find(own.name);
    require(match != given.end(), who, "state has no \"", own.name, "\"");
    const Tensor& tensor = match->second;
    require(tensor.shape() == own.tensor.shape() && tensor.dtype() == own.tensor.dtype(), who, "state \"", own.name,
            "\" expects ", name_of(own.tensor.dtype()), own.tensor.shape(), ", got ", name_of(tensor.dtype()),
            tensor.shape());
  }
  for (const NamedTensor& entry : from)
    require(std::ranges::find(to, entry.name, &NamedTensor::name) != to.end(), who, "state has an unexpected \"",
            entry.name, "\"");
  for (NamedTensor own : to) own.tensor.copy_from(given.at(own.name));
}

}  // namespace sluice::optim
