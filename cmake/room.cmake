# promethean_room(NAME DEPS other rooms...): one folder under src/ = one library = one namespace.
# Sources are x.cpp; x_test.cpp beside them becomes the room's test program, x_fuzz.cpp lies in fuzz/.
function(promethean_room name)
  cmake_parse_arguments(ROOM "" "" "DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  add_library(promethean_${name} STATIC ${sources})
  target_link_libraries(promethean_${name} PUBLIC promethean_options ${PROMETHEAN_LIBS_${name}})
  foreach(dep ${ROOM_DEPS})
    target_link_libraries(promethean_${name} PUBLIC promethean_${dep})
  endforeach()

  if(PROMETHEAN_TESTS AND tests)
    add_executable(${name}_tests ${tests})
    target_link_libraries(${name}_tests PRIVATE promethean_${name} GTest::gmock GTest::gtest_main)
    add_test(NAME ${name} COMMAND ${name}_tests)
  endif()
endfunction()

# The program itself lands at build/<preset>/promethean.
function(promethean_binary target)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
