// A Socket.IO client for tests: prints what it hears as JSON lines, and emits what it reads on
// standard input, a JSON array `["event", argument...]` a line. An argument `{"$base64": "..."}` is
// sent as binary. A line `["$ack", "event", argument...]` asks for an acknowledgement. Ends,
// politely, with its input.
#include "surveillx/base/log.hpp"
#include "surveillx/socketio/client.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <iostream>
#include <mutex>
#include <string>
#include <utility>

namespace {

using namespace surveillx;
namespace json = boost::json;

void print(const json::object& line) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::cout << json::serialize(line) << std::endl;
}

json::array readable(const socketio::Arguments& arguments) {
  json::array out;
  for (const json::value& value : arguments.args) {
    const SharedBytes* bytes = socketio::attachment(arguments, value);
    out.push_back(bytes ? json::object{{"$base64", base64_encode(bytes->view())}} : value);
  }
  return out;
}

socketio::Arguments sendable(const json::array& values, std::size_t first) {
  socketio::Arguments arguments;
  for (std::size_t i = first; i < values.size(); ++i) {
    const json::object* object = values[i].if_object();
    const json::value* bytes = object ? object->if_contains("$base64") : nullptr;
    if (bytes != nullptr) {
      const std::string text(bytes->as_string());
      arguments.args.push_back(
          socketio::attach(arguments, SharedBytes(base64_decode(text).value())));
    } else {
      arguments.args.push_back(values[i]);
    }
  }
  return arguments;
}

void send(socketio::Client& client, const json::array& line) {
  std::string event(line.at(0).as_string());
  if (event == "$ack") {
    event = line.at(1).as_string();
    return client.emit_with_ack(
        event, sendable(line, 2), std::chrono::seconds(20),
        [](const std::optional<socketio::Arguments>& answer) {
          print({{"ack", answer ? json::value(readable(*answer)) : json::value(nullptr)}});
        });
  }
  if (!client.emit(event, sendable(line, 1))) print({{"dropped", event}});
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A Socket.IO client for tests"};
  socketio::ClientOptions options;
  std::string auth = "{}";
  options.reconnect_min = std::chrono::milliseconds(50);
  options.reconnect_max = std::chrono::milliseconds(400);
  app.add_option("--url", options.url, "http[s]://HOST:PORT")->required();
  app.add_option("--namespace", options.name_space, "Namespace to join")->capture_default_str();
  app.add_option("--auth", auth, "JSON object for the CONNECT")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.auth = json::parse(auth).as_object();
  std::signal(SIGPIPE, SIG_IGN);

  net::EventLoop loop;
  const auto client = socketio::Client::create(loop, options);
  client->on_connect = [&] { print({{"connected", client->transport()}}); };
  client->on_disconnect = [](const std::string& reason) { print({{"disconnected", reason}}); };
  client->on_refused = [](const std::string& message) { print({{"refused", message}}); };
  client->on_event_with_ack = [](std::string_view event, const socketio::Arguments& arguments,
                                 const socketio::Client::Ack& ack) {
    print({{"event", event}, {"args", readable(arguments)}});
    if (ack) ack(arguments);
  };
  loop.start("probe");
  loop.run_sync([&] { client->start(); });
  for (std::string line; std::getline(std::cin, line);) {
    loop.run_sync([&] { send(*client, json::parse(line).as_array()); });
  }
  loop.run_sync([&] { client->stop(); });
  loop.stop();
  return 0;
}
