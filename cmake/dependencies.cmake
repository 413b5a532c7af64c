# Every library that is not ours, all from Debian. docs/dependencies.md gives the reason for each.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(SQLite3 3.37 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# Asio and Beast are compiled once, in src/net/asio_beast.cpp (Beast, Asio's TLS) and src/async/asio.cpp.
add_library(promethean_boost INTERFACE)
target_link_libraries(promethean_boost INTERFACE Boost::headers Boost::json Threads::Threads)
target_compile_definitions(promethean_boost INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  # A request's coroutine frames lie six deep; the default of 2 sends most of them to malloc.
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16)
target_include_directories(promethean_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})

set(PROMETHEAN_LIBS_base fmt::fmt spdlog::spdlog OpenSSL::Crypto PkgConfig::XXHASH)
set(PROMETHEAN_LIBS_async promethean_boost)
set(PROMETHEAN_LIBS_json promethean_boost)
set(PROMETHEAN_LIBS_net OpenSSL::SSL)
set(PROMETHEAN_LIBS_storage SQLite::SQLite3)
set(PROMETHEAN_LIBS_agents PkgConfig::RE2)
set(PROMETHEAN_LIBS_search PkgConfig::RE2 PkgConfig::PCRE2)
set(PROMETHEAN_LIBS_context PkgConfig::RE2)
set(PROMETHEAN_LIBS_cli CLI11::CLI11 tomlplusplus::tomlplusplus)

if(PROMETHEAN_TESTS)
  find_package(GTest REQUIRED)
  enable_testing()
endif()
