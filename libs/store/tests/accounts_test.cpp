#include "surveillx/crypto/token.hpp"

#include "fixture.hpp"

#include <atomic>
#include <set>
#include <thread>

namespace surveillx::store {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class CamerasTest : public StoreTest {};
SURVEILLX_ON_BOTH_DATABASES(CamerasTest);

TEST_P(CamerasTest, a_token_opens_its_camera_only) {
  const auto door = store_->cameras.add("Front door").value();
  const auto gate = store_->cameras.add("Gate").value();
  EXPECT_EQ(door.camera.number, 1);
  EXPECT_EQ(gate.camera.number, 2);
  EXPECT_EQ(store_->cameras.find_by_token(door.token)->id, door.camera.id);
  EXPECT_EQ(store_->cameras.find_by_token(gate.token)->id, gate.camera.id);
  for (const std::string& token :
       {std::string(), std::string("wrong"), door.token + "x", crypto::token_hash(door.token)}) {
    EXPECT_TRUE(store_->cameras.find_by_token(token).error().is(kNotFound));
  }
  EXPECT_EQ(store_->cameras.token_hashes()->at(door.camera.id), crypto::token_hash(door.token));
}

TEST_P(CamerasTest, names_are_unique_and_checked) {
  ASSERT_TRUE(store_->cameras.add("Door"));
  EXPECT_TRUE(store_->cameras.add(" Door ").error().is(kAlreadyExists));
  EXPECT_TRUE(store_->cameras.add("").error().is(kInvalidArgument));
  const auto gate = store_->cameras.add("Gate").value();
  EXPECT_TRUE(store_->cameras.rename(gate.camera.id, "Door").error().is(kAlreadyExists));
  EXPECT_EQ(store_->cameras.rename(gate.camera.id, "Gate 2")->name, "Gate 2");
  EXPECT_EQ(store_->cameras.find_by_name("Gate 2")->id, gate.camera.id);
}

TEST_P(CamerasTest, a_rotated_token_is_void_at_once_and_shows_in_the_revision) {
  const auto door = store_->cameras.add("Door").value();
  const auto before = store_->revision.current().value();
  const auto rotated = store_->cameras.rotate_token(door.camera.id).value();
  EXPECT_TRUE(store_->cameras.find_by_token(door.token).error().is(kNotFound));
  EXPECT_EQ(store_->cameras.find_by_token(rotated.token)->id, door.camera.id);
  EXPECT_GT(store_->revision.current()->cameras, before.cameras);
  EXPECT_EQ(store_->revision.current()->gallery, before.gallery);
}

TEST_P(CamerasTest, a_number_is_never_given_twice) {
  const auto door = store_->cameras.add("Door").value();
  ASSERT_TRUE(store_->cameras.remove(door.camera.id));
  EXPECT_TRUE(store_->cameras.remove(door.camera.id).error().is(kNotFound));
  EXPECT_TRUE(store_->cameras.find_by_token(door.token).error().is(kNotFound));
  EXPECT_EQ(store_->cameras.add("Door")->camera.number, 2);
}

TEST_P(CamerasTest, concurrent_writers_get_different_numbers) {
  std::vector<std::string> problems(24);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 4; ++i) {
          const auto added = store_->cameras.add("c" + std::to_string(t * 4 + i));
          if (!added) problems[t * 4 + i] = added.error().message;
        }
      });
    }
  }
  for (const auto& problem : problems) EXPECT_EQ(problem, "");
  std::set<std::int64_t> numbers;
  for (const auto& camera : store_->cameras.list().value()) numbers.insert(camera.number);
  EXPECT_EQ(numbers.size(), 24u);
  EXPECT_EQ(*numbers.rbegin(), 24);
}

class UsersTest : public StoreTest {
 protected:
  [[nodiscard]] domain::User user(const std::string& name,
                                  domain::Role role = domain::Role::viewer) {
    return store_->users.add(name, role, "password-of-" + name).value();
  }
};
SURVEILLX_ON_BOTH_DATABASES(UsersTest);

