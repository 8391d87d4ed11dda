#include "encoded_event.hpp"

#include "engine_codec.hpp"
#include "socket_codec.hpp"

#include <boost/json.hpp>

#include <utility>

namespace surveillx::socketio {

namespace json = boost::json;

EncodedEvent::EncodedEvent(std::string name_space, SharedBytes text,
                           std::vector<SharedBytes> binaries)
    : name_space_(std::move(name_space)),
      text_(std::move(text)),
      binaries_(std::move(binaries)),
      packets_((text_.empty() ? 0U : 1U) + binaries_.size()),
      bytes_(text_.size()) {
  for (const SharedBytes& part : binaries_) bytes_ += part.size();
}

std::string_view EncodedEvent::polling() const {
  std::call_once(polling_made_, [this] {
    polling_.reserve(bytes_ * 4 / 3 + packets_ * 4);
    polling_ += text_.text();
    for (const SharedBytes& part : binaries_) {
      if (!polling_.empty()) polling_ += kSeparator;
      polling_ += encode_base64_packet(part.view());
    }
  });
  return polling_;
}

EncodedEventPtr encode_message(std::string_view name_space, std::string_view text) {
  std::string packet(1, static_cast<char>(EngineType::message));
  packet += text;
  return std::make_shared<const EncodedEvent>(
      std::string(name_space), SharedBytes(std::move(packet)), std::vector<SharedBytes>());
}

EncodedEventPtr encode_event(std::string_view name_space, std::string_view event,
                             const Arguments& arguments) {
  std::string packet(1, static_cast<char>(EngineType::message));
  packet += encode_event_text(name_space, event, arguments, std::nullopt);
  return std::make_shared<const EncodedEvent>(
      std::string(name_space), SharedBytes(std::move(packet)), arguments.attachments);
}

Arguments one_object(json::object object) {
  Arguments arguments;
  arguments.args.emplace_back(std::move(object));
  return arguments;
}

const json::object* only_object(const Arguments& arguments) {
  return arguments.args.size() == 1 ? arguments.args.front().if_object() : nullptr;
}

json::value attach(Arguments& to, SharedBytes bytes) {
  const std::size_t index = to.attachments.size();
  to.attachments.push_back(std::move(bytes));
  return json::object{{"_placeholder", true}, {"num", index}};
}

const SharedBytes* attachment(const Arguments& from, const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return nullptr;
  const json::value* mark = object->if_contains("_placeholder");
  const json::value* number = object->if_contains("num");
  if (mark == nullptr || !mark->is_bool() || !mark->get_bool() || number == nullptr) return nullptr;
  boost::system::error_code failed;
  const auto index = number->to_number<std::uint64_t>(failed);
  if (failed || index >= from.attachments.size()) return nullptr;
  return &from.attachments[static_cast<std::size_t>(index)];
}

}  // namespace surveillx::socketio
