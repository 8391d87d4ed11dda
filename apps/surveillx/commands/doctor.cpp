#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "commands/command.hpp"
#include "commands/load_config.hpp"
#include "commands/repair_clock.hpp"
#include "commands/run_addresses.hpp"
#include "commands/turn_check.hpp"
#include "surveillx/attendance/time_zone.hpp"
#include "surveillx/ice/local_addresses.hpp"
#include "surveillx/net/certificate.hpp"
#include "surveillx/net/port_reservation.hpp"
#include "surveillx/net/http_server.hpp"
#include "surveillx/setup/database.hpp"
#include "surveillx/setup/engine.hpp"
#include "surveillx/setup/keys.hpp"
#include "surveillx/store/store.hpp"
#include "surveillx/vision/engine.hpp"
#include "surveillx/webrtc/peer_session.hpp"

namespace surveillx::app {
namespace {

/// What a check found: a sentence when it is well, the fix when it is not.
using Check = std::function<Result<std::string>()>;

struct Named {
  const char* name;
  Check check;
};

/// A port that our own running server has is as well as a free one.
Result<std::string> check_port(const std::string& address,
                               const std::optional<RunningServer>& running) {
  if (running) {
    return "SurveillX is running at " + running->url + " (process " +
           std::to_string(running->pid) + ")";
  }
  auto reservation = net::PortReservation::take(address);
  if (reservation) return address + " is free";
  if (reservation.error().is(net::kPortInUse)) {
    return Error{net::kPortInUse,
                 address + " is in use, and not by a SurveillX with this data directory: stop the "
                           "other program or set another port"};
  }
  return reservation.error();
}

Result<std::string> check_certificate(const std::optional<config::Tls>& tls) {
  if (!tls) return std::string("none: plain TCP");
  std::error_code ignored;
  if (tls->self_signed && !std::filesystem::exists(tls->certificate, ignored)) {
    return std::string("self-signed, made at the first start");
  }
  if (auto pair = net::check_certificate_pair({tls->certificate, tls->key}); !pair) {
    return pair.error();
  }
  auto info = net::read_certificate_info(tls->certificate);
  if (!info) return info.error();
  const auto days = info->days_left(system_clock().now());
  const std::string text = std::to_string(days) + " days left, pin " + info->pin + ", in " +
                           tls->certificate;
  if (days > net::kCertificateWarningDays || (tls->self_signed && days >= 0)) return text;
  return Error{net::kBadCertificate,
               days < 0 ? "it has expired: renew " + tls->certificate
                        : text + ": renew it; a running server takes the new one by itself"};
}

Result<std::string> check_models(const config::Config& config) {
  auto engine = vision::Engine::open(setup::command_engine_options(config));
  if (!engine) return engine.error();
  const auto& info = (*engine)->info();
  return info.name + ", model " + info.model + (info.notice.empty() ? "" : ": " + info.notice);
}

Result<std::string> check_database(const config::Config& config) {
  auto keys = setup::load_keys(config);
  if (!keys) return keys.error();
  auto store = store::Store::open(setup::database_options(config), *keys);
  if (!store) return store.error();
  return (*store)->database().describe() + ", schema " +
         std::to_string(store::Database::current_schema_version());
}

Result<std::string> check_zone(const config::Config& config) {
  auto zone = attendance::TimeZone::find(config.attendance.timezone);
  if (!zone) return zone.error();
  const auto now = system_clock().now();
  // Before this program was written: the clock is not set, and days would be wrong.
  if (now < from_millis(1'767'225'600'000)) {
    return Error{kInvalidArgument, "the clock says " + zone->format_rfc3339(now) +
                                       ": set it (for example with systemd-timesyncd)"};
  }
  // Without a database there is a line of its own about that.
  if (const auto keys = setup::load_keys(config)) {
    if (const auto store = store::Store::open(setup::database_options(config), *keys)) {
      if (auto right = check_clock(**store); !right) return right.error();
    }
  }
  return zone->format_rfc3339(now) + " in " + zone->name();
}

Result<std::string> check_addresses(const config::Config& config) {
  if (auto checked = ice::check_local_addresses(config.ice.local_addresses); !checked) {
    return checked.error();
  }
  std::string all;
  for (const auto& one : ice::addresses_to_announce(config.ice.local_addresses)) {
    all += (all.empty() ? "" : ", ") + one;
  }
  return "cameras are offered " + all;
}

Result<std::string> check_plugins() {
  auto warm = webrtc::warm_up();
  if (!warm) return warm.error();
  return std::string("every GStreamer plugin that is needed is there");
}

int doctor(const CommonOptions& common) {
  const config::Config config = load_config(common);
  const RunningServers running = read_running_servers(config.data_dir);
  const Named checks[] = {
      {"plugins", check_plugins},
      {"models", [&] { return check_models(config); }},
      {"database", [&] { return check_database(config); }},
      {"web port", [&] { return check_port(config.web.listen, running.web); }},
      {"signalling port", [&] { return check_port(config.signaling.listen, running.signaling); }},
      {"web certificate", [&] { return check_certificate(config.web_tls()); }},
      {"signalling certificate", [&] { return check_certificate(config.signaling_tls()); }},
      {"media addresses", [&] { return check_addresses(config); }},
      {"STUN and TURN", [&] { return check_turn_servers(config.ice); }},
      {"clock and time zone", [&] { return check_zone(config); }},
  };
  bool all_well = true;
  boost::json::array list;
  for (const Named& one : checks) {
    const auto found = one.check();
    all_well = all_well && found.has_value();
    const std::string text = found ? *found : found.error().message;
    if (common.json) {
      list.push_back({{"check", one.name}, {"ok", found.has_value()}, {"detail", text}});
    } else {
      std::printf("%-4s %-20s %s\n", found ? "ok" : "FIX", one.name, text.c_str());
    }
  }
  if (common.json) std::puts(boost::json::serialize(list).c_str());
  return all_well ? kDone : kFailed;
}

}  // namespace

void add_doctor(Registrar& r) {
  CLI::App* command =
      r.subcommand("doctor", "Check plugins, models, database, ports, certificates, TURN and clock, and say the fix");
  r.models_option(command);
  r.run(command, doctor);
}

}  // namespace surveillx::app