TEST_P(UsersTest, only_name_and_password_together_sign_in) {
  const auto ada = user("Ada", domain::Role::operator_);
  const auto verified = store_->users.verify("ada", "password-of-Ada");
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->id, ada.id);
  EXPECT_EQ(verified->role, domain::Role::operator_);
  EXPECT_EQ(verified->username, "Ada");
  for (const auto& [name, password] :
       std::vector<std::pair<std::string, std::string>>{{"ada", "password-of-ada"},
                                                        {"ada", ""},
                                                        {"bob", "password-of-Ada"},
                                                        {"ada' --", "x"},
                                                        {"", ""}}) {
    EXPECT_TRUE(store_->users.verify(name, password).error().is(kBadCredentials)) << name;
  }
}

TEST_P(UsersTest, names_are_unique_whatever_the_case_and_checked) {
  (void)user("ada");
  EXPECT_TRUE(
      store_->users.add("ADA", domain::Role::viewer, "12345678").error().is(kAlreadyExists));
  for (const char* name : {"", "a b", "a\n", "\u00e4 b"}) {
    EXPECT_TRUE(
        store_->users.add(name, domain::Role::viewer, "12345678").error().is(kInvalidArgument));
  }
  EXPECT_TRUE(
      store_->users.add("bob", domain::Role::viewer, "short").error().is(crypto::kWeakPassword));
}

TEST_P(UsersTest, the_last_admin_stays) {
  const auto first = user("first", domain::Role::admin);
  const auto viewer = user("viewer");
  EXPECT_TRUE(store_->users.remove(first.id).error().is(kLastAdmin));
  EXPECT_TRUE(store_->users.set_role(first.id, domain::Role::viewer).error().is(kLastAdmin));
  EXPECT_TRUE(store_->users.remove(viewer.id));
  const auto second = user("second", domain::Role::admin);
  EXPECT_TRUE(store_->users.remove(first.id));
  EXPECT_TRUE(store_->users.remove(second.id).error().is(kLastAdmin));
  EXPECT_TRUE(store_->users.remove(UserId::random()).error().is(kNotFound));
  EXPECT_EQ(store_->users.list()->size(), 1u);
}

TEST_P(UsersTest, two_admins_cannot_remove_each_other) {
  const auto a = user("a", domain::Role::admin);
  const auto b = user("b", domain::Role::admin);
  std::atomic<int> removed = 0;
  {
    std::vector<std::jthread> threads;
    for (const auto& id : {a.id, b.id}) {
      threads.emplace_back([&, id] { removed += store_->users.remove(id) ? 1 : 0; });
    }
  }
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(store_->users.list()->size(), 1u);
}

TEST_P(UsersTest, the_first_admin_is_made_once) {
  std::vector<std::optional<FirstAdmin>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& one : made) {
      threads.emplace_back([&] { one = store_->users.ensure_first_admin("").value(); });
    }
  }
  int count = 0;
  for (const auto& one : made) {
    if (!one) continue;
    ++count;
    EXPECT_TRUE(one->generated);
    EXPECT_EQ(store_->users.verify("admin", one->password)->role, domain::Role::admin);
  }
  EXPECT_EQ(count, 1);
  EXPECT_FALSE(store_->users.ensure_first_admin("given-password").value());
}

TEST_P(UsersTest, a_first_password_that_nobody_has_seen_is_replaced_by_the_next_start) {
  std::string lost;
  const auto refused = store_->users.ensure_first_admin("", [&](const FirstAdmin& admin) {
    lost = admin.password;
    // It counts as soon as it is shown: who reads it may sign in at once.
    EXPECT_TRUE(store_->users.verify("admin", admin.password));
    return Result<void>(Error{kIo, "the terminal is gone"});
  });
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(kIo));
  EXPECT_TRUE(store_->users.needs_first_admin().value());

  std::vector<std::string> shown;
  const auto show = [&](const FirstAdmin& admin) {
    shown.push_back(admin.password);
    return Result<void>();
  };
  ASSERT_TRUE(store_->users.ensure_first_admin("", show).value());
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_TRUE(store_->users.verify("admin", shown.front()));
  EXPECT_FALSE(store_->users.verify("admin", lost));
  EXPECT_EQ(store_->users.list()->size(), 1U);
  EXPECT_FALSE(store_->users.needs_first_admin().value());
  EXPECT_FALSE(store_->users.ensure_first_admin("", show).value());
  EXPECT_EQ(shown.size(), 1U);
}

