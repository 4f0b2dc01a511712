# SPDX-License-Identifier: Apache-2.0
# What Sluice stands on. Every one is a Debian package; scripts/setup.sh installs them.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)

# oneDNN's own CMake package asks for OpenCL's headers; its library and header are all we need.
if(SLUICE_ONEDNN)
  find_path(SLUICE_ONEDNN_INCLUDE_DIR dnnl.hpp)
  find_library(SLUICE_ONEDNN_LIBRARY dnnl)
  if(SLUICE_ONEDNN_INCLUDE_DIR AND SLUICE_ONEDNN_LIBRARY)
    add_library(sluice_onednn INTERFACE)
    target_include_directories(sluice_onednn SYSTEM INTERFACE ${SLUICE_ONEDNN_INCLUDE_DIR})
    target_link_libraries(sluice_onednn INTERFACE ${SLUICE_ONEDNN_LIBRARY})
    target_compile_definitions(sluice_onednn INTERFACE SLUICE_WITH_ONEDNN)
  else()
    message(WARNING "oneDNN (libdnnl-dev) was not found: convolutions and matrix products run as plain loops, correct and slow.")
  endif()
endif()

# The emulated device needs the toolkit's headers only.
if(NOT SLUICE_CUDA STREQUAL "off")
  find_package(CUDAToolkit 12.1 REQUIRED)
  if(SLUICE_CUDA STREQUAL "on")
    if(NOT CMAKE_CUDA_ARCHITECTURES)
      set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
    endif()
    enable_language(CUDA)
  endif()
endif()

if(SLUICE_BUILD_APPS)
  find_package(CLI11 2.1 REQUIRED)
  find_package(fmt 9 REQUIRED)
endif()
if(SLUICE_BUILD_TESTS)
  find_package(GTest 1.12 REQUIRED)
endif()
