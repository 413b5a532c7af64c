# The engine of the local model: target promethean_llama = libllama + the template parts of its `common`.
#
# A system libllama is used where there is one that knows the calls we make; otherwise llama.cpp is compiled from
# build/assets (scripts/fetch-assets). Either way `common/` comes from build/assets: no system packages it.
# Built -O3 in every preset and without our warnings and sanitizers: it is somebody else's code, and tests with the
# real model must be quick. Only src/llm/local/llama/ includes its headers.
option(PROMETHEAN_LOCAL_MODEL "build the local model's worker (llama.cpp)" ON)
option(PROMETHEAN_SYSTEM_LLAMA "prefer a libllama of the system to the one in build/assets" ON)

file(GLOB_RECURSE with_llama CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/llm/local/llama/*.cpp)
file(GLOB_RECURSE without_llama CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/llm/local/none/*.cpp)
if(NOT PROMETHEAN_LOCAL_MODEL)
  message(STATUS "local model: left out (PROMETHEAN_LOCAL_MODEL=OFF)")
  set_source_files_properties(${with_llama} PROPERTIES HEADER_FILE_ONLY ON)
  return()
endif()
set_source_files_properties(${without_llama} PROPERTIES HEADER_FILE_ONLY ON)

set(llama_source ${PROMETHEAN_ASSETS}/llama.cpp)
if(NOT EXISTS ${llama_source}/common/jinja/parser.cpp)
  message(FATAL_ERROR
    "The local model's engine is not in ${llama_source}. Run scripts/fetch-assets (or: make build), "
    "or configure with -DPROMETHEAN_LOCAL_MODEL=OFF for a server without a local model.")
endif()

# Sets `found` to a target when the system has a libllama of a usable age.
function(promethean_find_system_llama found)
  set(${found} "" PARENT_SCOPE)
  if(NOT PROMETHEAN_SYSTEM_LLAMA)
    return()
  endif()
  pkg_check_modules(SYSTEM_LLAMA QUIET IMPORTED_TARGET llama)
  if(NOT TARGET PkgConfig::SYSTEM_LLAMA)
    return()
  endif()
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LIBRARIES PkgConfig::SYSTEM_LLAMA)
  check_cxx_source_compiles("
    #include <llama.h>
    int main() {
      llama_memory_seq_rm(llama_get_memory(nullptr), 0, 0, -1);
      llama_set_abort_callback(nullptr, nullptr, nullptr);
      llama_sampler_init_penalties(0, 0, 1.0f, 0.0f, 0.0f);
      return llama_model_chat_template(nullptr, nullptr) != nullptr && llama_vocab_is_eog(nullptr, 0);
    }" PROMETHEAN_SYSTEM_LLAMA_FITS)
  if(PROMETHEAN_SYSTEM_LLAMA_FITS)
    set(${found} PkgConfig::SYSTEM_LLAMA PARENT_SCOPE)
  endif()
endfunction()

# Sets `found` to the target `llama`, compiled from build/assets. A function, so that what it sets stays its own.
function(promethean_build_llama found)
  set(CMAKE_BUILD_TYPE Release)
  set(CMAKE_C_FLAGS_RELEASE "-O3 -DNDEBUG")
  set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG")
  set(CMAKE_C_FLAGS "-w")
  set(CMAKE_CXX_FLAGS "-w")
  set(CMAKE_CXX_STANDARD 17)
  set(CMAKE_UNITY_BUILD OFF)  # its own batches stay; more of them break it
  set(BUILD_SHARED_LIBS OFF)
  set(LLAMA_BUILD_COMMON OFF)
  set(LLAMA_BUILD_TESTS OFF)
  set(LLAMA_BUILD_EXAMPLES OFF)
  set(LLAMA_BUILD_TOOLS OFF)
  set(LLAMA_BUILD_SERVER OFF)
  set(LLAMA_BUILD_APP OFF)
  set(LLAMA_USE_PREBUILT_UI OFF)
  set(LLAMA_OPENSSL OFF)
  set(LLAMA_ALL_WARNINGS OFF)
  set(GGML_CCACHE OFF)   # ours is set already
  set(GGML_OPENMP OFF)   # its own thread pool can be resized between two generations
  set(GGML_NATIVE ${PROMETHEAN_NATIVE})
  if(NOT PROMETHEAN_NATIVE AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    foreach(feature SSE42 AVX AVX2 FMA F16C BMI2)  # x86-64-v3, what packages promise
      set(GGML_${feature} ON)
    endforeach()
  endif()
  # Its CMake asks git for the commit it is built from and would get *ours*: every commit would recompile it.
  find_program(PROMETHEAN_FALSE false REQUIRED)
  set(GIT_EXECUTABLE ${PROMETHEAN_FALSE})
  set(GIT_EXE ${PROMETHEAN_FALSE})
  if(PROMETHEAN_CCACHE)  # paths relative to the source tree, so that all build folders share one compilation
    set(launcher env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${PROMETHEAN_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  endif()
  set(CMAKE_MESSAGE_LOG_LEVEL WARNING)
  add_subdirectory(${llama_source} ${CMAKE_BINARY_DIR}/llama.cpp EXCLUDE_FROM_ALL SYSTEM)
  set(${found} llama PARENT_SCOPE)
endfunction()

# The chat templates (jinja) of llama.cpp's `common`, and what they call.
function(promethean_build_llama_common library)
  set(common ${llama_source}/common)
  file(GLOB jinja ${common}/jinja/*.cpp)
  add_library(promethean_llama_common STATIC ${jinja} ${common}/json.cpp ${common}/unicode.cpp
    ${CMAKE_SOURCE_DIR}/cmake/llama_strings.cpp)
  set_target_properties(promethean_llama_common PROPERTIES CXX_STANDARD 17 UNITY_BUILD OFF EXCLUDE_FROM_ALL ON)
  target_compile_options(promethean_llama_common PRIVATE -w -O2)
  target_include_directories(promethean_llama_common PRIVATE ${common} ${llama_source}/vendor)
  target_link_libraries(promethean_llama_common PUBLIC ${library})
endfunction()

promethean_find_system_llama(llama_library)
if(llama_library)
  message(STATUS "local model: libllama ${SYSTEM_LLAMA_VERSION} of the system")
else()
  promethean_build_llama(llama_library)
  message(STATUS "local model: llama.cpp from ${llama_source}, tuned for this machine: ${PROMETHEAN_NATIVE}")
endif()
promethean_build_llama_common(${llama_library})

add_library(promethean_llama INTERFACE)
target_link_libraries(promethean_llama INTERFACE promethean_llama_common ${llama_library})
target_include_directories(promethean_llama SYSTEM INTERFACE ${llama_source})  # "common/jinja/parser.h"
target_compile_definitions(promethean_llama INTERFACE
  PROMETHEAN_DEFAULT_MODEL="${PROMETHEAN_ASSETS}/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
set(PROMETHEAN_LIBS_llm promethean_llama)
