// A stand-in for media under load: many sightings a second through the real outbox and the real
// drainer into the real database, beside readers that keep several connections busy. Every line is
// written at once, so that what was said stays said when the process is killed:
//   try UUID    about to be appended
//   kept UUID   appended: on disk, and so never to be lost
//   done UUID   committed to the database
//   failed TEXT a sighting that the outbox refused
// usage: sighting_driver --data DIR --outbox FILE [--url URL] [--rate N] [--drain]
// With --drain it only delivers what waits and ends. SIGTERM ends it like a server.

#include "surveillx/store/outbox_drainer.hpp"
#include "surveillx/store/store.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace surveillx;  // NOLINT: a test program.
using namespace std::chrono_literals;

void say(const std::string& what, const std::string& detail) {
  const std::string line = what + " " + detail + "\n";
  // One write a line: a pipe takes it whole.
  if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
}

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool flag = name == "--drain" || i + 1 >= argc;
    arguments[name] = flag ? "yes" : argv[++i];
  }
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  const std::filesystem::path data = arguments["--data"];
  store::DatabaseOptions options;
  options.url = arguments["--url"];
  options.data_dir = data;
  const auto keys = must(crypto::KeyRing::load((data / "keys" / "master.key").string()));
  const auto zone = attendance::TimeZone::utc();
  const auto outbox = must(store::Outbox::open(arguments["--outbox"]));

  // While the database is away the outbox fills; it is drained once the database is back.
  std::shared_ptr<store::Store> database;
  std::atomic<bool> stopping = false;
  const auto stop_requested = [&] {
    const timespec now{};
    stopping = stopping || sigtimedwait(&stop_signals, nullptr, &now) == SIGTERM;
    return stopping.load();
  };
  while (!database && !stop_requested()) {
    if (auto opened = store::Store::open(options, keys)) {
      database = *opened;
    } else {
      std::this_thread::sleep_for(50ms);
    }
  }
  if (!database) return 0;

  std::vector<PersonId> people;
  while (people.empty() && !stop_requested()) {
    if (auto page = database->people.list({.search = "", .group = "seen", .limit = 500, .cursor = ""})) {
      for (const auto& summary : page->people) people.push_back(summary.person.id);
    }
    if (people.empty()) std::this_thread::sleep_for(50ms);
  }
  if (people.empty()) return 0;

  store::OutboxDrainer drainer(
      outbox, database->attendance, zone,
      [](const domain::Sighting& sighting, const store::Delivery&) {
        say("done", sighting.id.str());
      });
  drainer.start();
  say("ready", std::to_string(::getpid()));

  if (arguments.contains("--drain")) {
    drainer.notify();
    while (outbox->size() > 0 && !stop_requested()) std::this_thread::sleep_for(20ms);
    return 0;
  }

  // The pool's other connections, as web's and media's polling keeps them open.
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stopping) {
        (void)database->revision.current();
        (void)database->cameras.token_hashes();
        std::this_thread::sleep_for(5ms);
      }
    });
  }
  const int rate = arguments.contains("--rate") ? std::stoi(arguments["--rate"]) : 100;
  const auto camera = CameraId::random();
  for (std::size_t n = 0; !stop_requested(); ++n) {
    const domain::Sighting sighting{.id = SightingId::random(),
                                    .person_id = people[n % people.size()],
                                    .camera_id = camera,
                                    .at = system_clock().now(),
                                    .kind = domain::SightingKind::periodic,
                                    .confidence = 0.9,
                                    .distance = 0.1,
                                    .model = "driver"};
    const Bytes snapshot = store::seal_snapshot(keys, sighting.id, Bytes(2000, 7));
    say("try", sighting.id.str());
    if (const auto kept = outbox->append(sighting, snapshot); kept) {
      say("kept", sighting.id.str());
      drainer.notify();
    } else {
      say("failed", kept.error().message);
    }
    std::this_thread::sleep_for(1000ms / std::max(1, rate));
  }
  readers.clear();
  drainer.stop();
  return 0;
}
