#pragma once

#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace surveillx::bench {

/// A clip of encoded VP8 frames in the IVF container, whole in memory.
struct Clip {
  int width = 0;
  int height = 0;
  std::vector<std::vector<std::uint8_t>> frames;
};

inline void put_little(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

inline std::uint64_t get_little(const std::uint8_t* in, int bytes) {
  std::uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) value = (value << 8) | in[i];
  return value;
}

inline void write_ivf(const std::string& path, const Clip& clip) {
  std::string out = "DKIF";
  put_little(out, 0, 2);
  put_little(out, 32, 2);
  out += "VP80";
  put_little(out, static_cast<std::uint64_t>(clip.width), 2);
  put_little(out, static_cast<std::uint64_t>(clip.height), 2);
  put_little(out, 30, 4);
  put_little(out, 1, 4);
  put_little(out, clip.frames.size(), 4);
  put_little(out, 0, 4);
  std::uint64_t index = 0;
  for (const auto& frame : clip.frames) {
    put_little(out, frame.size(), 4);
    put_little(out, index++, 8);
    out.append(reinterpret_cast<const char*>(frame.data()), frame.size());
  }
  std::ofstream file(path, std::ios::binary);
  file << out;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

inline Clip read_ivf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<std::uint8_t> data{std::istreambuf_iterator<char>(file), {}};
  if (data.size() < 32) throw std::runtime_error("not an IVF file: " + path);
  Clip clip;
  clip.width = static_cast<int>(get_little(&data[12], 2));
  clip.height = static_cast<int>(get_little(&data[14], 2));
  std::size_t at = 32;
  while (at + 12 <= data.size()) {
    const auto size = get_little(&data[at], 4);
    at += 12;
    if (at + size > data.size()) break;
    clip.frames.emplace_back(data.begin() + static_cast<std::ptrdiff_t>(at),
                             data.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  }
  return clip;
}

}  // namespace surveillx::bench
