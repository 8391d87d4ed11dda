set(signaling ${CMAKE_SOURCE_DIR}/libs/signaling)
surveillx_fuzzer(signaling_session_fuzz signaling_session_fuzz.cpp
  SOURCES ${signaling}/src/codec.cpp ${signaling}/src/server_session.cpp
          ${signaling}/src/client_session.cpp
  INCLUDES ${signaling}/include
  LINK surveillx::base surveillx::domain deps::boost)
