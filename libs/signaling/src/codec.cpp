#include "surveillx/signaling/codec.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <utility>

namespace surveillx::signaling {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 8;

Error bad(std::string message) { return Error{kBadMessage, std::move(message)}; }

/// Reads typed fields of one object and remembers the first thing that is wrong with it.
class Fields {
 public:
  Fields(const json::object& object, std::string_view type) : object_(object), type_(type) {}

  [[nodiscard]] std::string required_text(std::string_view name) {
    auto text = optional_text(name);
    if (!text && problem_.empty()) complain(name, "is missing");
    return std::move(text).value_or(std::string());
  }

  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name) {
    const json::value* const value = find(name);
    if (value == nullptr) return std::nullopt;
    if (const json::string* const text = value->if_string()) {
      return std::string(text->data(), text->size());
    }
    complain(name, "must be a string");
    return std::nullopt;
  }

  [[nodiscard]] int optional_index(std::string_view name) {
    const json::value* const value = find(name);
    if (value == nullptr) return 0;
    // boost::json reads a non-negative literal as int64, too, so this covers what fits in 0..255.
    const std::int64_t* const number = value->if_int64();
    if (number == nullptr || *number < 0 || *number > 255) {
      complain(name, "must be a whole number in 0..255");
      return 0;
    }
    return static_cast<int>(*number);
  }

  [[nodiscard]] std::vector<IceServer> ice_servers(std::string_view name) {
    std::vector<IceServer> servers;
    const json::value* const value = find(name);
    if (value == nullptr) return servers;
    const json::array* const list = value->if_array();
    if (list == nullptr) {
      complain(name, "must be a list");
      return servers;
    }
    for (const json::value& entry : *list) {
      const json::object* const object = entry.if_object();
      if (object == nullptr) {
        complain(name, "must hold objects");
        return servers;
      }
      Fields fields(*object, type_);
      IceServer server;
      server.urls = fields.urls();
      server.username = fields.optional_text("username").value_or("");
      server.credential = fields.optional_text("credential").value_or("");
      if (!fields.problem_.empty()) {
        complain(name, "holds an entry that is not an ICE server");
        return servers;
      }
      servers.push_back(std::move(server));
    }
    return servers;
  }

  void complain(std::string_view name, std::string_view what) {
    if (!problem_.empty()) return;
    problem_ = std::string(type_);
    problem_ += ": '";
    problem_ += name;
    problem_ += "' ";
    problem_ += what;
  }

  template <class T>
  [[nodiscard]] Result<Message> finish(T message) {
    if (!problem_.empty()) return bad(std::move(problem_));
    return Message(std::move(message));
  }

 private:
  [[nodiscard]] const json::value* find(std::string_view name) const {
    const json::value* const value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  /// One string or a list of strings, as `RTCIceServer.urls`.
  [[nodiscard]] std::vector<std::string> urls() {
    std::vector<std::string> urls;
    const json::value* const value = find("urls");
    if (value == nullptr) {
      complain("urls", "is missing");
      return urls;
    }
    const auto add = [&](const json::value& entry) {
      if (const json::string* const text = entry.if_string()) {
        urls.emplace_back(text->data(), text->size());
      } else {
        complain("urls", "must hold strings");
      }
    };
    if (const json::array* const list = value->if_array()) {
      for (const json::value& entry : *list) add(entry);
    } else {
      add(*value);
    }
    return urls;
  }

  const json::object& object_;
  std::string_view type_;
  std::string problem_;
};

Result<Message> decode_ice(Fields& fields) {
  Ice ice;
  ice.candidate = fields.optional_text("candidate").value_or("");
  ice.mline_index = fields.optional_index("sdpMLineIndex");
  if (ice.candidate.size() > kMaxCandidateBytes) fields.complain("candidate", "is too long");
  // A candidate becomes one line of an SDP: a line break in it would add lines of the peer's
  // choice.
  if (ice.candidate.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    fields.complain("candidate", "must be one line");
  }
  return fields.finish(std::move(ice));
}

json::object encode_ice_server(const IceServer& server) {
  json::array urls;
  for (const std::string& url : server.urls) urls.emplace_back(url);
  json::object object{{"urls", std::move(urls)}};
  if (!server.username.empty()) object["username"] = server.username;
  if (!server.credential.empty()) object["credential"] = server.credential;
  return object;
}

struct Encoder {
  json::object operator()(const Hello& m) const {
    json::object object{{"type", "hello"}};
    if (m.token) object["token"] = *m.token;
    if (!m.name.empty()) object["name"] = m.name;
    return object;
  }
  json::object operator()(const Welcome& m) const {
    json::array servers;
    for (const IceServer& server : m.ice_servers) servers.push_back(encode_ice_server(server));
    return {{"type", "welcome"}, {"camera_id", m.camera_id}, {"ice_servers", std::move(servers)}};
  }
  json::object operator()(const Offer& m) const {
    json::object object{{"type", "offer"}, {"sdp", m.sdp}};
    if (m.token) object["token"] = *m.token;
    return object;
  }
  json::object operator()(const Answer& m) const { return {{"type", "answer"}, {"sdp", m.sdp}}; }
  json::object operator()(const Ice& m) const {
    return {{"type", "ice"}, {"candidate", m.candidate}, {"sdpMLineIndex", m.mline_index}};
  }
  json::object operator()(const Bye&) const { return {{"type", "bye"}}; }
  json::object operator()(const ErrorMessage& m) const {
    return {{"type", "error"}, {"code", m.code}, {"message", m.message}};
  }
  json::object operator()(const Unknown& m) const { return {{"type", m.type}}; }
};

std::string_view yes_no(bool value) { return value ? "yes" : "no"; }

struct Redactor {
  std::string operator()(const Hello& m) const {
    return "hello token=" + std::string(yes_no(m.token.has_value()));
  }
  std::string operator()(const Welcome& m) const {
    return "welcome camera=" + m.camera_id + " ice_servers=" + std::to_string(m.ice_servers.size());
  }
  std::string operator()(const Offer& m) const {
    return "offer sdp_bytes=" + std::to_string(m.sdp.size()) +
           " token=" + std::string(yes_no(m.token.has_value()));
  }
  std::string operator()(const Answer& m) const {
    return "answer sdp_bytes=" + std::to_string(m.sdp.size());
  }
  std::string operator()(const Ice& m) const {
    return m.candidate.empty() ? "ice end=yes"
                               : "ice candidate_bytes=" + std::to_string(m.candidate.size());
  }
  std::string operator()(const Bye&) const { return "bye"; }
  std::string operator()(const ErrorMessage& m) const { return "error code=" + m.code; }
  std::string operator()(const Unknown& m) const {
    return "unknown type_bytes=" + std::to_string(m.type.size());
  }
};

}  // namespace

