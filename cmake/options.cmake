# SPDX-License-Identifier: Apache-2.0
# What a build can be told, and the compiler flags that follow.
option(BUILD_SHARED_LIBS "Build libsluice as a shared library" OFF)
option(SLUICE_BUILD_APPS "Build the programs" ON)
option(SLUICE_BUILD_TESTS "Build the tests" ON)
option(SLUICE_NATIVE "Compile for this machine's processor (-march=native)" ON)
option(SLUICE_ONEDNN "Use oneDNN where it is installed; plain loops otherwise" ON)
option(SLUICE_WERROR "Treat warnings as errors" OFF)
set(SLUICE_CUDA "off" CACHE STRING "The CUDA device: off, on (nvcc), emulated (kernels run on the host), emulated-checked (every access checked)")
set_property(CACHE SLUICE_CUDA PROPERTY STRINGS off on emulated emulated-checked)
if(NOT SLUICE_CUDA MATCHES "^(off|on|emulated|emulated-checked)$")
  message(FATAL_ERROR "SLUICE_CUDA expects off, on, emulated or emulated-checked, got '${SLUICE_CUDA}'")
endif()
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers for our own code, e.g. address,undefined")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SLUICE_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${SLUICE_CCACHE})
endif()

# Linked privately by every target of ours; nothing of it reaches the users of the library.
add_library(sluice_options INTERFACE)
# GCC 12 is wrong about -Wrestrict in std::string, and a designated initialiser names what it means to set.
target_compile_options(sluice_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow;-Wno-unknown-pragmas;-Wno-restrict;-Wno-missing-field-initializers;-fno-math-errno;-fno-trapping-math>")
# Under sanitizers GCC 12 warns of what is not there in the standard library's own headers.
if(SLUICE_WERROR AND NOT SLUICE_SANITIZE)
  target_compile_options(sluice_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-Werror>")
endif()
if(SLUICE_NATIVE)
  # A processor with AVX-512 is worth its full width here: the kernels are long loops.
  target_compile_options(sluice_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-march=native;-mprefer-vector-width=512>")
endif()
if(SLUICE_SANITIZE)
  target_compile_options(sluice_options INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${SLUICE_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
  target_link_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()
