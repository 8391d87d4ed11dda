# surveillx_warnings(target): the project's warnings; errors only where a preset asks for it.
function(surveillx_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports these inside its own library headers once coroutines and variants are inlined.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict
                           -Wno-stringop-overflow -Wno-array-bounds -Wno-dangling-pointer)
    if(CMAKE_UNITY_BUILD)
      # It takes the files that are compiled together for headers.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
  if(SURVEILLX_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# surveillx_library(NAME [USES lib...] [LINK target...] [PRIVATE_LINK target...] [TEST_USES lib...]
#                   [TEST_LINK target...] [TEST_TIMEOUT seconds] [TEST_WHOLE] [TEST_SLOW filter...]
#                   [ALONE file...])
# A static library from src/*.cpp and the folders of src with the public headers of include/, and one
# test program from tests/*_test.cpp and the folders of tests, whose cases ctest runs one by one, or
# with TEST_WHOLE all in one process: for tests that share something slow to start, such as a database
# server. Under sanitizers, where starting is slow, all are run so, without TEST_SLOW: what takes minutes
# there and reaches little that others do not. ALONE: files that a unity build (the sanitizers' presets:
# half the time) has to compile by themselves.
function(surveillx_library name)
  cmake_parse_arguments(ARG "TEST_WHOLE" "TEST_TIMEOUT" "USES;LINK;PRIVATE_LINK;TEST_USES;TEST_LINK;TEST_SLOW;ALONE" ${ARGN})
  set(target surveillx_${name})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/src/*/*.cpp)
  if(ARG_ALONE)
    set_source_files_properties(${ARG_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC include PRIVATE src)
    surveillx_warnings(${target})
    surveillx_harden(${target})
    set(visibility PUBLIC)
    target_link_libraries(${target} PRIVATE ${ARG_PRIVATE_LINK})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE include)
    set(visibility INTERFACE)
  endif()
  list(TRANSFORM ARG_USES PREPEND surveillx::)
  target_link_libraries(${target} ${visibility} ${ARG_USES} ${ARG_LINK})
  add_library(surveillx::${name} ALIAS ${target})

  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tests/*_test.cpp
       ${CMAKE_CURRENT_SOURCE_DIR}/tests/*/*_test.cpp)
  if(SURVEILLX_TESTS AND NOT SURVEILLX_FUZZ AND tests)
    list(TRANSFORM ARG_TEST_USES PREPEND surveillx::)
    if(NOT ARG_TEST_TIMEOUT)
      set(ARG_TEST_TIMEOUT 60)
    endif()
    add_executable(${name}_test ${tests})
    target_include_directories(${name}_test PRIVATE src tests)
    surveillx_warnings(${name}_test)
    # Tests compile for speed of building, not of running.
    target_compile_options(${name}_test PRIVATE -O0 -g0)
    target_link_libraries(${name}_test PRIVATE ${target} surveillx_test_support ${ARG_TEST_USES}
                          ${ARG_TEST_LINK} GTest::gmock GTest::gtest_main)
    if(SURVEILLX_SANITIZE)
      list(JOIN ARG_TEST_SLOW ":" slow)
      add_test(NAME ${name}.all COMMAND ${name}_test --gtest_filter=-${slow})
      set_tests_properties(${name}.all PROPERTIES TIMEOUT 900 LABELS unit)
      return()
    endif()
    if(ARG_TEST_WHOLE)
      add_test(NAME ${name}.all COMMAND ${name}_test)
      set_tests_properties(${name}.all PROPERTIES TIMEOUT ${ARG_TEST_TIMEOUT} LABELS unit)
      return()
    endif()
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
                         PROPERTIES TIMEOUT ${ARG_TEST_TIMEOUT} LABELS unit)
  endif()
endfunction()

if(SURVEILLX_TESTS AND NOT SURVEILLX_FUZZ)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
