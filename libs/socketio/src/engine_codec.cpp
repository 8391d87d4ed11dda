#include "engine_codec.hpp"

#include <boost/json.hpp>

#include <utility>

namespace surveillx::socketio {

namespace json = boost::json;

namespace {

// Timers beyond this are a broken peer, not a setting.
constexpr std::int64_t kLongestTimer = std::chrono::milliseconds(std::chrono::hours(1)).count();

Result<std::int64_t> positive_number(const json::object& from, const char* key) {
  const json::value* found = from.if_contains(key);
  if (found == nullptr) return Error{kBadPacket, std::string("the open packet has no ") + key};
  boost::system::error_code failed;
  const auto number = found->to_number<std::int64_t>(failed);
  if (failed || number <= 0) {
    return Error{kBadPacket, std::string("the open packet has a bad ") + key};
  }
  return number;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t more = 0;
    // The second byte's range is what excludes overlong forms, surrogates and values above 10FFFF.
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (text.size() - i <= more) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next < low || next > high) return false;
      low = 0x80;
      high = 0xbf;
    }
    i += more + 1;
  }
  return true;
}

Result<EnginePacket> decode_packet(std::string_view text) {
  if (text.empty()) return Error{kBadPacket, "an empty packet"};
  const char type = text.front();
  EnginePacket packet;
  if (type == 'b') {
    auto decoded = base64_decode(text.substr(1));
    if (decoded.has_error()) return Error{kBadPacket, "binary data that is not base64"};
    packet.type = EngineType::message;
    packet.is_binary = true;
    packet.binary = SharedBytes(std::move(decoded.value()));
    return packet;
  }
  if (type < '0' || type > '6') return Error{kBadPacket, "an unknown packet type"};
  packet.type = static_cast<EngineType>(type);
  packet.text = text.substr(1);
  return packet;
}

Result<std::vector<EnginePacket>> decode_payload(std::string_view body) {
  if (!is_utf8(body)) return Error{kBadPacket, "a payload that is not UTF-8"};
  std::vector<EnginePacket> packets;
  while (true) {
    const std::size_t end = body.find(kSeparator);
    auto packet = decode_packet(body.substr(0, end));
    if (packet.has_error()) return packet.error();
    if (packets.size() == kMaxPacketsReceived) {
      return Error{kBadPacket, "too many packets in a payload"};
    }
    packets.push_back(std::move(packet.value()));
    if (end == std::string_view::npos) return packets;
    body.remove_prefix(end + 1);
  }
}

std::string encode_base64_packet(ByteView data) {
  std::string out = "b";
  out += base64_encode(data);
  return out;
}

std::string encode_open(const OpenInfo& info) {
  json::array upgrades;
  for (const std::string& name : info.upgrades) upgrades.emplace_back(name);
  const json::object open{{"sid", info.sid},
                          {"upgrades", std::move(upgrades)},
                          {"pingInterval", info.ping_interval.count()},
                          {"pingTimeout", info.ping_timeout.count()},
                          {"maxPayload", info.max_payload}};
  return "0" + json::serialize(open);
}

Result<OpenInfo> decode_open(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(text, failed);
  const json::object* object = failed ? nullptr : value.if_object();
  if (object == nullptr) return Error{kBadPacket, "the open packet holds no JSON object"};
  const json::value* sid = object->if_contains("sid");
  if (sid == nullptr || !sid->is_string() || sid->get_string().empty()) {
    return Error{kBadPacket, "the open packet has no sid"};
  }
  OpenInfo info;
  info.sid = sid->get_string();
  if (const json::value* upgrades = object->if_contains("upgrades")) {
    const json::array* names = upgrades->if_array();
    if (names == nullptr) return Error{kBadPacket, "the open packet has bad upgrades"};
    for (const json::value& name : *names) {
      if (name.is_string()) info.upgrades.emplace_back(name.get_string());
    }
  }
  const auto interval = positive_number(*object, "pingInterval");
  if (interval.has_error()) return interval.error();
  const auto timeout = positive_number(*object, "pingTimeout");
  if (timeout.has_error()) return timeout.error();
  if (interval.value() > kLongestTimer || timeout.value() > kLongestTimer) {
    return Error{kBadPacket, "the open packet has a timer of more than an hour"};
  }
  info.ping_interval = std::chrono::milliseconds(interval.value());
  info.ping_timeout = std::chrono::milliseconds(timeout.value());
  if (object->contains("maxPayload")) {
    const auto limit = positive_number(*object, "maxPayload");
    if (limit.has_error()) return limit.error();
    info.max_payload = static_cast<std::size_t>(limit.value());
  }
  return info;
}

}  // namespace surveillx::socketio
