# Install rules and the CMake package: find_package(negphase) gives negphase::negphase and
# negphase::samplers. Configure what is installed with -DNEGPHASE_NATIVE=OFF: machine-tuned code
# runs on machines like this one only.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/negphase")
get_target_property(samplers_type negphase_samplers TYPE)
set(file_set FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS negphase EXPORT negphase
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" ${file_set})
if(samplers_type STREQUAL "STATIC_LIBRARY")
  install(TARGETS negphase_samplers EXPORT negphase
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" ${file_set})
else()
  install(TARGETS negphase_samplers EXPORT negphase)
endif()
install(EXPORT negphase NAMESPACE negphase:: FILE negphase-targets.cmake
  DESTINATION "${config_dir}")
configure_package_config_file(lib/cmake/negphase-config.cmake.in
  "${PROJECT_BINARY_DIR}/negphase-config.cmake" INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/negphase-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/negphase-config.cmake"
  "${PROJECT_BINARY_DIR}/negphase-config-version.cmake" DESTINATION "${config_dir}")
if(TARGET negphase_tool)
  install(TARGETS negphase_tool RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
if(NEGPHASE_NATIVE)
  install(CODE "message(WARNING \"this build is tuned for this machine only; configure with -DNEGPHASE_NATIVE=OFF for others\")")
endif()
