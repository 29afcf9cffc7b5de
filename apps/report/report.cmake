# Puts the report's page into negphase_tool: its files here and Chart.js, from Debian's
# libjs-chart.js, become one C++ file, so that the program needs none of them when it runs.
# -D NEGPHASE_CHART_JS= builds without charts: the page then shows the tables behind them.
find_file(NEGPHASE_CHART_JS chart.min.js
  PATHS /usr/share/javascript/chart.js /usr/share/nodejs/chart.js/dist
  DOC "Chart.js 3 or 4, embedded into the report; empty: no charts" NO_CMAKE_FIND_ROOT_PATH)
set(negphase_chart "")
if(NEGPHASE_CHART_JS)
  set(negphase_chart "${NEGPHASE_CHART_JS}")
  file(READ "${negphase_chart}" negphase_chart_head LIMIT 200)
  if(NOT negphase_chart_head MATCHES "Chart\\.js v[34]\\.")
    message(STATUS "${negphase_chart} is not version 3 or 4 of Chart.js and is not used")
    set(negphase_chart "")
  endif()
endif()
if(NOT negphase_chart)
  message(STATUS "no Chart.js (Debian: libjs-chart.js): reports will show tables, no charts")
endif()

set(negphase_report "${CMAKE_CURRENT_SOURCE_DIR}/report")
# main.js, which starts all, comes last.
file(GLOB negphase_report_scripts CONFIGURE_DEPENDS
  "${negphase_report}/*.js" "${negphase_report}/sections/*.js")
list(REMOVE_ITEM negphase_report_scripts "${negphase_report}/main.js")
list(APPEND negphase_report_scripts "${negphase_report}/main.js")
set(negphase_report_page "${CMAKE_CURRENT_BINARY_DIR}/report_page.cpp")
add_custom_command(OUTPUT "${negphase_report_page}"
  COMMAND ${CMAKE_COMMAND} -D "PAGE=${negphase_report}/page.html"
    -D "STYLE=${negphase_report}/report.css" -D "SCRIPTS=${negphase_report_scripts}"
    -D "CHART=${negphase_chart}" -D "OUT=${negphase_report_page}"
    -P "${negphase_report}/embed.cmake"
  DEPENDS "${negphase_report}/page.html" "${negphase_report}/report.css"
    "${negphase_report}/embed.cmake" ${negphase_report_scripts} ${negphase_chart}
  COMMENT "Embedding the report's page"
  VERBATIM)
target_sources(negphase_tool PRIVATE "${negphase_report_page}")
