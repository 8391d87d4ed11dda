# surveillx_harden(target): what makes a memory fault end the process instead of serving whoever
# caused it. Sanitizers bring their own checks and replace some of these.
include(CheckPIESupported)
check_pie_supported()

function(surveillx_harden target)
  if(SURVEILLX_SANITIZE)
    return()
  endif()
  target_compile_options(${target} PRIVATE -fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(${target} PRIVATE -fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
    target_compile_options(${target} PRIVATE -mbranch-protection=standard)
  endif()
  # Checks sizes that the optimiser knows, so that it is an error to ask for it without one.
  target_compile_definitions(${target} PRIVATE
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:_FORTIFY_SOURCE=2>)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE -Wl,-z,relro,-z,now,-z,noexecstack)
  endif()
endfunction()
