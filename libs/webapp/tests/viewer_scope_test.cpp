#include "hub_fixture.hpp"
#include "scope_of.hpp"

#include <boost/json/serialize.hpp>

#include <set>
#include <string>

// What a viewer may see, whichever way it would come.
namespace surveillx::webapp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class LimitedViewer : public Hub {
 protected:
  LimitedViewer() {
    entrance_.group = "outside";
    hall_.group = "inside";
    hub_.set_cameras({entrance_, hall_});
    groups_[ada_] = "7a";
    groups_[bob_] = "7b";
  }

  static domain::ViewerScope cameras(domain::ViewerScope::Groups groups) {
    domain::ViewerScope scope;
    scope.camera_groups = std::move(groups);
    return scope;
  }
  static domain::ViewerScope people(domain::ViewerScope::Groups groups) {
    domain::ViewerScope scope;
    scope.people_groups = std::move(groups);
    return scope;
  }
  static json::object face(std::int64_t track, const PersonId& person, const char* name) {
    return {{"track_id", track}, {"box", {0.1, 0.1, 0.2, 0.2}},
            {"status", "known"}, {"person_id", person.str()},
            {"name", name},      {"confidence", 0.9}};
  }
  static json::object stranger(std::int64_t track) {
    return {{"track_id", track},   {"box", {0.5, 0.1, 0.2, 0.2}},
            {"status", "unknown"}, {"person_id", nullptr},
            {"name", nullptr},     {"confidence", 0.8}};
  }
  bool attendance(const PersonId& person, const domain::Camera* camera = nullptr) {
    live::Attendance told;
    told.person_id = person;
    told.name = "somebody";
    told.day = "2026-11-23";
    told.status = "present";
    if (camera != nullptr) told.camera_id = camera->id;
    return hub_.media_event(kNode, "attendance", socketio::one_object(told.to_json()));
  }
  static std::set<std::string> cameras_told(const FakeViewer& viewer) {
    std::set<std::string> ids;
    for (const auto& sent : viewer.of("camera")) {
      ids.emplace(sent.payload.at("camera_id").as_string());
    }
    return ids;
  }

  const PersonId ada_ = PersonId::random();
  const PersonId bob_ = PersonId::random();
  const PersonId nobody_ = PersonId::random();  ///< In no group that anybody knows.
};

TEST_F(LimitedViewer, is_told_of_its_cameras_only) {
  const auto viewer = connect(nullptr, cameras({"inside"}));
  EXPECT_THAT(cameras_told(*viewer), ElementsAre(hall_.id.str()));
  viewer->events.clear();
  EXPECT_TRUE(tell(entrance_, "live"));
  EXPECT_TRUE(tell(hall_, "live", "Hall"));
  EXPECT_THAT(cameras_told(*viewer), ElementsAre(hall_.id.str()));
}

TEST_F(LimitedViewer, is_not_told_that_a_camera_it_may_not_see_was_removed) {
  const auto viewer = connect(nullptr, cameras({"inside"}));
  viewer->events.clear();
  hub_.set_cameras({hall_});
  EXPECT_THAT(viewer->events, IsEmpty());
}

TEST_F(LimitedViewer, gets_no_picture_of_another_camera_watched_or_not) {
  ViewerId id = 0;
  const auto viewer = connect(&id, cameras({"inside"}));
  clock_.advance(1s);
  hub_.tick();
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_TRUE(frame(hall_, 1));
  ASSERT_EQ(viewer->frames.size(), 1);
  EXPECT_EQ(viewer->frames[0].payload.at("camera_id").as_string(), hall_.id.str());
  (void)watch(id, {{"cameras", {entrance_.id.str()}}});
  clock_.advance(1s);
  EXPECT_TRUE(frame(entrance_, 2));
  EXPECT_TRUE(frame(hall_, 2));
  EXPECT_EQ(viewer->frames.size(), 1);
}

TEST_F(LimitedViewer, watches_and_demands_no_more_than_it_may_see) {
  ViewerId id = 0;
  (void)connect(&id, cameras({"inside"}));
  auto answer = watch(id, json::object());
  EXPECT_EQ(json::serialize(answer.at("cameras")), "[\"" + hall_.id.str() + "\"]");
  EXPECT_FALSE(demands_.back().cameras.contains(entrance_.id));
  EXPECT_TRUE(demands_.back().cameras.contains(hall_.id));
  answer = watch(id, {{"cameras", {entrance_.id.str(), hall_.id.str()}}});
  EXPECT_TRUE(answer.at("ok").as_bool());
  EXPECT_EQ(json::serialize(answer.at("cameras")), "[\"" + hall_.id.str() + "\"]");
  answer = watch(id, {{"cameras", {entrance_.id.str()}}});
  EXPECT_THAT(answer.at("cameras").as_array(), IsEmpty());
  EXPECT_TRUE(demands_.back().cameras.empty());
}

