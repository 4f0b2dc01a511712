// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/shared_library.h>

#include <dlfcn.h>

#include <sluice/base/error.h>

namespace sluice::kernels::cuda {

SharedLibrary::SharedLibrary(const char* what, std::initializer_list<const char*> names) : what_(what) {
  std::string reasons;
  for (const char* name : names) {
    handle_ = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle_ != nullptr) return;
    reasons += concat(reasons.empty() ? "" : "; ", dlerror());
  }
  throw DeviceError(concat(what, " was not found: ", reasons));
}

void* SharedLibrary::address(const char* name) const {
  void* found = dlsym(handle_, name);
  if (found == nullptr) throw DeviceError(concat(what_, " has no function ", name));
  return found;
}

}  // namespace sluice::kernels::cuda
