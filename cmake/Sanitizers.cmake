# SURVEILLX_SANITIZE=address|thread instruments everything that is ours.
if(SURVEILLX_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(SURVEILLX_SANITIZE STREQUAL "thread")
  # Asio's fenced block is an atomic_thread_fence, which ThreadSanitizer does not understand.
  add_compile_options(-fsanitize=thread)
  add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  add_link_options(-fsanitize=thread)
elseif(SURVEILLX_SANITIZE)
  message(FATAL_ERROR "SURVEILLX_SANITIZE must be address, thread or empty")
endif()