TEST_F(LimitedViewer, gets_no_detection_of_another_camera) {
  const auto viewer = connect_and_watch({}, nullptr, cameras({"inside"}));
  EXPECT_TRUE(detection(entrance_));
  EXPECT_TRUE(detection(hall_));
  ASSERT_EQ(viewer->of("detection").size(), 1);
  EXPECT_EQ(viewer->of("detection")[0].payload.at("camera_id").as_string(), hall_.id.str());
}

TEST_F(LimitedViewer, sees_people_of_other_groups_as_unknown) {
  const auto limited = connect_and_watch({}, nullptr, people({"7a"}));
  const auto unlimited = connect_and_watch({});
  EXPECT_TRUE(detection(
      hall_, {face(1, ada_, "Ada"), face(2, bob_, "Bob"), face(3, nobody_, "Eve"), stranger(4)}));
  ASSERT_EQ(limited->of("detection").size(), 1);
  const auto payload = limited->of("detection")[0].payload;
  const auto& faces = payload.at("faces").as_array();
  ASSERT_EQ(faces.size(), 4);
  EXPECT_EQ(faces[0].at("name").as_string(), "Ada");
  EXPECT_EQ(faces[0].at("status").as_string(), "known");
  for (const std::size_t hidden : {1U, 2U}) {
    EXPECT_EQ(faces[hidden].at("status").as_string(), "unknown") << hidden;
    EXPECT_TRUE(faces[hidden].at("person_id").is_null()) << hidden;
    EXPECT_TRUE(faces[hidden].at("name").is_null()) << hidden;
    EXPECT_EQ(faces[hidden].at("confidence").as_double(), 0.9) << hidden << ": as a stranger's";
    EXPECT_EQ(faces[hidden].at("box").as_array().size(), 4) << "the face is in the picture";
  }
  EXPECT_EQ(faces[3].at("confidence").as_double(), 0.8);
  ASSERT_EQ(unlimited->of("detection").size(), 1);
  const auto whole = unlimited->of("detection")[0].payload;
  EXPECT_EQ(whole.at("faces").at(1).at("name").as_string(), "Bob");
}

TEST_F(LimitedViewer, a_detection_is_encoded_once_for_all_who_may_see_the_same) {
  const auto all = connect_and_watch({});
  const auto seventh = connect_and_watch({}, nullptr, people({"7a", "7b"}));
  const auto first = connect_and_watch({}, nullptr, people({"7a"}));
  const auto second = connect_and_watch({}, nullptr, people({"7a", "8c"}));
  const auto before = kept_.size();
  EXPECT_TRUE(detection(hall_, {face(1, ada_, "Ada"), face(2, bob_, "Bob")}));
  EXPECT_EQ(kept_.size() - before, 2);
  EXPECT_EQ(all->of("detection")[0].encoded, seventh->of("detection")[0].encoded);
  EXPECT_EQ(first->of("detection")[0].encoded, second->of("detection")[0].encoded);
  EXPECT_NE(all->of("detection")[0].encoded, first->of("detection")[0].encoded);
}

TEST_F(LimitedViewer, hears_of_the_attendance_of_its_people_only) {
  const auto viewer = connect(nullptr, people({"7a"}));
  EXPECT_TRUE(attendance(bob_));
  EXPECT_TRUE(attendance(nobody_));
  EXPECT_THAT(viewer->of("attendance"), IsEmpty());
  EXPECT_TRUE(attendance(ada_));
  EXPECT_EQ(viewer->of("attendance").size(), 1);
  live::Attendance found;
  found.person_id = bob_;
  found.day = "2026-11-23";
  found.status = "present";
  hub_.tell_attendance(found);
  EXPECT_EQ(viewer->of("attendance").size(), 1) << "what the database tells is limited as well";
}

TEST_F(LimitedViewer, does_not_learn_at_which_camera_it_may_not_see_somebody_was) {
  const auto viewer = connect(nullptr, cameras({"inside"}));
  const auto removed = camera(9, "Removed");
  EXPECT_TRUE(attendance(ada_, &entrance_));
  EXPECT_TRUE(attendance(ada_, &hall_));
  EXPECT_TRUE(attendance(ada_, &removed));
  const auto told = viewer->of("attendance");
  ASSERT_EQ(told.size(), 3);
  EXPECT_TRUE(told[0].payload.at("camera_id").is_null());
  EXPECT_EQ(told[1].payload.at("camera_id").as_string(), hall_.id.str());
  EXPECT_TRUE(told[2].payload.at("camera_id").is_null());
}

