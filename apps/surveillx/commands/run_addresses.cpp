#include "commands/run_addresses.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "surveillx/base/error.hpp"
#include "surveillx/base/log.hpp"

namespace surveillx::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// When a process started, in the kernel's ticks: with the pid it names one process for good. 0 for
/// one that has ended.
std::int64_t start_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // proc(5): the second field, in parentheses, may hold anything; the third is the state and the
  // 22nd the start.
  const auto end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string state;
  fields >> state;
  std::string field;
  for (int i = 4; i < 22; ++i) fields >> field;
  std::int64_t start = 0;
  fields >> start;
  return fields && state != "Z" && state != "X" ? start : 0;
}

class Folder {
 public:
  explicit Folder(const std::string& data_dir) : path_(fs::path(data_dir) / "run") {
    std::error_code ignored;
    fs::create_directories(path_, ignored);
    lock_ = open((path_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ >= 0) flock(lock_, LOCK_EX);
  }
  ~Folder() {
    if (lock_ >= 0) close(lock_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] bool write(const json::object& entries) const {
    std::error_code code;
    if (entries.empty()) {
      fs::remove(file(), code);
      return !code;
    }
    const fs::path fresh = path_ / "addresses.json.new";
    {
      std::ofstream out(fresh, std::ios::trunc);
      out << json::serialize(entries) << '\n';
      out.flush();
      if (!out) return false;
    }
    fs::rename(fresh, file(), code);
    return !code;
  }
  [[nodiscard]] fs::path file() const { return path_ / "addresses.json"; }

 private:
  fs::path path_;
  int lock_ = -1;
};

/// The entries whose processes live.
json::object read_entries(const fs::path& file) {
  std::ifstream in(file);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  boost::system::error_code code;
  const json::value parsed = json::parse(text, code);
  json::object living;
  if (code || !parsed.is_object()) return living;
  for (const auto& member : parsed.get_object()) {
    const auto* entry = member.value().if_object();
    if (entry == nullptr) continue;
    const auto* url = entry->if_contains("url");
    const auto* pid = entry->if_contains("pid");
    const auto* started = entry->if_contains("started");
    if (url == nullptr || !url->is_string() || pid == nullptr || !pid->is_int64()) continue;
    const std::int64_t start = start_of(static_cast<pid_t>(pid->get_int64()));
    if (start == 0 || started == nullptr || !started->is_int64()) continue;
    if (started->get_int64() == start) living.emplace(member.key(), member.value());
  }
  return living;
}

std::optional<RunningServer> server_of(const json::object& entries, std::string_view name) {
  const auto* value = entries.if_contains(name);
  if (value == nullptr) return std::nullopt;
  const auto& entry = value->get_object();
  const auto& url = entry.at("url").get_string();
  return RunningServer{std::string(url.data(), url.size()),
                       static_cast<pid_t>(entry.at("pid").get_int64())};
}

}  // namespace

void print_ready_line(const std::string& name, const std::string& url) {
  std::puts(json::serialize(json::object{{name, url}}).c_str());
  std::fflush(stdout);
}

RunningServers read_running_servers(const std::string& data_dir) {
  const auto entries = read_entries(fs::path(data_dir) / "run" / "addresses.json");
  return {server_of(entries, "web"), server_of(entries, "signaling")};
}

void clear_running_servers(const std::string& data_dir) {
  const Folder folder(data_dir);
  (void)folder.write({});
}

AddressEntry::AddressEntry(const std::string& data_dir, std::string name, const std::string& url)
    : data_dir_(data_dir), name_(std::move(name)) {
  const Folder folder(data_dir_);
  auto entries = read_entries(folder.file());
  entries[name_] = {{"url", url}, {"pid", getpid()}, {"started", start_of(getpid())}};
  if (!folder.write(entries)) {
    throw Failure(Error{kIo, "cannot write " + folder.file().string() + ": is the folder yours?"});
  }
}

AddressEntry::~AddressEntry() {
  try {
    const Folder folder(data_dir_);
    auto entries = read_entries(folder.file());
    const auto own = server_of(entries, name_);
    if (!own || own->pid != getpid()) return;  // A newer process has put its own there.
    entries.erase(name_);
    (void)folder.write(entries);
  } catch (const std::exception& e) {
    log::warn("run.addresses_not_removed", {{"error", e.what()}});
  }
}

}  // namespace surveillx::app
