// SPDX-License-Identifier: Apache-2.0
// A library that is looked for when it is first asked for, so that programs start, and run without it, where it is not.
#pragma once

#include <initializer_list>

namespace sluice::kernels::cuda {

class SharedLibrary {
 public:
  // The first of `names` that the system's linker finds. Throws DeviceError "`what` was not found ...".
  SharedLibrary(const char* what, std::initializer_list<const char*> names);

  // The function of that name. Throws DeviceError where the library has none.
  template <class Function>
  Function function(const char* name) const {
    return reinterpret_cast<Function>(address(name));
  }

 private:
  void* address(const char* name) const;

  const char* what_;
  void* handle_ = nullptr;  // kept to the end of the process
};

}  // namespace sluice::kernels::cuda
