#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "surveillx/store/store.hpp"

namespace surveillx::app {

/// What `up` tells a person, once: where everything is and, the first time, the password. It waits
/// for web, and for media as long as media may still come; then the noise of starting is over.
///
/// The first administrator is made here and nowhere earlier, and the password is on the terminal at
/// once: a start that is interrupted before leaves no user behind, or one whose password nobody has
/// seen, and the next one shows a password of its own. Main thread of `up` only.
class UpBanner {
 public:
  struct Facts {
    std::string pin;  ///< Empty without TLS.
    bool demo = false;
    bool json = false;  ///< One JSON line instead of words.
    /// This start made the administrator with $SURVEILLX_ADMIN_PASSWORD.
    std::optional<store::FirstAdmin> given_admin;
    /// Set when there is no user yet: the banner makes the first one.
    std::shared_ptr<store::Store> store;
  };
  explicit UpBanner(Facts facts) : facts_(std::move(facts)) {}

  /// A child says that it serves; `status` is `listening on URL`.
  void ready(const std::string& child, const std::string& status);
  /// A child has ended.
  void ended(const std::string& child, const std::string& reason);

 private:
  void print_when_due();
  void print(const store::FirstAdmin* admin);
  void print_words(const store::FirstAdmin* admin);
  void print_json(const store::FirstAdmin* admin);

  Facts facts_;
  std::map<std::string, std::string> urls_;
  std::string media_failure_;
  bool printed_ = false;
  bool media_told_ = false;
};

}  // namespace surveillx::app
