#include "surveillx/base/heap.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace surveillx {

void limit_heap_arenas() {
#ifdef __GLIBC__
  if (std::getenv("MALLOC_ARENA_MAX") != nullptr) return;
  (void)mallopt(M_ARENA_MAX, 2);
#endif
}

}  // namespace surveillx
