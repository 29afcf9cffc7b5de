# README.md shows apps/examples/own_energy.cpp as it is compiled.
file(READ "${ROOT}/README.md" readme)
file(READ "${ROOT}/apps/examples/own_energy.cpp" program)
string(FIND "${readme}" "```cpp\n${program}```" at)
if(at EQUAL -1)
  message(FATAL_ERROR "README.md does not show apps/examples/own_energy.cpp as it is: ./run readme")
endif()
