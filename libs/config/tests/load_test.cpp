#include "surveillx/config/load.hpp"

#include "surveillx/config/keys.hpp"
#include "surveillx/test_support/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

namespace surveillx::config {
namespace {

using namespace std::chrono_literals;
using test_support::TempDir;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Loading : public testing::Test {
 protected:
  Loading() {
    options_.environment = {{"HOME", dir_.path().string()}, {"TZ", "UTC"}};
    options_.search.clear();
    options_.data_dir = dir_.file("data");
  }
  void write(const std::string& toml) {
    test_support::write_file(dir_.path() / "surveillx.toml", toml);
    options_.file = dir_.file("surveillx.toml");
  }
  Config loaded() {
    auto result = load(options_);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    return result ? *result : Config{};
  }
  std::string refused() {
    auto result = load(options_);
    EXPECT_FALSE(result);
    return result ? "" : result.error().message;
  }
  std::string origin_of(const std::string& key) {
    auto result = load(options_);
    if (!result) return result.error().message;
    for (const auto& value : explain(*result)) {
      if (value.key == key) return value.value + " <- " + value.origin;
    }
    return "no such key";
  }

  TempDir dir_;
  LoadOptions options_;
};

TEST_F(Loading, without_a_file_the_defaults_listen_on_loopback_only) {
  const auto config = loaded();
  EXPECT_EQ(config.web.listen, "127.0.0.1:5000");
  EXPECT_EQ(config.signaling.listen, "127.0.0.1:8443");
  EXPECT_THAT(config.ice.local_addresses, ElementsAre("127.0.0.1"));
  EXPECT_EQ(config.attendance.window, 60s);
  EXPECT_EQ(config.publish.fps, 10);
  EXPECT_EQ(config.publish.width, 640);
  EXPECT_EQ(config.database.url, "sqlite:" + dir_.file("data") + "/surveillx.db");
  EXPECT_EQ(config.security.key_file, dir_.file("data") + "/keys/master.key");
  EXPECT_FALSE(config.web_tls());
}

TEST_F(Loading, a_media_process_has_a_name_where_there_are_several) {
  EXPECT_EQ(loaded().media.node, "");
  write("[media]\nnode = \"north-wing.2\"\n");
  EXPECT_EQ(loaded().media.node, "north-wing.2");
  write("[media]\nnode = \"north wing\"\n");
  EXPECT_THAT(refused(), HasSubstr("\"north wing\" is not a node's name"));
}

TEST_F(Loading, flags_win_over_environment_over_file) {
  write("[publish]\nfps = 5\nwidth = 320\n[web]\nlisten = \"127.0.0.1:1\"\n");
  options_.environment["SURVEILLX_PUBLISH_WIDTH"] = "480";
  options_.environment["SURVEILLX_WEB_LISTEN"] = "127.0.0.1:2";
  options_.overrides = {"web.listen=127.0.0.1:3"};
  const auto config = loaded();
  EXPECT_EQ(config.publish.fps, 5);
  EXPECT_EQ(config.publish.width, 480);
  EXPECT_EQ(config.web.listen, "127.0.0.1:3");
  EXPECT_THAT(origin_of("publish.fps"), HasSubstr("5 <- " + dir_.file("surveillx.toml") + ":2"));
  EXPECT_EQ(origin_of("publish.width"), "480 <- $SURVEILLX_PUBLISH_WIDTH");
  EXPECT_EQ(origin_of("web.listen"), "127.0.0.1:3 <- flag");
}

TEST_F(Loading, the_section_of_a_variable_ends_at_the_first_underscore) {
  options_.environment["SURVEILLX_ICE_LOCAL_ADDRESSES"] = "127.0.0.1, ::1";
  options_.environment["SURVEILLX_SECURITY_KEY_FILE"] = dir_.file("other.key");
  const auto config = loaded();
  EXPECT_THAT(config.ice.local_addresses, ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(config.security.key_file, dir_.file("other.key"));
}

TEST_F(Loading, an_unknown_key_names_file_line_and_the_nearest_key) {
  write("[attendance]\nwindow = \"30s\"\ntimezome = \"UTC\"\n");
  const auto message = refused();
  EXPECT_THAT(message, HasSubstr("surveillx.toml:3: attendance.timezome"));
  EXPECT_THAT(message, HasSubstr("did you mean \"attendance.timezone\"?"));
}

TEST_F(Loading, an_unknown_section_names_the_nearest_section) {
  write("\n[databse]\nurl = \"sqlite:x\"\n");
  EXPECT_THAT(refused(),
              HasSubstr("surveillx.toml:2: databse: unknown section; did you mean [database]?"));
}

TEST_F(Loading, a_key_outside_a_section_is_unknown) {
  write("listen = \"127.0.0.1:5000\"\n");
  EXPECT_THAT(refused(), HasSubstr("surveillx.toml:1: listen: unknown key"));
}

TEST_F(Loading, a_slip_in_a_variable_is_an_error_and_foreign_variables_are_not) {
  options_.environment["SURVEILLX_MODELS"] = dir_.path().string();
  options_.environment["SURVEILLX_ADMIN_PASSWORD"] = "x";
  options_.environment["SURVEILLX_CAMERA_TOKEN"] = "x";
  options_.environment["SURVEILLX_CHROMIUM"] = "/usr/bin/chromium";
  options_.environment["SURVEILLX_BUILD_DIR"] = "build";
  EXPECT_EQ(loaded().vision.models, dir_.path().string());
  options_.environment["SURVEILLX_WEB_LISTENN"] = ":1";
  EXPECT_THAT(
      refused(),
      HasSubstr("$SURVEILLX_WEB_LISTENN: web.listenn: unknown key; did you mean \"web.listen\"?"));
  options_.environment.erase("SURVEILLX_WEB_LISTENN");
  options_.environment["SURVEILLX_DATABSE_URL"] = "sqlite:x";
  EXPECT_THAT(refused(), HasSubstr("$SURVEILLX_DATABSE_URL"));
}

TEST_F(Loading, every_problem_is_reported_by_check_and_counted_by_load) {
  write(
      "[publish]\nfps = \"ten\"\n[vision]\nengine = \"yunet+dlb\"\n[web]\nlisten = \"nowhere\"\n");
  EXPECT_EQ(check(options_).size(), 3);
  EXPECT_THAT(refused(), HasSubstr("and 2 more"));
}

TEST_F(Loading, what_is_not_toml_names_the_line) {
  write("[web]\nlisten = \n");
  EXPECT_THAT(refused(), HasSubstr("surveillx.toml:2: is not TOML"));
}

TEST_F(Loading, a_file_that_was_asked_for_must_exist) {
  options_.file = dir_.file("absent.toml");
  auto result = load(options_);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().is(kConfigUnreadable));
  EXPECT_THAT(result.error().message, HasSubstr("absent.toml"));
}

TEST_F(Loading, the_first_file_of_the_search_list_is_read) {
  write("[log]\nlevel = \"debug\"\n");
  options_.search = {dir_.file("absent.toml"), *options_.file};
  options_.file.reset();
  EXPECT_EQ(loaded().log.level, "debug");
}

TEST_F(Loading, paths_in_a_file_are_relative_to_the_file) {
  write("[vision]\nmodels = \"weights\"\n[database]\nurl = \"sqlite:site.db\"\n");
  const auto config = loaded();
  EXPECT_EQ(config.vision.models, dir_.file("weights"));
  EXPECT_EQ(config.database.url, "sqlite:" + dir_.file("site.db"));
}

TEST_F(Loading, the_data_directory_is_private_and_follows_xdg) {
  options_.data_dir.reset();
  options_.environment["XDG_DATA_HOME"] = dir_.file("xdg");
  const auto config = loaded();
  EXPECT_EQ(config.data_dir, dir_.file("xdg/surveillx"));
  struct stat info {};
  ASSERT_EQ(::stat(config.data_dir.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  options_.environment.erase("XDG_DATA_HOME");
  EXPECT_EQ(loaded().data_dir, dir_.file(".local/share/surveillx"));
}

TEST_F(Loading, a_data_directory_that_cannot_be_made_is_a_named_error) {
  test_support::write_file(dir_.path() / "plain", "a file");
  options_.data_dir = dir_.file("plain/data");
  auto result = load(options_);
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().is(kDataDir));
}

TEST_F(Loading, public_listens_everywhere_with_a_self_signed_certificate) {
  options_.public_ = true;
  const auto config = loaded();
  EXPECT_EQ(config.web.listen, ":5000");
  EXPECT_EQ(config.signaling.listen, ":8443");
  EXPECT_THAT(config.ice.local_addresses, IsEmpty());
  ASSERT_TRUE(config.web_tls());
  EXPECT_TRUE(config.web_tls()->self_signed);
  EXPECT_THAT(config.web_tls()->certificate, HasSubstr("/data/tls/"));
  EXPECT_TRUE(std::filesystem::is_directory(dir_.file("data/tls")));
  EXPECT_EQ(config.web_url(), "https://127.0.0.1:5000");
  EXPECT_EQ(config.signaling_url(), "wss://127.0.0.1:8443");
}

TEST_F(Loading, public_leaves_alone_what_was_set) {
  options_.public_ = true;
  options_.overrides = {"web.listen=127.0.0.1:6000", "ice.local_addresses=10.0.0.1"};
  const auto config = loaded();
  EXPECT_EQ(config.web.listen, "127.0.0.1:6000");
  EXPECT_EQ(config.signaling.listen, ":8443");
  EXPECT_THAT(config.ice.local_addresses, ElementsAre("10.0.0.1"));
}

TEST_F(Loading, explaining_hides_secrets_and_passwords) {
  options_.environment["SURVEILLX_PUBLISH_TOKEN"] = "s3cret";
  options_.environment["SURVEILLX_DATABASE_URL"] = "postgresql://u:s3cret@db/x?password=s3cret&a=b";
  options_.environment["SURVEILLX_ICE_TURN"] = "turn:u:s3cret@relay:3478";
  auto result = load(options_);
  ASSERT_TRUE(result);
  for (const auto& value : explain(*result))
    EXPECT_THAT(value.value, Not(HasSubstr("s3cret"))) << value.key;
  EXPECT_EQ(origin_of("publish.token"), "******** <- $SURVEILLX_PUBLISH_TOKEN");
  EXPECT_EQ(origin_of("database.url"),
            "postgresql://u:***@db/x?password=***&a=b <- $SURVEILLX_DATABASE_URL");
}

TEST_F(Loading, secrets_are_refused_where_every_user_of_the_machine_can_read_them) {
  for (const char* const flag :
       {"publish.token=s3cret", "ice.turn_secret=s3cret", "database.url=postgresql://u:s3cret@db/x",
        "database.url=postgresql://db/x?user=u&password=s3cret", "publish.url=https://u:s3cret@x",
        "ice.turn=turn:a:1,turn:u:s3cret@relay:3478"}) {
    options_.overrides = {flag};
    const auto problems = check(options_);
    ASSERT_EQ(problems.size(), 1U) << flag;
    EXPECT_TRUE(problems[0].name == kSecretInArguments) << flag;
    EXPECT_THAT(problems[0].text(), Not(HasSubstr("s3cret")));
    EXPECT_THAT(problems[0].text(), HasSubstr("surveillx.toml or into $SURVEILLX_"));
  }
  options_.overrides = {"ice.turn_secret=s3cret"};
  EXPECT_THAT(refused(), HasSubstr("$SURVEILLX_ICE_TURN_SECRET"));
  // No password, no secret.
  options_.overrides = {"database.url=postgresql://u@db/x", "publish.token=",
                        "ice.turn=turn:a:1, turn:b:2", "ice.local_addresses=10.0.0.1, ::1"};
  EXPECT_THAT(check(options_), IsEmpty());
}

TEST_F(Loading, a_bad_secret_or_url_is_not_quoted_with_its_password) {
  options_.environment["SURVEILLX_DATABASE_URL"] = "mysql://u:s3cret@db/x";
  EXPECT_THAT(refused(), Not(HasSubstr("s3cret")));
}

TEST_F(Loading, what_a_proxy_needs_is_checked_and_put_in_one_form) {
  options_.overrides = {"web.external_url=HTTPS://Cameras.Example:443/sx/",
                        "web.trusted_proxies=127.0.0.1, fd00::/8"};
  EXPECT_THAT(refused(), HasSubstr("web.external_url")) << "schemes are written small";
  options_.overrides[0] = "web.external_url=https://Cameras.Example:443/sx/";
  auto config = loaded();
  EXPECT_EQ(config.external_origin(), "https://cameras.example");
  EXPECT_EQ(config.base_path(), "/sx");
  EXPECT_THAT(config.web.trusted_proxies, ElementsAre("127.0.0.1", "fd00::/8"));
  EXPECT_FALSE(config.has_unnamed_proxy());

  options_.overrides = {"web.base_path=/tools/sx/"};
  EXPECT_EQ(loaded().base_path(), "/tools/sx");
  EXPECT_TRUE(loaded().has_unnamed_proxy());
  options_.overrides = {"web.base_path=/"};
  EXPECT_EQ(loaded().base_path(), "");
  options_.overrides = {"web.external_url=http://a.example:8080"};
  EXPECT_EQ(loaded().external_origin(), "http://a.example:8080");
  EXPECT_EQ(loaded().base_path(), "");
  options_.overrides = {};
  EXPECT_EQ(loaded().external_origin() + loaded().base_path(), "");
  EXPECT_FALSE(loaded().has_unnamed_proxy());

  for (const char* bad :
       {"web.trusted_proxies=nginx", "web.trusted_proxies=10.0.0.0/33",
        "web.trusted_proxies=127.0.0.1,::/200", "web.external_url=cameras.example",
        "web.external_url=https://u:p@a.example", "web.external_url=https://a.example/?x=1",
        "web.external_url=https://a.example/api", "web.base_path=sx", "web.base_path=/a//b",
        "web.base_path=/a/../b", "web.base_path=/a b", "web.base_path=/api",
        "web.base_path=/socket.io/", "security.metrics_token=short"}) {
    options_.overrides = {bad};
    const std::string key(bad, std::string_view(bad).find('='));
    EXPECT_THAT(refused(), HasSubstr(key)) << bad;
  }
  options_.overrides = {"web.external_url=https://a.example/sx", "web.base_path=/other"};
  EXPECT_THAT(refused(), HasSubstr("web.base_path"));
}

TEST_F(Loading, a_message_is_one_line_whatever_the_file_holds) {
  write("[\"we\\nb\"]\n[web]\n\"li\\u001b[31msten\" = 1\n[log]\nlevel = \"lo\\nud\"\n");
  const auto problems = check(options_);
  ASSERT_EQ(problems.size(), 3U);
  for (const auto& problem : problems) {
    EXPECT_EQ(problem.text().find_first_of("\n\x1b"), std::string::npos) << problem.text();
  }
  EXPECT_THAT(problems[1].text(), HasSubstr("li\\x1b[31msten"));
}

TEST_F(Loading, legacy_publishing_needs_a_server) {
  options_.overrides = {"publish.mode=legacy"};
  EXPECT_THAT(refused(), HasSubstr("publish.url"));
  options_.overrides.push_back("publish.url=http://127.0.0.1:5001");
  const auto config = loaded();
  EXPECT_EQ(config.publish.mode, PublishMode::legacy);
  EXPECT_EQ(config.web_url(), "http://127.0.0.1:5000");
}

TEST_F(Loading, the_zone_is_the_systems_unless_set) {
  options_.environment["TZ"] = ":Asia/Tokyo";
  EXPECT_EQ(loaded().attendance.timezone, "Asia/Tokyo");
  options_.environment["TZ"] = "not/a zone";
  EXPECT_FALSE(loaded().attendance.timezone.empty());
  options_.overrides = {"attendance.timezone=Europe/Berlin"};
  EXPECT_EQ(loaded().attendance.timezone, "Europe/Berlin");
}

TEST_F(Loading, a_question_mark_in_a_turn_password_is_refused_without_repeating_it) {
  for (const char* url : {"turn:ada:s?cret@relay", "turn:ada:12?34@relay"}) {
    options_.overrides = {};
    options_.environment["SURVEILLX_ICE_TURN"] = url;
    EXPECT_THAT(refused(), AllOf(HasSubstr("%3F"), Not(HasSubstr("cret")), Not(HasSubstr("34@"))));
    options_.environment.erase("SURVEILLX_ICE_TURN");
    // A flag is refused before anything of it is read.
    options_.overrides = {std::string("ice.turn=") + url};
    EXPECT_THAT(refused(), AllOf(HasSubstr("holds a secret"), Not(HasSubstr("cret@"))));
  }
}

struct BadValue {
  const char* setting;
  const char* message;
};
class BadValues : public testing::TestWithParam<BadValue> {};

TEST_P(BadValues, are_refused_with_what_would_be_right) {
  LoadOptions options;
  options.environment = {{"HOME", "/nonexistent"}};
  options.search.clear();
  options.create_data_dir = false;
  options.overrides = {GetParam().setting};
  const auto problems = check(options);
  ASSERT_EQ(problems.size(), 1) << GetParam().setting;
  EXPECT_TRUE(problems[0].name == kBadValue);
  EXPECT_THAT(problems[0].text(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadValues,
    testing::Values(BadValue{"web.listen=5000", "the port is missing"},
                    BadValue{"web.listen=127.0.0.1:70000", "not a port"},
                    BadValue{"web.listen=[::1:5000", "IPv6"}, BadValue{"web.listen=", "HOST:PORT"},
                    BadValue{"web.certificate=/absent.pem", "needs web.key"},
                    BadValue{"web.session_hours=0", "between 1"},
                    BadValue{"attendance.window=60 parsecs", "60s"},
                    BadValue{"attendance.window=-1s", "duration"},
                    BadValue{"attendance.window=2d", "between"},
                    BadValue{"attendance.timezone=Mars/Olympus", "IANA"},
                    BadValue{"attendance.timezone=../../etc/passwd", "IANA"},
                    BadValue{"ice.turn=http://relay", "turn:"}, BadValue{"ice.stun=stun:", "host"},
                    BadValue{"ice.local_addresses=localhost", "not an IP address"},
                    BadValue{"ice.min_port=5000", "set together"},
                    BadValue{"database.url=mysql://x", "postgresql://"},
                    BadValue{"publish.url=ftp://x", "http://"},
                    BadValue{"publish.url=http://host:port", "not a port"},
                    BadValue{"publish.detections=maybe", "true nor false"},
                    BadValue{"publish.fps=nan", "not a number"},
                    BadValue{"vision.engine=yunet+dlb", "did you mean \"yunet+dlib\"?"},
                    BadValue{"media.stale_after=6s", "offline_after"},
                    BadValue{"log.level=loud", "debug"}));

TEST(Keys, the_schema_has_every_key_and_no_secret_default) {
  const auto schema = json_schema();
  for (const auto& key : keys()) {
    const auto name = key.name.substr(key.name.find('.') + 1);
    EXPECT_THAT(schema, HasSubstr("\"" + std::string(name) + "\": {")) << key.name;
    EXPECT_FALSE(key.help.empty()) << key.name;
    if (key.secret) {
      EXPECT_TRUE(key.default_text.empty()) << key.name;
    }
  }
}

TEST(Keys, every_default_is_accepted_by_its_own_key) {
  for (const auto& key : keys()) {
    LoadOptions options;
    options.environment = {{"HOME", "/nonexistent"}};
    options.search.clear();
    options.overrides = {std::string(key.name) + "=" + key.default_text};
    EXPECT_THAT(check(options), IsEmpty()) << key.name;
  }
}

TEST(Keys, durations_accept_units_and_bare_seconds) {
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::chrono::milliseconds>>{
           {"500ms", 500ms}, {"90", 90s}, {"1.5s", 1500ms}, {"2 m", 2min}, {"1h", 1h}}) {
    LoadOptions options;
    options.environment = {{"HOME", "/nonexistent"}};
    options.search.clear();
    options.create_data_dir = false;
    options.overrides = {"attendance.window=" + text};
    auto result = load(options);
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(result->attendance.window, expected) << text;
  }
}

}  // namespace
}  // namespace surveillx::config
