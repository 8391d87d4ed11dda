#pragma once

namespace surveillx {

/// Lets malloc keep two arenas instead of eight for each core, which is glibc's default.
///
/// For a process whose threads come and go with its sessions, before its first thread starts: each
/// arena keeps the most that its threads ever held, so that the process would grow for hours
/// although it loses nothing. Pixels and packets live in pools and do not contend for the heap; the
/// latency benchmark measures the same with two arenas as with sixteen. Does nothing where the C
/// library is not glibc, and nothing if MALLOC_ARENA_MAX is set, which then says what counts.
void limit_heap_arenas();

}  // namespace surveillx
