# SPDX-License-Identifier: Apache-2.0
# cmake --install: the library, its headers under their paths in the tree, the programs, and a CMake package.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Sluice)
install(TARGETS sluice EXPORT SluiceTargets)
install(DIRECTORY analysis base core data flooding kernels nn optim DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sluice FILES_MATCHING PATTERN "*.h"
        PATTERN "kernels/cpu" EXCLUDE PATTERN "kernels/cuda" EXCLUDE)
install(FILES sluice.h ${PROJECT_BINARY_DIR}/generated/sluice/config.h ${PROJECT_BINARY_DIR}/generated/sluice/version.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sluice)
# A static library brings the options target along by name only; it carries nothing for users.
if(NOT BUILD_SHARED_LIBS)
  install(TARGETS sluice_options EXPORT SluiceTargets)
  if(TARGET sluice_onednn)
    install(TARGETS sluice_onednn EXPORT SluiceTargets)
  endif()
endif()
install(EXPORT SluiceTargets NAMESPACE sluice:: DESTINATION ${package_dir})
configure_package_config_file(cmake/SluiceConfig.cmake.in SluiceConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(SluiceConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/SluiceConfig.cmake ${PROJECT_BINARY_DIR}/SluiceConfigVersion.cmake DESTINATION ${package_dir})
