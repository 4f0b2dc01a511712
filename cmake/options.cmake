# SPDX-License-Identifier: Apache-2.0
# What a build can be told, and the compiler flags that follow. As a subproject of another project Sluice is its library
# alone, and changes no setting outside of its own folders.
if(PROJECT_IS_TOP_LEVEL)
  option(BUILD_SHARED_LIBS "Build libsluice as a shared library" ON)
endif()
option(SLUICE_BUILD_APPS "Build the programs, where CLI11 and fmt are found" ${PROJECT_IS_TOP_LEVEL})
option(SLUICE_BUILD_TESTS "Build the tests, where GoogleTest is found" ${PROJECT_IS_TOP_LEVEL})
option(SLUICE_INSTALL "Make rules for cmake --install" ${PROJECT_IS_TOP_LEVEL})
option(SLUICE_NATIVE "Compile for this machine's processor only (-march=native)" OFF)
option(SLUICE_OPENMP "Use OpenMP where the compiler has it; one thread otherwise" ON)
option(SLUICE_ONEDNN "Use oneDNN where it is installed; plain loops otherwise" ON)
option(SLUICE_WERROR "Treat warnings as errors" OFF)
set(SLUICE_CUDA "off" CACHE STRING "The CUDA device: off, on (nvcc), emulated (kernels run on the host), emulated-checked (every access checked)")
set_property(CACHE SLUICE_CUDA PROPERTY STRINGS off on emulated emulated-checked)
if(NOT SLUICE_CUDA MATCHES "^(off|on|emulated|emulated-checked)$")
  message(FATAL_ERROR "SLUICE_CUDA expects off, on, emulated or emulated-checked, got '${SLUICE_CUDA}'")
endif()
if(SLUICE_CUDA STREQUAL "emulated-checked")
  # Its reports look up places in the program's own file.
  set(BUILD_SHARED_LIBS OFF)
endif()
option(SLUICE_FUZZ "Build sluice-fuzz, the fuzzer of all readers (clang; preset fuzz)" OFF)
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers for our own code, e.g. address,undefined")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12
   OR CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  message(FATAL_ERROR "Sluice needs GCC 12 or clang 16, or newer; ${CMAKE_CXX_COMPILER} is "
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. Choose another with -DCMAKE_CXX_COMPILER=...")
endif()
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  find_program(SLUICE_CCACHE ccache)
  if(SLUICE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${SLUICE_CCACHE})
    set(CMAKE_CUDA_COMPILER_LAUNCHER ${SLUICE_CCACHE})
  endif()
endif()

# Linked privately by every target of ours; nothing of it reaches the users of the library. sluice_options adds the
# processor that all code but the kernels of cmake/cpu_levels.cmake is for.
add_library(sluice_flags INTERFACE)
add_library(sluice_options INTERFACE)
target_link_libraries(sluice_options INTERFACE sluice_flags)
# A designated initialiser names what it means to set.
set(flags -Wall -Wextra -Wshadow -Wno-unknown-pragmas -Wno-missing-field-initializers -fno-math-errno -fno-trapping-math)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 is wrong about -Wrestrict in std::string; GCC 13 and later about references that functions return.
  list(APPEND flags -Wno-restrict)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
    list(APPEND flags -Wno-dangling-reference)
  endif()
else()
  # A loop that clang can't make vectors of runs as it is.
  list(APPEND flags -Wno-pass-failed)
endif()
# Under sanitizers GCC 12 warns of what is not there in the standard library's own headers.
if(SLUICE_WERROR AND NOT SLUICE_SANITIZE)
  list(APPEND flags -Werror)
endif()
target_compile_options(sluice_flags INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${flags}>")
if(SLUICE_SANITIZE)
  target_compile_options(sluice_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${SLUICE_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer>")
  target_link_options(sluice_flags INTERFACE -fsanitize=${SLUICE_SANITIZE})
endif()

# A -march among the user's own flags takes the baseline's place.
set(SLUICE_X86 OFF)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(SLUICE_X86 ON)
endif()
set(baseline "")
if(SLUICE_NATIVE)
  set(baseline -march=native)
  if(SLUICE_X86)
    # A processor with AVX-512 is worth its full width here: the kernels are long loops.
    list(APPEND baseline -mprefer-vector-width=512)
  endif()
elseif(SLUICE_X86 AND NOT CMAKE_CXX_FLAGS MATCHES "-march=")
  set(baseline -march=x86-64-v2)
endif()
target_compile_options(sluice_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:${baseline}>")
if(SLUICE_FUZZ)
  target_compile_options(sluice_options INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=fuzzer-no-link>")
endif()
