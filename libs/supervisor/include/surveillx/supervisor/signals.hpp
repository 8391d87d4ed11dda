#pragma once

#include <csignal>
#include <initializer_list>

namespace surveillx::supervisor {

/// Blocks `signals` for this thread and those it starts, to be read here (signalfd, sigwait). A
/// library may start a thread of its own that blocks nothing, and the kernel gives a process's signal
/// to any thread that takes it: such a thread sends it on to this one instead of ending the process.
/// Once, on the main thread; a signal that is ignored stays so.
sigset_t take_signals_here(std::initializer_list<int> signals);

}  // namespace surveillx::supervisor
