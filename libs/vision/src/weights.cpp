#include "surveillx/vision/weights.hpp"

#include "surveillx/base/bytes.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace surveillx::vision {
namespace fs = std::filesystem;

std::vector<fs::path> model_folders(const fs::path& given, const fs::path& data_folder) {
  std::vector<fs::path> folders;
  const auto add = [&](const fs::path& folder) {
    std::error_code ignored;
    if (!folder.empty() && fs::is_directory(folder, ignored)) folders.push_back(folder);
  };
  add(given);
  if (const char* set = std::getenv("SURVEILLX_MODELS")) add(set);
  if (!data_folder.empty()) {
    add(data_folder / "models");
    add(data_folder);
  }
  return folders;
}

std::optional<fs::path> find_weights(const ModelManifest& model,
                                     const std::vector<fs::path>& folders) {
  if (model.file.empty()) return std::nullopt;
  for (const fs::path& folder : folders) {
    std::error_code ignored;
    if (fs::is_regular_file(folder / model.file, ignored)) return folder / model.file;
  }
  return std::nullopt;
}

Result<std::string> sha256_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{kIo, "cannot read " + file.string()};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(),
                                                                     EVP_MD_CTX_free);
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1) {
    return Error{kInternal, "OpenSSL has no SHA-256"};
  }
  std::array<char, 65536> block{};
  while (in.read(block.data(), block.size()) || in.gcount() > 0) {
    EVP_DigestUpdate(hash.get(), block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return Error{kIo, "cannot read " + file.string()};
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(hash.get(), digest.data(), &size);
  return hex_encode(ByteView(digest.data(), size));
}

Result<fs::path> verify_weights(const ModelManifest& model, const fs::path& file) {
  if (model.sha256.empty()) return file;
  const auto found = sha256_of(file);
  if (!found) return found.error();
  if (*found != model.sha256) {
    return Error{kModelDamaged, file.string() + " is not the known " + model.file +
                                    " (its SHA-256 differs); remove it and run `surveillx models "
                                    "fetch`"};
  }
  return file;
}

}  // namespace surveillx::vision