Result<Message> decode(std::string_view text) {
  if (text.size() > kMaxMessageBytes) {
    return Error{kMessageTooBig, "a message may have at most 262144 bytes"};
  }
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code failed;
  const json::value value =
      json::parse(json::string_view(text.data(), text.size()), failed, {}, options);
  if (failed) return bad("not JSON: " + failed.message());
  const json::object* const object = value.if_object();
  if (object == nullptr) return bad("a message must be a JSON object");
  const json::value* const type_value = object->if_contains("type");
  if (type_value == nullptr || !type_value->is_string()) {
    return bad("a message must have a 'type' that is a string");
  }
  const std::string_view type(type_value->get_string().data(), type_value->get_string().size());

  Fields fields(*object, type);
  if (type == "hello") {
    Hello hello{fields.optional_text("token"), fields.optional_text("name").value_or("")};
    return fields.finish(std::move(hello));
  }
  if (type == "welcome") {
    Welcome welcome{fields.required_text("camera_id"), fields.ice_servers("ice_servers")};
    return fields.finish(std::move(welcome));
  }
  if (type == "offer") {
    Offer offer{fields.required_text("sdp"), fields.optional_text("token")};
    return fields.finish(std::move(offer));
  }
  if (type == "answer") return fields.finish(Answer{fields.required_text("sdp")});
  if (type == "ice") return decode_ice(fields);
  if (type == "bye") return Message(Bye{});
  if (type == "error") {
    ErrorMessage error{fields.required_text("code"), fields.optional_text("message").value_or("")};
    return fields.finish(std::move(error));
  }
  return Message(Unknown{std::string(type)});
}

std::string encode(const Message& message) {
  return json::serialize(std::visit(Encoder{}, message));
}

std::string redact(const Message& message) { return std::visit(Redactor{}, message); }

std::string redact_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = url.find('/', host);
  const std::string_view authority = url.substr(host, path - host);
  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, host)) + std::string(url.substr(host + at + 1));
}

bool offer_uses_trickle(std::string_view sdp) {
  constexpr std::string_view kPrefix = "a=ice-options:";
  while (!sdp.empty()) {
    const std::size_t end = sdp.find_first_of("\r\n");
    std::string_view line = sdp.substr(0, end);
    sdp = end == std::string_view::npos ? std::string_view() : sdp.substr(end + 1);
    if (!line.starts_with(kPrefix)) continue;
    line.remove_prefix(kPrefix.size());
    // Options are separated by spaces: `a=ice-options:trickle renomination`.
    while (!line.empty()) {
      const std::size_t space = line.find(' ');
      if (line.substr(0, space) == "trickle") return true;
      line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    }
  }
  return false;
}

}  // namespace surveillx::signaling
