// Any bytes either are a photo of at most the size that is read, or are refused by a name; neither
// reads outside of the input nor takes long. LLVM's -max_len bounds the input, as web does.
#include "surveillx/vision/image.hpp"

#include <cstdint>
#include <cstdlib>

using namespace surveillx;
using namespace surveillx::vision;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kMaxSide = 256;
  const auto image = Image::from_photo(ByteView(data, size), kMaxSide);
  if (!image) {
    if (image.error().message.empty()) std::abort();
    return 0;
  }
  const frame::Size shown = image->size();
  if (image->empty() || shown.width > kMaxSide || shown.height > kMaxSide) std::abort();
  if (image->native_scale() < 1) std::abort();
  return 0;
}
