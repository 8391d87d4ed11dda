#include "surveillx/attendance/record_json.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace surveillx::attendance {
namespace {

TEST(RecordJson, has_the_contract_s_members_and_the_site_s_times) {
  domain::AttendanceRecord record;
  record.person_id = PersonId::trusted("6f1d2c3b-1111-4222-8333-944455556666");
  record.person = "Ada \"A\" Lovelace";
  record.external_id = "17";
  record.day = "2026-11-23";
  record.first_seen = from_millis(1'795'417'200'000);
  record.last_seen = from_millis(1'795'430'400'123);
  record.sightings = 3;
  EXPECT_EQ(boost::json::serialize(to_json(record, TimeZone::find("Europe/Berlin").value())),
            R"({"person_id":"6f1d2c3b-1111-4222-8333-944455556666",)"
            R"("person":"Ada \"A\" Lovelace","external_id":"17","day":"2026-11-23",)"
            R"("first_seen":"2026-11-23T08:00:00.000+01:00",)"
            R"("last_seen":"2026-11-23T11:40:00.123+01:00","sightings":3,"status":"present"})");
}

}  // namespace
}  // namespace surveillx::attendance
