# SPDX-License-Identifier: Apache-2.0
# One build for all x86-64 processors: the shared library is linked once more for each newer level of the architecture,
# with kernels/cpu compiled for that level, into lib/glibc-hwcaps/LEVEL. The dynamic loader of glibc 2.33 or later takes
# the best one that the processor has; every other loader takes lib/libsluice.so, for x86-64-v2. Whole libraries, because
# so no function that is compiled for a newer processor can get into an older one's code.
# A static library has the baseline only. CUDA's kernels would be there three times, so a CUDA build has it only too,
# unless SLUICE_CPU_LEVELS says otherwise.
set(levels "")
if(SLUICE_X86 AND SLUICE_CUDA STREQUAL "off" AND NOT SLUICE_SANITIZE)
  set(levels x86-64-v3 x86-64-v4)
endif()
set(SLUICE_CPU_LEVELS "${levels}" CACHE STRING "Levels of x86-64 that the shared library has its CPU kernels for, besides v2")

set(SLUICE_LEVEL_TARGETS "")
if(SLUICE_NATIVE OR NOT sluice_type STREQUAL "SHARED_LIBRARY" OR CMAKE_CXX_FLAGS MATCHES "-march=")
  return()
endif()

set_target_properties(sluice PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
get_target_property(kernels sluice SOURCES)
list(FILTER kernels INCLUDE REGEX "/kernels/cpu/")
foreach(level IN LISTS SLUICE_CPU_LEVELS)
  set(target sluice_${level})
  add_library(${target} SHARED ${kernels} $<FILTER:$<TARGET_OBJECTS:sluice>,EXCLUDE,/kernels/cpu/>)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME sluice LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/glibc-hwcaps/${level} INSTALL_RPATH "$ORIGIN/../..")
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:-march=${level}>"
    # A processor with AVX-512 is worth its full width here: the kernels are long loops.
    "$<$<STREQUAL:${level},x86-64-v4>:-mprefer-vector-width=512>")
  target_include_directories(${target} PRIVATE $<TARGET_PROPERTY:sluice,INCLUDE_DIRECTORIES>)
  target_link_libraries(${target} PRIVATE sluice_flags sluice_dependencies)
  list(APPEND SLUICE_LEVEL_TARGETS ${target})
endforeach()
# Whatever is linked with the library gets them built.
add_library(sluice_levels INTERFACE)
if(SLUICE_LEVEL_TARGETS)
  add_dependencies(sluice_levels ${SLUICE_LEVEL_TARGETS})
endif()
target_link_libraries(sluice INTERFACE $<BUILD_INTERFACE:sluice_levels>)
