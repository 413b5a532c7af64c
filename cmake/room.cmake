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
  promethean_batches(promethean_${name} ${sources})
  promethean_precompile(promethean_${name} ${name})

  if(PROMETHEAN_TESTS AND tests)
    add_executable(${name}_tests ${tests})
    target_link_libraries(${name}_tests PRIVATE promethean_${name} GTest::gmock GTest::gtest_main)
    promethean_batches(${name}_tests ${tests})
    promethean_precompile(${name}_tests ${name})
    add_test(NAME ${name} COMMAND ${name}_tests)
  endif()
endfunction()

# With PROMETHEAN_BATCH > 0 several sources are compiled as one, which saves most of the time that headers cost.
# Alone stay the large translation units (Beast, Asio, CLI11: in a batch they would only run one after another), the
# file formats, whose short names are their own, and the handlers and commands, which are changed most often.
function(promethean_batches target)
  if(NOT PROMETHEAN_BATCH)
    return()
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${PROMETHEAN_BATCH})
  set(alone ${ARGN})
  list(FILTER alone INCLUDE REGEX "/(net/.*|api/.*|cli/.*|search/(lexical|manifest|segment)[a-z_]*|asio|parse)\\.cpp$")
  set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# One precompiled header (cmake/precompiled.h) for all rooms that link Asio, which is in it.
if(PROMETHEAN_PCH)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "")
  add_library(promethean_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(promethean_precompiled PRIVATE promethean_options ${PROMETHEAN_LIBS_async} ${PROMETHEAN_LIBS_base} ${PROMETHEAN_LIBS_json})
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")  # its time of birth would make every build's header another one
    target_compile_options(promethean_precompiled PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  target_precompile_headers(promethean_precompiled PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.h)
endif()
function(promethean_precompile target room)
  if(PROMETHEAN_PCH AND NOT room MATCHES "^(base|json|telemetry)$")
    target_precompile_headers(${target} REUSE_FROM promethean_precompiled)
    target_compile_options(${target} PRIVATE -fPIC)  # as the header was; CMake gives executables -fPIE
  endif()
endfunction()

# The program itself lands at build/<preset>/promethean.
function(promethean_binary target)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