TEST_F(LimitedViewer,
       loses_a_camera_that_moves_to_another_group_and_gets_one_that_moves_to_its_own) {
  const auto viewer = connect_and_watch({}, nullptr, cameras({"inside"}));
  const auto unlimited = connect_and_watch({});
  EXPECT_TRUE(tell(entrance_, "live"));
  viewer->events.clear();
  unlimited->events.clear();
  std::swap(entrance_.group, hall_.group);
  hub_.set_cameras({entrance_, hall_});
  const auto told = viewer->of("camera");
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[0].payload.at("camera_id").as_string(), entrance_.id.str());
  EXPECT_EQ(told[0].payload.at("state").as_string(), "live");
  EXPECT_EQ(told[1].payload.at("camera_id").as_string(), hall_.id.str());
  EXPECT_EQ(told[1].payload.at("state").as_string(), "removed");
  EXPECT_THAT(unlimited->events, IsEmpty());
  EXPECT_TRUE(frame(hall_, 1));
  EXPECT_THAT(viewer->frames, IsEmpty());
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_EQ(viewer->frames.size(), 1);
}

TEST_F(LimitedViewer, does_not_learn_the_new_name_of_a_camera_that_it_loses) {
  const auto loses = connect(nullptr, cameras({"inside"}));
  const auto gets = connect(nullptr, cameras({"outside"}));
  loses->events.clear();
  gets->events.clear();
  hall_.group = "outside";
  hall_.name = "Vault";
  hub_.set_cameras({entrance_, hall_});
  ASSERT_EQ(loses->of("camera").size(), 1);
  EXPECT_EQ(loses->of("camera")[0].payload.at("state").as_string(), "removed");
  EXPECT_EQ(loses->of("camera")[0].payload.at("name").as_string(), "Hall");
  ASSERT_FALSE(gets->of("camera").empty());
  EXPECT_EQ(gets->of("camera").back().payload.at("name").as_string(), "Vault");
}

TEST_F(LimitedViewer, gets_no_picture_that_waited_when_it_lost_the_camera) {
  ViewerId id = 0;
  const auto viewer = connect_and_watch({}, &id);
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_TRUE(frame(hall_, 1));
  ASSERT_EQ(viewer->slots.size(), 2);
  hub_.set_scope(id, cameras({"inside"}));
  EXPECT_THAT(viewer->dropped, ElementsAre(viewer->slots[0]));
  hub_.set_cameras({entrance_});
  EXPECT_EQ(viewer->dropped.back(), viewer->slots[1]) << "nor of one that was removed";
}

TEST_F(LimitedViewer, another_role_or_other_limits_hold_at_once) {
  ViewerId id = 0;
  const auto viewer = connect_and_watch({}, &id);
  viewer->events.clear();
  hub_.set_scope(id, cameras({"inside"}));
  ASSERT_EQ(viewer->of("camera").size(), 1);
  EXPECT_EQ(viewer->of("camera")[0].payload.at("camera_id").as_string(), entrance_.id.str());
  EXPECT_EQ(viewer->of("camera")[0].payload.at("state").as_string(), "removed");
  EXPECT_FALSE(demands_.back().cameras.contains(entrance_.id));
  EXPECT_TRUE(frame(entrance_, 1));
  EXPECT_TRUE(detection(entrance_));
  EXPECT_THAT(viewer->frames, IsEmpty());
  EXPECT_THAT(viewer->of("detection"), IsEmpty());

  viewer->events.clear();
  auto admin = cameras({"inside"});
  admin.role = domain::Role::admin;
  hub_.set_scope(id, admin);
  EXPECT_THAT(cameras_told(*viewer), ElementsAre(entrance_.id.str()));
  EXPECT_TRUE(demands_.back().cameras.contains(entrance_.id));
  EXPECT_TRUE(frame(entrance_, 2));
  EXPECT_EQ(viewer->frames.size(), 1);

  viewer->events.clear();
  hub_.set_scope(id, admin);
  hub_.set_scope(id + 1, admin);
  EXPECT_THAT(viewer->events, IsEmpty()) << "nothing has changed";
}

TEST_F(LimitedViewer, an_administrator_sees_everything) {
  auto scope = cameras({});
  scope.people_groups.emplace();
  scope.role = domain::Role::admin;
  const auto viewer = connect_and_watch({}, nullptr, scope);
  EXPECT_THAT(cameras_told(*viewer), UnorderedElementsAre(entrance_.id.str(), hall_.id.str()));
  EXPECT_TRUE(attendance(nobody_, &entrance_));
  EXPECT_EQ(viewer->of("attendance").size(), 1);
}

TEST(ScopeOf, a_session_brings_its_user_s_role_and_nobody_is_limited_yet) {
  store::Session session;
  session.user.role = domain::Role::operator_;
  const auto scope = scope_of(session);
  EXPECT_EQ(scope.role, domain::Role::operator_);
  const char* const first = "limits have to hold in the resources that scope_of.hpp names first";
  EXPECT_TRUE(scope.sees_all_cameras()) << first;
  EXPECT_TRUE(scope.sees_all_people()) << first;
}

}  // namespace
}  // namespace surveillx::webapp
