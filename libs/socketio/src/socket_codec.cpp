#include "socket_codec.hpp"

#include "engine_codec.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace surveillx::socketio {

namespace json = boost::json;

namespace {

// Ids are JavaScript numbers at the other side: 15 digits stay exact.
constexpr std::size_t kMaxIdDigits = 15;

constexpr std::array<std::string_view, 6> kReservedEvents{
    "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

Error bad(const char* what) { return Error{kBadPacket, what}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes the digits at the front of `text`; nothing when there is none or there are too many.
std::optional<std::uint64_t> take_number(std::string_view& text, std::size_t max_digits) {
  std::size_t digits = 0;
  std::uint64_t number = 0;
  while (digits < text.size() && is_digit(text[digits])) {
    if (digits == max_digits) return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(text[digits] - '0');
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return number;
}

/// Every placeholder has to name an attachment that the header announced.
bool placeholders_valid(const json::value& value, std::size_t attachments) {
  if (const json::array* array = value.if_array()) {
    return std::all_of(array->begin(), array->end(), [&](const json::value& item) {
      return placeholders_valid(item, attachments);
    });
  }
  const json::object* object = value.if_object();
  if (object == nullptr) return true;
  if (const json::value* mark = object->if_contains("_placeholder");
      mark != nullptr && mark->is_bool() && mark->get_bool()) {
    const json::value* number = object->if_contains("num");
    if (number == nullptr) return false;
    boost::system::error_code failed;
    const auto index = number->to_number<std::uint64_t>(failed);
    return !failed && index < attachments;
  }
  return std::all_of(object->begin(), object->end(), [&](const json::key_value_pair& item) {
    return placeholders_valid(item.value(), attachments);
  });
}

/// Moves the name out of an event's payload, which must be a non-empty array.
Result<void> take_event(SocketPacket& packet, json::array payload) {
  if (payload.empty()) return bad("an event without a name");
  const json::value& name = payload.front();
  if (name.is_string()) {
    packet.event = name.get_string();
    if (std::find(kReservedEvents.begin(), kReservedEvents.end(), packet.event) !=
        kReservedEvents.end()) {
      return bad("an event with a reserved name");
    }
  } else if (name.is_number()) {
    packet.event = json::serialize(name);
  } else {
    return bad("an event whose name is neither text nor a number");
  }
  payload.erase(payload.begin());
  packet.arguments.args = std::move(payload);
  return {};
}

Result<void> take_payload(SocketPacket& packet, std::string_view text) {
  if (packet.type == SocketType::disconnect) {
    if (!text.empty()) return bad("a DISCONNECT with a payload");
    return {};
  }
  if (packet.type == SocketType::connect && text.empty()) return {};
  if (text.empty()) return bad("a packet without its payload");

  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::value payload = json::parse(text, failed, {}, options);
  if (failed) return bad("a payload that is not JSON");
  switch (packet.type) {
    case SocketType::connect:
      if (!payload.is_object()) return bad("a CONNECT whose payload is no object");
      packet.data = std::move(payload);
      return {};
    case SocketType::connect_error:
      if (!payload.is_object() && !payload.is_string()) return bad("a bad CONNECT_ERROR");
      packet.data = std::move(payload);
      return {};
    default:
      break;
  }
  if (!payload.is_array()) return bad("a payload that is no array");
  if ((packet.type == SocketType::binary_event || packet.type == SocketType::binary_ack) &&
      !placeholders_valid(payload, packet.expected)) {
    return bad("a placeholder without its attachment");
  }
  if (packet.type == SocketType::event || packet.type == SocketType::binary_event) {
    packet.type = SocketType::event;
    return take_event(packet, std::move(payload.get_array()));
  }
  packet.type = SocketType::ack;
  packet.arguments.args = std::move(payload.get_array());
  return {};
}

void append_arguments(std::string& out, const Arguments& arguments, bool first) {
  for (const json::value& value : arguments.args) {
    if (!first) out += ',';
    first = false;
    out += json::serialize(value);
  }
  out += ']';
}

}  // namespace

Result<SocketPacket> parse_packet(std::string_view text) {
  if (text.empty() || text.front() < '0' || text.front() > '6') return bad("an unknown type");
  SocketPacket packet;
  packet.type = static_cast<SocketType>(text.front());
  text.remove_prefix(1);

  if (packet.type == SocketType::binary_event || packet.type == SocketType::binary_ack) {
    const auto count = take_number(text, 3);
    if (!count || text.empty() || text.front() != '-') return bad("a bad attachment count");
    if (*count > kMaxAttachments) return bad("too many attachments");
    packet.expected = static_cast<std::size_t>(*count);
    text.remove_prefix(1);
  }
  if (!text.empty() && text.front() == '/') {
    const std::size_t end = text.find(',');
    const std::string_view name = text.substr(0, end);
    if (name.size() > kMaxNamespaceLength) return bad("a namespace that is too long");
    // A control character in a name that is echoed could end a packet of a polling payload.
    if (std::any_of(name.begin(), name.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20; })) {
      return bad("a namespace with control characters");
    }
    packet.name_space = name;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (!text.empty() && is_digit(text.front())) {
    packet.id = take_number(text, kMaxIdDigits);
    if (!packet.id) return bad("a bad acknowledgement id");
  }
  const bool is_ack = packet.type == SocketType::ack || packet.type == SocketType::binary_ack;
  if (is_ack && !packet.id) return bad("an acknowledgement without an id");
  auto taken = take_payload(packet, text);
  if (taken.has_error()) return taken.error();
  return packet;
}

Result<std::optional<SocketPacket>> Assembler::add_text(std::string_view text) {
  if (waiting_) return bad("text where an attachment was due");
  auto packet = parse_packet(text);
  if (packet.has_error()) return packet.error();
  if (packet->expected == 0) return std::optional<SocketPacket>(std::move(packet.value()));
  waiting_ = std::move(packet.value());
  bytes_ = 0;
  return std::optional<SocketPacket>();
}

Result<std::optional<SocketPacket>> Assembler::add_binary(SharedBytes bytes) {
  if (!waiting_) return bad("an attachment that no packet announced");
  if (bytes.size() > max_bytes_ - bytes_) return bad("attachments that are too large together");
  bytes_ += bytes.size();
  waiting_->arguments.attachments.push_back(std::move(bytes));
  if (waiting_->arguments.attachments.size() < waiting_->expected) {
    return std::optional<SocketPacket>();
  }
  return std::exchange(waiting_, std::nullopt);
}

std::string encode_header(SocketType type, std::size_t attachments, std::string_view name_space,
                          std::optional<std::uint64_t> id) {
  std::string out(1, static_cast<char>(type));
  if (type == SocketType::binary_event || type == SocketType::binary_ack) {
    out += std::to_string(attachments);
    out += '-';
  }
  if (name_space != "/") {
    out += name_space;
    out += ',';
  }
  if (id) out += std::to_string(*id);
  return out;
}

std::string encode_connect(std::string_view name_space, const json::object* payload) {
  std::string out = encode_header(SocketType::connect, 0, name_space, std::nullopt);
  if (payload != nullptr) out += json::serialize(*payload);
  return out;
}

std::string encode_connect_error(std::string_view name_space, std::string_view message) {
  return encode_header(SocketType::connect_error, 0, name_space, std::nullopt) +
         json::serialize(json::object{{"message", message}});
}

std::string encode_disconnect(std::string_view name_space) {
  return encode_header(SocketType::disconnect, 0, name_space, std::nullopt);
}

std::string encode_event_text(std::string_view name_space, std::string_view event,
                              const Arguments& arguments, std::optional<std::uint64_t> id) {
  const SocketType type =
      arguments.attachments.empty() ? SocketType::event : SocketType::binary_event;
  std::string out = encode_header(type, arguments.attachments.size(), name_space, id);
  out += '[';
  out += json::serialize(json::value(json::string_view(event.data(), event.size())));
  append_arguments(out, arguments, false);
  return out;
}

std::string encode_ack_text(std::string_view name_space, std::uint64_t id,
                            const Arguments& arguments) {
  const SocketType type = arguments.attachments.empty() ? SocketType::ack : SocketType::binary_ack;
  std::string out = encode_header(type, arguments.attachments.size(), name_space, id);
  out += '[';
  append_arguments(out, arguments, true);
  return out;
}

}  // namespace surveillx::socketio
