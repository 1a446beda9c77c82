# whylight_library(NAME SOURCES... DEPS...)   one static library for each folder
# whylight_test(NAME SOURCES... DEPS...)      one test program for each folder, run by ctest
# whylight_embed(NAME IN HEADER OUT)          the bytes of file IN as a source of the folder

set(WHYLIGHT_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread")

# Symbols stay ours: TensorFlow's library must never bind to them (see docs/decisions.md).
add_library(whylight_options INTERFACE)
target_compile_options(whylight_options INTERFACE
  -fvisibility=hidden -fvisibility-inlines-hidden
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Without it a program holds copy relocations of std::cerr and typeinfo, and TensorFlow binds
  # to them. GCC 12 warns about designated initialisers that leave out members: that is their use.
  target_compile_options(whylight_options INTERFACE -mno-direct-extern-access
    -Wno-missing-field-initializers)
  # -O3 warns falsely about `"text" + std::string` (GCC bug 105651) and about members of a
  # std::optional behind its check (GCC bug 80635); the sanitizers and clang-tidy look instead.
  target_compile_options(whylight_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
target_link_options(whylight_options INTERFACE -Wl,--exclude-libs,ALL)
target_include_directories(whylight_options INTERFACE
  ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
if(WHYLIGHT_SANITIZE)
  target_compile_options(whylight_options INTERFACE
    -fsanitize=${WHYLIGHT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(whylight_options INTERFACE -fsanitize=${WHYLIGHT_SANITIZE})
endif()

function(whylight_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(whylight_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(whylight_${name} PUBLIC whylight_options ${ARG_DEPS})
endfunction()

function(whylight_embed name in header out)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${out})
  add_custom_command(OUTPUT ${out} VERBATIM
    COMMAND ${CMAKE_COMMAND} -DIN=${in} -DOUT=${out} -DNAME=${name} -DHEADER=${header}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${in} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
endfunction()

find_package(GTest REQUIRED)
include(GoogleTest)
function(whylight_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE whylight_options ${ARG_DEPS} GTest::gtest GTest::gmock
    GTest::gtest_main)
  # The tests' own sources run once and are compiled on two cores: no time for optimising them.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O0>)
  target_compile_definitions(${name} PRIVATE WHYLIGHT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND ${name})
endfunction()
