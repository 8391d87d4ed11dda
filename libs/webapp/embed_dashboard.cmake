# cmake -DDIST=dashboard/dist -DOUT=file.cpp -P embed_dashboard.cmake
# Writes a C++ file that holds every file of DIST by the assembler's .incbin, which takes no time to
# compile. Runs at every build and writes only what changed: the hash of each file is part of the text,
# so a new dashboard recompiles it, and ccache cannot mix them up. Without DIST one page says so.
cmake_minimum_required(VERSION 3.25)
set(files "")
if(EXISTS "${DIST}/index.html")
  file(GLOB_RECURSE files LIST_DIRECTORIES false RELATIVE "${DIST}" "${DIST}/*")
  list(FILTER files EXCLUDE REGEX "\\.map$")
  list(SORT files)
else()
  set(DIST "${CMAKE_CURRENT_LIST_DIR}/page")
  set(files index.html)
endif()

set(blobs "")
set(table "")
set(i 0)
foreach(file IN LISTS files)
  file(SHA256 "${DIST}/${file}" hash)
  string(APPEND blobs "// ${file} ${hash}\n"
    "asm(\".pushsection .rodata.dashboard,\\\"a\\\",@progbits\\n\"\n"
    "    \".globl surveillx_dashboard_${i}\\nsurveillx_dashboard_${i}:\\n\"\n"
    "    \".incbin \\\"${DIST}/${file}\\\"\\n\"\n"
    "    \".globl surveillx_dashboard_${i}_end\\nsurveillx_dashboard_${i}_end:\\n\"\n"
    "    \".byte 0\\n.popsection\\n\");\n"
    "extern \"C\" const char surveillx_dashboard_${i}[];\n"
    "extern \"C\" const char surveillx_dashboard_${i}_end[];\n")
  set(immutable false)
  if(file MATCHES "^assets/")
    set(immutable true)
  endif()
  string(SUBSTRING "${hash}" 0 32 etag)
  string(APPEND table "      file(\"/${file}\", surveillx_dashboard_${i}, surveillx_dashboard_${i}_end, "
    "${immutable},\n           \"\\\"${etag}\\\"\"),\n")
  math(EXPR i "${i} + 1")
endforeach()

set(text "// Written by embed_dashboard.cmake.\n#include \"dashboard.hpp\"\n\n#include <cstddef>\n\n${blobs}
namespace surveillx::webapp {
namespace {

net::StaticFile file(const char* path, const char* begin, const char* end, bool immutable,
                     const char* etag) {
  net::StaticFile result;
  result.path = path;
  result.content = {begin, static_cast<std::size_t>(end - begin)};
  result.immutable = immutable;
  result.etag = etag;
  return result;
}

}  // namespace

std::vector<net::StaticFile> dashboard_files() {
  return {
${table}  };
}

}  // namespace surveillx::webapp
")
set(before "")
if(EXISTS "${OUT}")
  file(READ "${OUT}" before)
endif()
if(NOT before STREQUAL text)
  file(WRITE "${OUT}" "${text}")
endif()
