# negphase_planted_bugs(<target>): for each tests/planted/<ID>_<short_name>.patch a header
# "planted/<ID>.hpp" in the build tree: a copy of a product file with a change, in the namespace
# negphase::planted::<ID>. tests/README.md explains the format; planted_bug.cmake does the work.
function(negphase_planted_bugs target)
  set(script "${CMAKE_CURRENT_SOURCE_DIR}/planted_bug.cmake")
  set(out_dir "${PROJECT_BINARY_DIR}/planted")
  file(GLOB patches CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/planted/*.patch")
  set(headers "")
  foreach(patch IN LISTS patches)
    get_filename_component(name "${patch}" NAME)
    if(NOT name MATCHES "^([A-Z][A-Za-z0-9]*)_[a-z0-9_]+\\.patch$")
      message(FATAL_ERROR "${patch}: a planted bug is called <ID>_<short_name>.patch")
    endif()
    set(id "${CMAKE_MATCH_1}")
    set(header "${out_dir}/${id}.hpp")
    if(header IN_LIST headers)
      message(FATAL_ERROR "${patch}: there are two planted bugs ${id}")
    endif()
    # Read here for the dependency only; the script reports what is wrong with it.
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${patch}")
    file(STRINGS "${patch}" product REGEX "^file: " LIMIT_COUNT 1)
    string(REGEX REPLACE "^file: *" "" product "${product}")
    set(depends "${PROJECT_SOURCE_DIR}/${product}")
    string(REGEX REPLACE "\\.cpp$" ".hpp" own_header "${depends}")
    if(EXISTS "${own_header}" AND NOT own_header STREQUAL depends)
      list(APPEND depends "${own_header}")
    endif()
    add_custom_command(OUTPUT "${header}"
      COMMAND ${CMAKE_COMMAND} -D "PATCH=${patch}" -D "ID=${id}" -D "ROOT=${PROJECT_SOURCE_DIR}"
        -D "OUT=${header}" -P "${script}"
      DEPENDS "${patch}" "${script}" ${depends}
      COMMENT "Planting bug ${id}"
      VERBATIM)
    list(APPEND headers "${header}")
  endforeach()
  target_sources(${target} PRIVATE ${headers})
  target_include_directories(${target} SYSTEM PRIVATE "${PROJECT_BINARY_DIR}")
endfunction()
