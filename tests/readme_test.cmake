# README.md shows the programs of apps/examples as they are compiled.
file(READ "${ROOT}/README.md" readme)
foreach(name own_energy own_sampler)
  file(READ "${ROOT}/apps/examples/${name}.cpp" program)
  string(FIND "${readme}" "```cpp\n${program}```" at)
  if(at EQUAL -1)
    message(SEND_ERROR "README.md does not show apps/examples/${name}.cpp as it is: ./run readme")
  endif()
endforeach()
