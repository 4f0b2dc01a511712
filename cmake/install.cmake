# SPDX-License-Identifier: Apache-2.0
# cmake --install: the library, its headers, the programs, a CMake package and a pkg-config file. All of it may be moved
# as one folder: programs and libraries find each other by relative paths.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Sluice)
install(TARGETS sluice EXPORT SluiceTargets)
foreach(target IN LISTS SLUICE_LEVEL_TARGETS)
  string(REPLACE sluice_ "" level ${target})
  # The link without a version is for linkers, which take the baseline's.
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/glibc-hwcaps/${level} NAMELINK_SKIP)
endforeach()
install(DIRECTORY analysis base core data flooding kernels nn optim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sluice FILES_MATCHING PATTERN "*.h"
        PATTERN "kernels/cpu" EXCLUDE PATTERN "kernels/cuda" EXCLUDE)
install(FILES sluice.h ${PROJECT_BINARY_DIR}/generated/sluice/config.h ${PROJECT_BINARY_DIR}/generated/sluice/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sluice)
install(EXPORT SluiceTargets NAMESPACE sluice:: DESTINATION ${package_dir})
configure_package_config_file(cmake/SluiceConfig.cmake.in SluiceConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(SluiceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SluiceConfig.cmake ${PROJECT_BINARY_DIR}/SluiceConfigVersion.cmake DESTINATION ${package_dir})

# pkg-config: what a static library needs stands in Libs.private.
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_to_prefix ${pc_to_prefix})
set(pc_private "-lz")
foreach(name IN LISTS OpenMP_CXX_LIB_NAMES)
  string(APPEND pc_private " -l${name}")
endforeach()
if(TARGET sluice_onednn)
  string(APPEND pc_private " -ldnnl")
endif()
if(SLUICE_CUDA STREQUAL "on")
  string(APPEND pc_private " -lcudart_static -ldl -lrt")
endif()
set(pc_libs "-lsluice")
if(sluice_type STREQUAL "STATIC_LIBRARY")
  set(pc_libs "-lsluice ${pc_private} -lstdc++ -lm")
endif()
configure_file(cmake/sluice.pc.in sluice.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/sluice.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
