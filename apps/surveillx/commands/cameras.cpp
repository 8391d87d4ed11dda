#include "surveillx/net/client.hpp"
#include "surveillx/store/resource_json.hpp"

#include "commands/command.hpp"
#include "commands/run_addresses.hpp"
#include "commands/store_access.hpp"
#include "commands/usage_error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace surveillx::app {
namespace {

/// The pin of the certificate that cameras will see: the configured one or, when there is none,
/// the self-signed one of an earlier `up --public`. Empty without TLS.
std::string pin_of(config::Config config) {
  if (!config.signaling_tls()) config.security.public_ = true;
  const auto tls = config.signaling_tls();
  std::error_code ignored;
  if (!tls || !std::filesystem::exists(tls->certificate, ignored)) return {};
  return must(net::certificate_pin(tls->certificate));
}

/// For other machines to fill in, where we listen on every address.
std::string camera_command(const std::string& server, const std::string& token,
                           const std::string& pin) {
  std::string command = "surveillx camera --server " + server + " --token " + token;
  if (!pin.empty()) command += " --pin " + pin;
  return command;
}

int show(const CommonOptions& common, const StoreAccess& access, const std::string& pin,
         const store::CameraWithToken& camera) {
  if (common.json) {
    auto answer = store::to_json(camera);
    answer["pin"] = nullptr;
    if (!pin.empty()) answer["pin"] = pin;
    std::puts(boost::json::serialize(answer).c_str());
    return kDone;
  }
  // What runs now may have been started with other options than the configuration's (--public,
  // port 0); when nothing runs, the configuration is all there is.
  const auto running = read_running_servers(access.config.data_dir).signaling;
  const std::string url = running ? running->url : access.config.signaling_url();
  const bool tls = url.starts_with("wss://");
  std::printf("Camera %lld, %s\n", static_cast<long long>(camera.camera.number),
              camera.camera.name.c_str());
  std::printf("Token (shown only now): %s\n", camera.token.c_str());
  if (!pin.empty()) std::printf("Certificate pin: %s\n", pin.c_str());
  std::printf("\nStart it with:\n  %s\n",
              camera_command(url, camera.token, tls ? pin : std::string()).c_str());
  if (!tls && !running && !pin.empty()) {
    const std::string port = url.substr(url.rfind(':') + 1);
    std::printf("and, from another machine while `surveillx up --public` runs:\n  %s\n",
                camera_command("wss://THIS_HOST:" + port, camera.token, pin).c_str());
  }
  return kDone;
}

/// By name, or by id.
domain::Camera find(store::Store& store, const std::string& name) {
  if (const auto id = CameraId::parse(name)) {
    auto found = store.cameras.find(*id);
    if (found) return *found;
  }
  auto found = store.cameras.find_by_name(name);
  if (!found && found.error().is(kNotFound)) {
    std::vector<std::string> names;
    for (const auto& camera : must(store.cameras.list())) names.push_back(camera.name);
    const std::string near = did_you_mean(name, names);
    throw Failure(Error{kNotFound,
                        "there is no camera '" + name + "'" +
                            (near.empty() ? "; `surveillx cameras list` names those there are"
                                          : near)});
  }
  return must(std::move(found));
}

int add(const CommonOptions& common, const std::string& name) {
  const auto access = open_store(common);
  // First what may fail: a token that was made and not shown is of no use.
  const std::string pin = pin_of(access.config);
  return show(common, access, pin, must(access.store->cameras.add(name)));
}

int token(const CommonOptions& common, const std::string& name) {
  const auto access = open_store(common);
  const auto camera = find(*access.store, name);
  const std::string pin = pin_of(access.config);
  return show(common, access, pin, must(access.store->cameras.rotate_token(camera.id)));
}

int list(const CommonOptions& common) {
  const auto access = open_store(common);
  const auto cameras = must(access.store->cameras.list());
  if (common.json) {
    boost::json::array all;
    for (const auto& camera : cameras) {
      auto item = store::to_json(camera);
      item["created_at"] = access.zone.format_rfc3339(camera.created_at);
      all.emplace_back(std::move(item));
    }
    std::puts(boost::json::serialize(all).c_str());
    return kDone;
  }
  for (const auto& camera : cameras) {
    std::printf("%4lld  %s  %s\n", static_cast<long long>(camera.number), camera.id.str().c_str(),
                camera.name.c_str());
  }
  if (cameras.empty()) std::puts("There are no cameras; `surveillx cameras add NAME` makes one.");
  return kDone;
}

int remove(const CommonOptions& common, const std::string& name) {
  const auto access = open_store(common);
  const auto camera = find(*access.store, name);
  must(access.store->cameras.remove(camera.id));
  if (!common.json) {
    std::printf("Removed %s; its token is void and its session ends.\n", camera.name.c_str());
  }
  return kDone;
}

}  // namespace

void add_cameras(Registrar& r) {
  CLI::App* cameras = r.subcommand("cameras", "Cameras and their tokens");
  cameras->require_subcommand(1);
  const auto name = std::make_shared<std::string>();
  const auto named = [&](const char* command_name, const char* description, auto action) {
    CLI::App* command = r.subcommand(command_name, description, cameras);
    command->add_option("NAME", *name, "The camera's name")->required();
    r.run(command, [name, action](const CommonOptions& common) { return action(common, *name); });
  };
  named("add", "Add a camera and show its token, the certificate's pin and a command line", add);
  r.run(r.subcommand("list", "List the cameras", cameras), list);
  named("remove", "Remove a camera; its session ends at once", remove);
  named("token", "Give a camera a new token, which voids the old one", token);
}

}  // namespace surveillx::app