TEST_P(UsersTest, a_password_that_was_set_since_is_never_replaced) {
  const auto unseen = [](const FirstAdmin&) { return Result<void>(Error{kIo, "gone"}); };
  EXPECT_FALSE(store_->users.ensure_first_admin("", unseen));
  const auto admin = store_->users.find_by_name("admin").value();
  ASSERT_TRUE(store_->users.set_password(admin.id, "set by command"));
  EXPECT_FALSE(store_->users.needs_first_admin().value());
  EXPECT_FALSE(store_->users.ensure_first_admin("", unseen).value());
  EXPECT_TRUE(store_->users.verify("admin", "set by command"));
}

TEST_P(UsersTest, the_first_admin_takes_a_given_password) {
  const auto made = store_->users.ensure_first_admin("given-password").value();
  ASSERT_TRUE(made);
  EXPECT_FALSE(made->generated);
  EXPECT_TRUE(store_->users.verify("admin", "given-password"));
}

TEST_P(UsersTest, a_session_opens_with_its_token_until_it_ends) {
  const auto ada = user("ada", domain::Role::admin);
  const auto session = store_->sessions.create(ada.id, hours(1)).value();
  const auto found = store_->sessions.find(session.token);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user.username, "ada");
  EXPECT_EQ(found->user.role, domain::Role::admin);
  EXPECT_EQ(found->expires_at, session.expires_at);
  EXPECT_EQ(session.csrf_token, crypto::derived_token(session.token, "csrf"));
  EXPECT_TRUE(store_->sessions.find(found->id).error().is(kNotFound));  // The hash opens nothing.
  EXPECT_TRUE(store_->sessions.find_by_id(found->id));

  clock_.advance(std::chrono::minutes(59));
  EXPECT_TRUE(store_->sessions.find(session.token));
  EXPECT_EQ(store_->sessions.touch(found->id, hours(1)).value(), clock_.now() + hours(1));
  clock_.advance(std::chrono::minutes(59));
  EXPECT_TRUE(store_->sessions.find(session.token));
  clock_.advance(std::chrono::minutes(1));
  EXPECT_TRUE(store_->sessions.find(session.token).error().is(kNotFound));
  EXPECT_TRUE(store_->sessions.touch(found->id, hours(1)).error().is(kNotFound));
  EXPECT_EQ(store_->sessions.purge_expired().value(), 1);
}

TEST_P(UsersTest, revoking_ends_sessions_and_shows_in_the_revision) {
  const auto ada = user("ada", domain::Role::admin);
  const auto one = store_->sessions.create(ada.id, hours(1)).value();
  const auto two = store_->sessions.create(ada.id, hours(1)).value();
  const auto three = store_->sessions.create(ada.id, hours(1)).value();
  const auto before = store_->revision.current()->access;
  ASSERT_TRUE(store_->sessions.revoke(store_->sessions.find(one.token)->id));
  EXPECT_GT(store_->revision.current()->access, before);
  EXPECT_FALSE(store_->sessions.find(one.token));
  EXPECT_EQ(store_->sessions.revoke_all(ada.id, store_->sessions.find(two.token)->id).value(), 1);
  EXPECT_TRUE(store_->sessions.find(two.token));
  EXPECT_FALSE(store_->sessions.find(three.token));
}

TEST_P(UsersTest, a_new_password_or_removal_ends_all_sessions) {
  (void)user("root", domain::Role::admin);
  const auto ada = user("ada");
  const auto session = store_->sessions.create(ada.id, hours(1)).value();
  ASSERT_TRUE(store_->users.set_password(ada.id, "another-password"));
  EXPECT_FALSE(store_->sessions.find(session.token));
  EXPECT_TRUE(store_->users.verify("ada", "another-password"));
  EXPECT_FALSE(store_->users.verify("ada", "password-of-ada"));
  const auto again = store_->sessions.create(ada.id, hours(1)).value();
  ASSERT_TRUE(store_->users.remove(ada.id));
  EXPECT_FALSE(store_->sessions.find(again.token));
  EXPECT_TRUE(store_->sessions.create(ada.id, hours(1)).error().is(kNotFound));
}

