# SPDX-License-Identifier: Apache-2.0
# sluice_device_sources(target source...): sources in the device language: nvcc compiles them, or the host's compiler
# does over emulator.
# Without a CUDA device it compiles them as C++, which those do that hold no kernel of their own.
function(sluice_device_sources target)
  target_sources(${target} PRIVATE ${ARGN})
  if(SLUICE_CUDA STREQUAL "off")
    set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-x;c++")
    return()
  endif()
  target_include_directories(${target} SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  if(SLUICE_CUDA STREQUAL "on")
    # CMake 3.25.1 does not know nvcc's option for C++20.
    set(options -std=c++20 --expt-relaxed-constexpr --Werror=all-warnings)
    # What is not inlined for a debugger leaves ptxas without the size of the stack, of which it warns.
    list(APPEND options "$<IF:$<CONFIG:Debug>,-G;-Xptxas=-suppress-stack-size-warning,-lineinfo>")
  else()
    # Products and sums contract as nvcc's do.
    set(options -x c++ -ffp-contract=fast -Wno-tsan)
    if(SLUICE_CUDA STREQUAL "emulated-checked")
      # The compiler reports each access of a kernel to the emulator's own checker; ThreadSanitizer itself is never linked.
      list(APPEND options -O1 -g -fsanitize=thread,alignment
        -fno-builtin-memcpy -fno-builtin-memmove -fno-builtin-memset)
    endif()
    set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES LANGUAGE CXX)
  endif()
  set_source_files_properties(${ARGN} TARGET_DIRECTORY ${target} PROPERTIES COMPILE_OPTIONS "${options}"
    COMPILE_DEFINITIONS SLUICE_KERNEL_FILE)
endfunction()
