# Tree-sitter's grammars, from build/assets/grammars (scripts/fetch-assets): target promethean_grammars. Generated C in big
# tables: compiled with -O1, without our warnings and sanitizers. Only src/search/syntax/ uses them.
option(PROMETHEAN_SYNTAX "read source files by their grammar (tree-sitter)" ON)

file(GLOB with_syntax CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/search/syntax/*.cpp)
file(GLOB without_syntax CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/search/no_syntax/*.cpp)
if(NOT PROMETHEAN_SYNTAX)
  message(STATUS "grammars: left out (PROMETHEAN_SYNTAX=OFF)")
  set_source_files_properties(${with_syntax} PROPERTIES HEADER_FILE_ONLY ON)
  return()
endif()
set_source_files_properties(${without_syntax} PROPERTIES HEADER_FILE_ONLY ON)

pkg_check_modules(TREE_SITTER REQUIRED IMPORTED_TARGET tree-sitter)
set(grammar_root ${PROMETHEAN_ASSETS}/grammars)
set(grammar_sources)
foreach(folder c cpp go java javascript python rust typescript/typescript typescript/tsx)
  if(NOT EXISTS ${grammar_root}/${folder}/src/parser.c)
    message(FATAL_ERROR
      "The grammars are not in ${grammar_root}/${folder}. Run scripts/fetch-assets (or: make build), "
      "or configure with -DPROMETHEAN_SYNTAX=OFF for definitions by our own scanner alone.")
  endif()
  file(GLOB found ${grammar_root}/${folder}/src/parser.c ${grammar_root}/${folder}/src/scanner.c)
  # Each brings its own tree_sitter/parser.h.
  set_source_files_properties(${found} PROPERTIES INCLUDE_DIRECTORIES ${grammar_root}/${folder}/src)
  list(APPEND grammar_sources ${found})
endforeach()
add_library(promethean_grammars STATIC ${grammar_sources})
set_target_properties(promethean_grammars PROPERTIES C_STANDARD 11 UNITY_BUILD OFF POSITION_INDEPENDENT_CODE ON)
target_compile_options(promethean_grammars PRIVATE -w -O1)
if(PROMETHEAN_CCACHE)  # paths relative to the source tree, so that all build folders share one compilation
  set_target_properties(promethean_grammars PROPERTIES C_COMPILER_LAUNCHER
    "env;CCACHE_BASEDIR=${CMAKE_SOURCE_DIR};CCACHE_NOHASHDIR=1;${PROMETHEAN_CCACHE}")
endif()
list(APPEND PROMETHEAN_LIBS_search promethean_grammars PkgConfig::TREE_SITTER)