TEST_P(UsersTest, a_sign_in_under_way_does_not_outlive_a_change_of_the_password) {
  const auto ada = user("ada");
  std::string hash;
  ASSERT_TRUE(store_->users.verify("ada", "password-of-ada", &hash));
  ASSERT_TRUE(store_->users.set_password(ada.id, "another-password"));
  EXPECT_TRUE(store_->sessions.create(ada.id, hours(1), hash).error().is(kBadCredentials));
  ASSERT_TRUE(store_->users.verify("ada", "another-password", &hash));
  EXPECT_TRUE(store_->sessions.create(ada.id, hours(1), hash));
}

TEST_P(UsersTest, a_changed_role_counts_at_once) {
  (void)user("root", domain::Role::admin);
  const auto ada = user("ada");
  const auto session = store_->sessions.create(ada.id, hours(1)).value();
  ASSERT_TRUE(store_->users.set_role(ada.id, domain::Role::admin));
  EXPECT_EQ(store_->sessions.find(session.token)->user.role, domain::Role::admin);
}

TEST_P(UsersTest, a_session_ends_at_last_however_often_it_is_used) {
  const auto ada = user("ada");
  const SessionLifetime lifetime(hours(12), hours(24 * 2));
  const auto session = store_->sessions.create(ada.id, lifetime).value();
  const UnixMillis end = clock_.now() + hours(24 * 2);
  const std::string id = crypto::token_hash(session.token);
  for (int hour = 6; hour < 48; hour += 6) {
    clock_.advance(hours(6));
    const auto expires = store_->sessions.touch(id, lifetime);
    ASSERT_TRUE(expires) << hour;
    EXPECT_EQ(*expires, std::min(clock_.now() + hours(12), end)) << hour;
  }
  clock_.advance(hours(6));
  EXPECT_TRUE(store_->sessions.find(session.token).error().is(kNotFound));
  EXPECT_TRUE(store_->sessions.touch(id, lifetime).error().is(kNotFound));
}

TEST_P(UsersTest, a_shorter_limit_holds_for_sessions_that_began_before) {
  const auto ada = user("ada");
  const auto session =
      store_->sessions.create(ada.id, SessionLifetime(hours(12), hours(24 * 30))).value();
  const std::string id = crypto::token_hash(session.token);
  clock_.advance(hours(11));
  EXPECT_TRUE(store_->sessions.touch(id, SessionLifetime(hours(12), hours(10))));
  EXPECT_TRUE(store_->sessions.find(session.token).error().is(kNotFound));
}

TEST_P(UsersTest, settings_keep_what_was_set_last) {
  EXPECT_FALSE(store_->settings.get("site").value());
  ASSERT_TRUE(store_->settings.set("site", "one"));
  ASSERT_TRUE(store_->settings.set("site", "two"));
  EXPECT_EQ(store_->settings.get("site").value(), "two");
}

TEST_P(UsersTest, a_user_name_is_one_in_every_spelling_and_of_one_script) {
  const auto joerg = store_->users.add("Jo\u0308rg", domain::Role::viewer, "long enough").value();
  EXPECT_EQ(joerg.username, "J\u00f6rg");
  for (const char* name : {"j\u00f6rg", "J\u00d6RG", "jo\u0308rg", "\uff2a\u00f6rg"}) {
    EXPECT_EQ(store_->users.find_by_name(name)->id, joerg.id) << name;
    EXPECT_TRUE(store_->users.verify(name, "long enough")) << name;
    EXPECT_TRUE(store_->users.add(name, domain::Role::viewer, "long enough")
                    .error()
                    .is(kAlreadyExists));
  }
  EXPECT_TRUE(store_->users.add("\u0438\u0432\u0430\u043d", domain::Role::viewer, "long enough"));
  for (const std::string& bad :
       {std::string("\u0430dmin"), std::string("a b"), std::string(65, 'x'), std::string("\xff")}) {
    EXPECT_TRUE(
        store_->users.add(bad, domain::Role::viewer, "long enough").error().is(kInvalidArgument))
        << bad;
  }
}

}  // namespace
}  // namespace surveillx::store
