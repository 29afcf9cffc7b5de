# Looks for every package of packages.txt in one pass, then says at once what is missing.

set(NEGPHASE_PACKAGES_FILE "${CMAKE_CURRENT_LIST_DIR}/packages.txt")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${NEGPHASE_PACKAGES_FILE}")

# Finds the rows whose purpose is in NEGPHASE_PURPOSES. A macro, so that what a find module sets is
# seen by the caller.
macro(negphase_find_packages)
  set(negphase_missing "")
  file(STRINGS "${NEGPHASE_PACKAGES_FILE}" negphase_rows REGEX "^[a-z]")
  foreach(negphase_row IN LISTS negphase_rows)
    string(REGEX MATCHALL "[^ ]+" negphase_row "${negphase_row}")
    list(GET negphase_row 0 negphase_debian)
    list(GET negphase_row 1 negphase_purpose)
    list(GET negphase_row 2 negphase_package)
    list(GET negphase_row 3 negphase_version)
    list(GET negphase_row 4 negphase_target)
    if(NOT negphase_package STREQUAL "-" AND "${negphase_purpose}" IN_LIST NEGPHASE_PURPOSES)
      if(negphase_version STREQUAL "-")
        set(negphase_version "")
      endif()
      if(NOT TARGET ${negphase_target})
        find_package(${negphase_package} ${negphase_version} QUIET)
      endif()
      if(NOT TARGET ${negphase_target})
        list(APPEND negphase_missing ${negphase_debian})
      endif()
    endif()
  endforeach()
  if(negphase_missing)
    list(JOIN negphase_missing " " negphase_missing)
    message(FATAL_ERROR
      "packages are missing; on Debian or Ubuntu install them with\n"
      "  sudo apt-get install -y --no-install-recommends ${negphase_missing}\n")
  endif()
endmacro()
