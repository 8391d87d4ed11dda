#include "commands/up_banner.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <string_view>
#include <utility>

#include "commands/first_admin.hpp"
#include "surveillx/base/log.hpp"
#include "surveillx/supervisor/notify.hpp"

namespace surveillx::app {

void UpBanner::ready(const std::string& child, const std::string& status) {
  constexpr std::string_view kPrefix = "listening on ";
  if (status.starts_with(kPrefix)) urls_[child] = status.substr(kPrefix.size());
  if (printed_ && child == "media" && !media_told_ && !facts_.json) {
    media_told_ = true;
    std::printf("  Cameras    %s   (surveillx cameras add NAME)\n", urls_["media"].c_str());
    std::fflush(stdout);
  }
  print_when_due();
}

void UpBanner::ended(const std::string& child, const std::string& reason) {
  if (child != "media" || urls_.contains("media")) return;
  media_failure_ = reason;
  print_when_due();
}

void UpBanner::print_when_due() {
  const bool media_came = urls_.contains("media");
  if (printed_ || !urls_.contains("web") || (!media_came && media_failure_.empty())) return;
  printed_ = true;
  supervisor::notify_ready("dashboard at " + urls_["web"]);  // For a systemd that started us.
  media_told_ = media_came;
  const std::shared_ptr<store::Store> store = std::exchange(facts_.store, nullptr);
  if (!store) {
    print(facts_.given_admin ? &*facts_.given_admin : nullptr);
    return;
  }
  bool shown = false;
  const auto made = store->users.ensure_first_admin("", [&](const store::FirstAdmin& admin) {
    print(&admin);
    shown = true;
    return flush_stdout();
  });
  if (made && !*made) print(nullptr);  // Somebody has made a user since.
  if (made) return;
  log::error("up.first_admin_failed", {{"error", made.error().message}});
  if (shown) return;  // The next start shows another password, since it cannot know of this one.
  std::fprintf(stderr, "surveillx: the first user could not be made: %s; start again\n",
               made.error().message.c_str());
  print(nullptr);
}

void UpBanner::print(const store::FirstAdmin* admin) {
  if (facts_.json) {
    print_json(admin);
  } else {
    print_words(admin);
  }
  std::fflush(stdout);
}

void UpBanner::print_words(const store::FirstAdmin* admin) {
  std::printf("\nSurveillX is running.\n");
  std::printf("  Dashboard  %s\n", urls_["web"].c_str());
  std::printf("  User       admin\n");
  std::printf("  Password   %s\n", password_line(admin).c_str());
  if (media_failure_.empty()) {
    std::printf("  Cameras    %s   (surveillx cameras add NAME)\n", urls_["media"].c_str());
  } else {
    std::printf("  Cameras    not yet: media ended with %s, as the lines above say; it is tried again\n",
                media_failure_.c_str());
  }
  if (!facts_.pin.empty()) std::printf("  Pin        %s\n", facts_.pin.c_str());
  if (facts_.demo) std::printf("  Demo       drawn people in front of the camera \"demo\"\n");
  std::printf("Press Ctrl-C to stop.\n\n");
}

void UpBanner::print_json(const store::FirstAdmin* admin) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
  };
  const bool tell = admin != nullptr && admin->generated && !stdout_is_the_journal();
  const boost::json::object line{{"web", text_or_null(urls_["web"])},
                                 {"signaling", text_or_null(urls_["media"])},
                                 {"pin", text_or_null(facts_.pin)},
                                 {"username", "admin"},
                                 {"password", text_or_null(tell ? admin->password : "")}};
  std::puts(boost::json::serialize(line).c_str());
}

}  // namespace surveillx::app
