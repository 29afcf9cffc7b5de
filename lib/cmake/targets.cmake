# What every target of the project has in common.

# negphase_own(<target>): language level and warnings. Warnings are never exported, and
# are errors where CMAKE_COMPILE_WARNING_AS_ERROR says so (presets dev and asan, .ci/run).
function(negphase_own target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow -Wnon-virtual-dtor
    -Wold-style-cast)
  # The optimiser's guesses about inlined code: g++ 12 is wrong about every AVX-512 intrinsic and about
  # "text" + std::to_string(n), so they are off; sanitizers look for the same, and find it.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE
      -Wno-maybe-uninitialized -Wno-uninitialized -Wno-array-bounds -Wno-stringop-overflow
      -Wno-stringop-overread -Wno-free-nonheap-object -Wno-restrict)
  endif()
endfunction()

# negphase_headers(<target> <folder>): the folder's .hpp files as the target's public headers. The
# target all_verify_interface_header_sets compiles each of them alone.
function(negphase_headers target folder)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${folder}/negphase/*.hpp")
  target_sources(${target} PUBLIC
    FILE_SET HEADERS BASE_DIRS "${folder}" FILES ${headers})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL})
endfunction()
