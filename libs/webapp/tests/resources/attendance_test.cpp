#include "surveillx/attendance/time_zone.hpp"

#include "running_web.hpp"

#include <gtest/gtest.h>

#include <string>

namespace surveillx::webapp {
namespace {

TEST_F(Web, attendance_is_told_by_day_in_the_sites_zone) {
  const auto person = *options_.store->people.create({"Ada Lovelace", "S-1", "3b"});
  const auto camera = options_.store->cameras.add("Entrance")->camera;
  domain::Sighting sighting;
  sighting.id = SightingId::random();
  sighting.person_id = person.id;
  sighting.camera_id = camera.id;
  sighting.at = system_clock().now();
  const auto zone = *attendance::TimeZone::find("Europe/Berlin");
  ASSERT_TRUE(options_.store->attendance.deliver(sighting, {}, zone));
  start();
  const auto token = token_of();
  const auto answer = body(get("/api/attendance", token));
  ASSERT_EQ(answer.at("records").as_array().size(), 1);
  const auto record = answer.at("records").as_array()[0].as_object();
  EXPECT_EQ(record.at("person").as_string(), "Ada Lovelace");
  EXPECT_EQ(record.at("external_id").as_string(), "S-1");
  EXPECT_EQ(text(record, "first_seen"), zone.format_rfc3339(sighting.at));
  EXPECT_EQ(text(record, "day"), text(answer, "today"));
  EXPECT_TRUE(body(get("/api/attendance?date=2001-01-01", token)).at("records").as_array().empty());
  for (const char* bad : {"date=2001-02-30", "date=yesterday", "from=2002-01-01&to=2001-01-01",
                          "from=2001-01-01&to=2003-01-01", "date=2001-01-01&to=2001-01-01"}) {
    EXPECT_EQ(get(std::string("/api/attendance?") + bad, token).status, 400) << bad;
  }
}

}  // namespace
}  // namespace surveillx::webapp
