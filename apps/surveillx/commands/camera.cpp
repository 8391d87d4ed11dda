#include "surveillx/base/log.hpp"
#include "surveillx/base/log_background.hpp"
#include "surveillx/camera/publisher.hpp"

#include "commands/command.hpp"
#include "commands/wiring.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <unistd.h>

namespace surveillx::app {
namespace {

struct CameraOptions {
  std::string server;
  std::string token;
  std::string token_file;
  std::string name;
  std::string source = "demo";
  std::string codec = "vp8";
  std::string size;
  int fps = 0;
  int bitrate = 0;
  std::string ice_policy = "all";
  std::vector<std::string> ice_servers;
  std::string ca_file;
  std::string pin;
  std::string pin_file;
};

std::string read_token_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Failure(Error{kIo, "the token file '" + path + "' cannot be read"});
  std::string token{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  constexpr const char* kSpace = " \t\r\n";
  token.erase(0, token.find_first_not_of(kSpace));
  token.erase(token.find_last_not_of(kSpace) + 1);
  return token;
}

std::string find_token(const CameraOptions& o) {
  if (!o.token.empty()) return o.token;
  if (!o.token_file.empty()) return read_token_file(o.token_file);
  const char* const token = std::getenv("SURVEILLX_CAMERA_TOKEN");
  return token == nullptr ? "" : token;
}

/// Throws a Failure for what is wrong with the options.
camera::PublisherOptions publisher_options(const CameraOptions& o) {
  camera::PublisherOptions out;
  out.server = o.server;
  out.token = find_token(o);
  out.name = o.name;
  out.source = must(camera::parse_source(o.source));
  if (!o.size.empty()) out.format.size = must(camera::parse_size(o.size));
  if (o.fps != 0) out.format.fps = o.fps;
  out.codec = o.codec == "h264" ? camera::Codec::h264 : camera::Codec::vp8;
  out.bitrate_kbps = o.bitrate;
  out.ice_policy = o.ice_policy == "relay" ? camera::IcePolicy::relay : camera::IcePolicy::all;
  for (const std::string& url : o.ice_servers) {
    out.ice_servers.push_back(must(ice::parse_server(url)));
  }
  out.trust.ca_file = o.ca_file;
  out.trust.pin_sha256 = o.pin;
  out.trust.certificate_file = o.pin_file;
  return out;
}

void print_state(bool json, camera::PublisherState state, const std::string& detail) {
  const std::string name(camera::to_string(state));
  if (json) {
    const boost::json::object line{{"state", name}, {"detail", detail}};
    std::printf("%s\n", boost::json::serialize(line).c_str());
  } else {
    std::printf("%s%s%s\n", name.c_str(), detail.empty() ? "" : ": ", detail.c_str());
  }
  std::fflush(stdout);
}

int publish(const CameraOptions& o, const CommonOptions& common) {
  log::set_process("camera");
  const log::Background logging;
  // What is printed tells the same to people; the log says more when it is asked to.
  if (!common.log_level) log::set_level(log::Level::warn);
  const StopSignal stop;  // Before any thread starts, so that none of them gets the signals.

  struct Ending {
    std::mutex mutex;
    std::optional<Error> error;
  };
  const auto ending = std::make_shared<Ending>();
  camera::Publisher::Events events;
  events.on_state = [json = common.json](camera::PublisherState state, const std::string& detail) {
    print_state(json, state, detail);
  };
  events.on_finished = [ending](const Error& error) {
    {
      const std::lock_guard lock(ending->mutex);
      ending->error = error;
    }
    // To the process, not to this thread: `stop` waits on the main one.
    kill(getpid(), SIGTERM);
  };
  const auto publisher = must(camera::Publisher::start(publisher_options(o), std::move(events)));
  stop.wait();
  publisher->stop();
  const std::lock_guard lock(ending->mutex);
  return ending->error ? fail(*ending->error) : kDone;
}

}  // namespace

void add_camera(Registrar& r) {
  CLI::App* command = r.subcommand("camera", "Publish a camera to a server");
  const auto o = std::make_shared<CameraOptions>();
  command->add_option("--server", o->server, "ws[s]://HOST:8443")->required();
  auto* token = command->add_option("--token", o->token, "The camera's token");
  command
      ->add_option("--token-file", o->token_file,
                   "File with the token (default: $SURVEILLX_CAMERA_TOKEN)")
      ->excludes(token)
      ->type_name("FILE");
  command->add_option("--name", o->name, "What the server may call this client");
  command->add_option("--source", o->source, "demo, test, file:PATH, device or device:N")
      ->capture_default_str();
  command->add_option("--codec", o->codec, "vp8 or h264")
      ->check(CLI::IsMember({"vp8", "h264"}))
      ->capture_default_str();
  command->add_option("--size", o->size, "WIDTHxHEIGHT (default: 1280x720; a file's own)");
  command->add_option("--fps", o->fps, "Pictures a second (default: 30; a file's own)")
      ->check(CLI::Range(1, 120));
  command->add_option("--bitrate", o->bitrate, "kbit/s (default: by the size, 2500 at 1280x720)")
      ->check(CLI::Range(50, 50'000));
  command->add_option("--ice-policy", o->ice_policy, "all, or relay: only through TURN")
      ->check(CLI::IsMember({"all", "relay"}))
      ->capture_default_str();
  command->add_option("--ice-server", o->ice_servers,
                      "stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT?transport=udp, besides those "
                      "the server names");
  auto* ca =
      command->add_option("--ca", o->ca_file, "Authorities to trust, PEM")->type_name("FILE");
  auto* pin = command
                  ->add_option("--pin", o->pin,
                               "SHA-256 of the server's public key, as cameras add prints it")
                  ->excludes(ca);
  command
      ->add_option("--pin-file", o->pin_file,
                   "A copy of the server's certificate, PEM: its public key is the pin")
      ->excludes(ca)
      ->excludes(pin)
      ->type_name("FILE");
  r.run(command, [o](const CommonOptions& common) {
    try {
      return publish(*o, common);
    } catch (const Failure& failure) {
      fail(failure.error());
      return failure.error().is(kInvalidArgument) ? kWrongUse : kFailed;
    }
  });
}

}  // namespace surveillx::app
