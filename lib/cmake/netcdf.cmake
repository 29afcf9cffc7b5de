# netCDF is optional: without libnetcdf the library is whole but for .nc files of draws. Debian's own
# netCDFConfig.cmake asks for packages that libnetcdf-dev does not bring, so it is not used.
option(NEGPHASE_NETCDF "Read and write netCDF where libnetcdf is installed" ON)
find_path(NEGPHASE_NETCDF_INCLUDE netcdf_mem.h)
find_library(NEGPHASE_NETCDF_LIBRARY netcdf)
mark_as_advanced(NEGPHASE_NETCDF_INCLUDE NEGPHASE_NETCDF_LIBRARY)

# negphase_link_netcdf(<target> <sources>...): the only files that know of it.
function(negphase_link_netcdf target)
  if(NEGPHASE_NETCDF AND NEGPHASE_NETCDF_INCLUDE AND NEGPHASE_NETCDF_LIBRARY)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_DEFINITIONS NEGPHASE_NETCDF)
    target_include_directories(${target} PRIVATE "${NEGPHASE_NETCDF_INCLUDE}")
    target_link_libraries(${target} PRIVATE "${NEGPHASE_NETCDF_LIBRARY}")
    set(NEGPHASE_LINKED_NETCDF "${NEGPHASE_NETCDF_LIBRARY}" CACHE INTERNAL "")
    message(STATUS "netCDF: ${NEGPHASE_NETCDF_LIBRARY}")
  else()
    set(NEGPHASE_LINKED_NETCDF "" CACHE INTERNAL "")
    message(STATUS "netCDF: no (optional; on Debian or Ubuntu libnetcdf-dev)")
  endif()
endfunction()
