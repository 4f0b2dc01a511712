# SPDX-License-Identifier: Apache-2.0
# sluice_add_kernels(target file.cu...): adds source files in the device language (sluice/kernels/cuda/device.h) to a
# target that links sluice::sluice. They are compiled for the CUDA device that this Sluice was built with (SLUICE_CUDA):
#
#   on                nvcc compiles them
#   emulated          the C++ compiler does; their kernels run on the host
#   emulated-checked  the same, and every access to memory that a kernel makes is checked
#   off               the C++ compiler does, without kernels: for what ops::pointwise runs on the CPU
#
# With an installed Sluice, find_package(Sluice COMPONENTS kernels) finds the compiler that it takes. Both emulators need
# the CUDA toolkit's headers, and no GPU. SLUICE_KERNEL_OPTIONS holds further options for nvcc.
function(sluice_add_kernels target)
  target_sources(${target} PRIVATE ${ARGN})
  get_target_property(device sluice::sluice SLUICE_DEVICE)
  set(as_cxx -x c++ -fno-math-errno -fno-trapping-math)
  if(device STREQUAL "off")
    set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "${as_cxx}")
    return()
  endif()
  if(NOT CUDAToolkit_INCLUDE_DIRS)
    find_package(CUDAToolkit 12.1 REQUIRED)
  endif()
  target_include_directories(${target} SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  if(device STREQUAL "on")
    if(NOT CMAKE_CUDA_COMPILER)
      message(FATAL_ERROR "sluice_add_kernels(${target} ...): this Sluice was built for CUDA devices, and its kernels need "
        "nvcc: ask for it with find_package(Sluice COMPONENTS kernels)")
    endif()
    # CMake 3.25.1 does not know nvcc's option for C++20.
    set(options -std=c++20 --expt-relaxed-constexpr ${SLUICE_KERNEL_OPTIONS})
    # What is not inlined for a debugger leaves ptxas without the size of the stack, of which it warns.
    list(APPEND options "$<IF:$<CONFIG:Debug>,-G;-Xptxas=-suppress-stack-size-warning,-lineinfo>")
  else()
    # Products and sums contract as nvcc's do.
    set(options ${as_cxx} -ffp-contract=fast -Wno-unknown-pragmas)
    if(device STREQUAL "emulated-checked")
      # The compiler reports each access of a kernel to the emulator's own checker; ThreadSanitizer itself is never linked.
      list(APPEND options -O1 -g -fsanitize=thread,alignment -Wno-tsan
        -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset)
    endif()
    set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES LANGUAGE CXX)
  endif()
  set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS "${options}"
    COMPILE_DEFINITIONS SLUICE_KERNEL_FILE)
endfunction()
