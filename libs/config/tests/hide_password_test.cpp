#include "surveillx/config/hide_password.hpp"

#include "key_table.hpp"
#include "values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace surveillx::config {
namespace {

using testing::HasSubstr;
using testing::Not;

struct HiddenCase {
  const char* written;
  const char* shown;
};

TEST(HidePassword, one_url_is_one_whatever_characters_its_password_has) {
  for (const auto& [written, expected] : {
           HiddenCase{"postgresql://u:s3cret@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa,ss@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa?ss@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa@ss@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa/ss@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa#ss@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa:ss@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa ss@db/x", "postgresql://u:***@db/x"},
           HiddenCase{"postgresql://u:pa?password=ss@db/x", "postgresql://u:***"},
           HiddenCase{"postgresql://u:pa?ss@db/x?password=s3&a=b",
                      "postgresql://u:***@db/x?password=***&a=b"},
           HiddenCase{"postgresql://db/x?user=u&password=a,b",
                      "postgresql://db/x?user=u&password=***"},
           HiddenCase{"postgresql://db/x?password=a@b", "postgresql://db/x?password=***"},
           HiddenCase{"postgresql://db/x?password=a?b&c=d", "postgresql://db/x?password=***&c=d"},
           HiddenCase{"postgresql://db/x?password=a&b", "postgresql://db/x?password=***"},
           HiddenCase{"postgresql://db/x?pass%77ord=abc", "postgresql://db/x?pass%77ord=***"},
           HiddenCase{"postgresql://db/x?%70ASSWORD=abc", "postgresql://db/x?%70ASSWORD=***"},
           HiddenCase{"postgresql://db/x?sslpassword=abc&sslkey=k.pem",
                      "postgresql://db/x?sslpassword=***&sslkey=k.pem"},
           HiddenCase{"postgresql://db/x?oauth_client_secret=abc",
                      "postgresql://db/x?oauth_client_secret=***"},
           HiddenCase{"postgresql://db/x?scram_client_key=abc",
                      "postgresql://db/x?scram_client_key=***"},
           HiddenCase{"https://u:s3cret@pictures.example/a?token=abc",
                      "https://u:***@pictures.example/a?token=***"},
           HiddenCase{"turn:u:pa,ss@relay:3478", "turn:u:***@relay:3478"},
           HiddenCase{"turns://u:pa?ss@relay?transport=tcp", "turns://u:***@relay?transport=tcp"},
           HiddenCase{"turn:u:p://ss@relay", "turn:u:***@relay"},
           // What is refused, and quoted when it is.
           HiddenCase{"u:s3cret@db/x", "u:***@db/x"},
           HiddenCase{"host=db user=u password=abc", "host=db user=u password=***"},
           HiddenCase{"host=db password = 'a b' user=u", "host=db password =***"},
       }) {
    EXPECT_EQ(hide_password(written), expected) << written;
    EXPECT_TRUE(has_password(written)) << written;
    EXPECT_TRUE(holds_secret(*find_key("database.url"), written)) << written;
    EXPECT_EQ(shown(*find_key("database.url"), written), expected) << written;
  }
}

TEST(HidePassword, what_has_none_is_shown_as_it_is) {
  for (const char* const written :
       {"", "postgresql://u@db:5432/x", "postgresql://u@[::1]:5432/x?sslmode=require",
        "postgresql:///x?host=/run/postgresql&user=u",
        "postgresql://u:@db/x?password=", "postgresql://one:5432,two:5433/x",
        "postgresql://db/x?passfile=/etc/pgpass", "sqlite:/var/lib/surveillx/a,b.db",
        "stun:relay:3478", "turn:relay:3478?transport=tcp", "https://cameras.example:8443/sx"}) {
    EXPECT_EQ(hide_password(written), written);
    EXPECT_FALSE(has_password(written)) << written;
  }
}

TEST(HidePassword, a_list_is_hidden_url_by_url_though_a_password_has_commas) {
  const Key& turn = *find_key("ice.turn");
  EXPECT_EQ(shown(turn, "turn:a:1, turn:u:s3cret@relay:3478"), "turn:a:1,turn:u:***@relay:3478");
  EXPECT_EQ(shown(turn, "turn:u:pa,ss@relay,turns:u:w,x,y@relay"),
            "turn:u:***@relay,turns:u:***@relay");
  EXPECT_TRUE(holds_secret(turn, "turn:u:pa,ss@relay"));
  EXPECT_FALSE(holds_secret(turn, "turn:a:1, turn:b:2"));
  EXPECT_EQ(shown(*find_key("ice.local_addresses"), "10.0.0.1,::1"), "10.0.0.1,::1");
  EXPECT_FALSE(holds_secret(*find_key("web.trusted_proxies"), "10.0.0.0/8,fd00::/8"));
}

TEST(HidePassword, messages_about_wrong_values_do_not_quote_it) {
  for (const auto& [key, value] : {
           HiddenCase{"database.url", "mysql://u:s3cret@db/x"},
           HiddenCase{"database.url", "u:s3cret@db/x"},
           HiddenCase{"database.url", "host=db password=s3cret"},
           HiddenCase{"publish.url", "https://u:s3cret?x@host"},
           HiddenCase{"publish.url", "https://u:s3cret/x@host"},
           HiddenCase{"ice.turn", "turn:u:s3cret,s3cret@relay"},
           HiddenCase{"ice.turn", "turn:u:s3cret@relay:port"},
       }) {
    Config config;
    const auto set = find_key(key)->set(config, value);
    ASSERT_FALSE(set) << value;
    EXPECT_THAT(set.error().message, Not(HasSubstr("s3cret"))) << value;
  }
}

}  // namespace
}  // namespace surveillx::config
