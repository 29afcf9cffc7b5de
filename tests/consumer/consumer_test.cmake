# cmake -D MODE=installed|subfolder -D ROOT=.. -D BUILD=<this build> -D WORK=.. -P consumer_test.cmake
# Installs this build (or names the source folder), builds a stranger's project on it and runs it.
function(must_run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT code EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${out}")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
set(arguments -S "${ROOT}/tests/consumer" -B "${WORK}/build" -D CMAKE_BUILD_TYPE=Release
  -D "EXAMPLES=${ROOT}/apps/examples")
if(MODE STREQUAL "installed")
  must_run("${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/prefix")
  list(APPEND arguments -D "CMAKE_PREFIX_PATH=${WORK}/prefix")
else()
  # the whole library is compiled once more: as quickly as may be
  list(APPEND arguments -D "NEGPHASE_SOURCE=${ROOT}" -D NEGPHASE_NATIVE=OFF
    -D "CMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG")
endif()
must_run("${CMAKE_COMMAND}" ${arguments})
must_run("${CMAKE_COMMAND}" --build "${WORK}/build" --parallel 2)
must_run("${WORK}/build/own_energy")
if(NOT out MATCHES "dL/dw1: -?[0-9.]+ \\+- [0-9.]+, exact")
  message(FATAL_ERROR "own_energy printed: ${out}")
endif()
must_run("${WORK}/build/own_sampler")
file(REMOVE_RECURSE "${WORK}")
