# Every outside library, once, as an imported target named deps::<name>. All come from Debian 12.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(deps_pkg name)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${ARGN})
  add_library(deps::${name} ALIAS PkgConfig::${name})
endfunction()

deps_pkg(gstreamer gstreamer-1.0 gstreamer-app-1.0 gstreamer-video-1.0 gstreamer-sdp-1.0
         gstreamer-webrtc-1.0 gstreamer-rtp-1.0)
deps_pkg(sodium libsodium)
deps_pkg(icu icu-uc icu-i18n)
deps_pkg(turbojpeg libturbojpeg)
# Photos from outside: each format by its own library.
deps_pkg(photos libjpeg libpng libwebp libwebpdemux libheif)
deps_pkg(openssl openssl)
deps_pkg(sqlite sqlite3)
deps_pkg(postgresql libpq)

# libyuv, SOCI and date ship no CMake package or pkg-config file that works on Debian 12.
function(deps_find name header)
  find_path(${name}_INCLUDE_DIR ${header} REQUIRED)
  add_library(deps_${name} INTERFACE)
  foreach(lib ${ARGN})
    find_library(${name}_${lib}_LIBRARY ${lib} REQUIRED)
    target_link_libraries(deps_${name} INTERFACE ${${name}_${lib}_LIBRARY})
  endforeach()
  add_library(deps::${name} ALIAS deps_${name})
endfunction()
deps_find(yuv libyuv.h yuv)
deps_find(soci soci/soci.h soci_core soci_sqlite3 soci_postgresql)
deps_find(date date/tz.h date-tz)
deps_find(dlib dlib/dnn.h dlib openblas)
target_compile_definitions(deps_date INTERFACE USE_OS_TZDB=1)

# Debian's unversioned Boost is 1.74; the versioned packages of 1.81 bring their own CMake files.
find_package(Boost 1.81.0 EXACT REQUIRED CONFIG COMPONENTS json url)
add_library(deps_boost INTERFACE)
target_link_libraries(deps_boost INTERFACE Boost::json Boost::url Threads::Threads)
target_compile_definitions(deps_boost INTERFACE BOOST_ASIO_NO_DEPRECATED)
add_library(deps::boost ALIAS deps_boost)

find_package(OpenCV REQUIRED COMPONENTS core imgproc imgcodecs dnn objdetect face)
add_library(deps_opencv INTERFACE)
target_link_libraries(deps_opencv INTERFACE opencv_core opencv_imgproc opencv_imgcodecs opencv_dnn
                      opencv_objdetect opencv_face)
target_include_directories(deps_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
add_library(deps::opencv ALIAS deps_opencv)

find_package(BZip2 REQUIRED)
add_library(deps::bzip2 ALIAS BZip2::BZip2)
find_package(spdlog REQUIRED)
add_library(deps::spdlog ALIAS spdlog::spdlog)
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(prometheus-cpp REQUIRED)
