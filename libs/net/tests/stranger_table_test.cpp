#include "surveillx/net/stranger_table.hpp"

#include <gtest/gtest.h>

namespace surveillx::net {
namespace {

using Rank = StrangerTable::Rank;
using Id = StrangerTable::Id;

/// Adds connections `first`.. of one address.
void add(StrangerTable& table, const std::string& group, Id first, std::size_t count,
         Rank rank = Rank::idle) {
  for (Id id = first; id < first + count; ++id) {
    table.add(id, group, false);
    table.set_rank(id, rank);
  }
}

TEST(StrangerTable, with_room_nobody_gives_way) {
  StrangerTable table(10, 5);
  add(table, "a", 1, 4);
  const auto verdict = table.newcomer("a", false);
  EXPECT_TRUE(verdict.accept);
  EXPECT_FALSE(verdict.evict);
}

TEST(StrangerTable, when_full_the_address_that_holds_most_gives_its_longest_idle) {
  StrangerTable table(10, 8);
  add(table, "few", 1, 3);
  add(table, "many", 10, 7);
  table.set_rank(10, Rank::busy);
  table.set_rank(11, Rank::unfinished);
  table.set_rank(11, Rank::idle);  // Idle since just now.
  const auto verdict = table.newcomer("new", false);
  EXPECT_TRUE(verdict.accept);
  EXPECT_EQ(verdict.evict, Id{12});
}

TEST(StrangerTable, idle_ones_go_before_unfinished_and_those_before_busy_ones) {
  StrangerTable table(6, 6);
  add(table, "a", 1, 4, Rank::busy);
  add(table, "b", 5, 1, Rank::unfinished);
  add(table, "c", 6, 1);
  for (const Id expected : {Id{6}, Id{5}, Id{1}}) {
    EXPECT_EQ(table.least(), expected);
    table.remove(expected);
  }
}

TEST(StrangerTable, who_was_let_in_never_gives_way_and_takes_no_place_of_its_address) {
  StrangerTable table(4, 2);
  add(table, "a", 1, 2);
  EXPECT_TRUE(table.newcomer("a", false).evict);
  table.admit(1);
  table.admit(2);
  EXPECT_FALSE(table.newcomer("a", false).evict);
  add(table, "a", 3, 2);
  table.admit(3);
  table.admit(4);
  const auto verdict = table.newcomer("b", false);
  EXPECT_FALSE(verdict.accept) << "nobody can go";
  EXPECT_FALSE(verdict.by_address);
  EXPECT_EQ(table.size(), 4U);
  EXPECT_EQ(table.strangers(), 0U);
  table.remove(3);
  EXPECT_TRUE(table.newcomer("b", false).accept);
}

TEST(StrangerTable, an_address_over_its_own_bound_pays_with_its_own) {
  StrangerTable table(100, 3);
  add(table, "other", 1, 2);
  add(table, "a", 10, 3);
  auto verdict = table.newcomer("a", false);
  EXPECT_TRUE(verdict.accept && verdict.by_address);
  EXPECT_EQ(verdict.evict, Id{10});
  for (Id id = 10; id < 13; ++id) table.set_rank(id, Rank::busy);
  verdict = table.newcomer("a", false);
  EXPECT_FALSE(verdict.accept);
  EXPECT_TRUE(verdict.by_address);
}

TEST(StrangerTable, a_proxy_is_bounded_in_sum_alone_and_gives_only_what_is_idle) {
  StrangerTable table(5, 2);
  for (Id id = 1; id <= 5; ++id) {
    EXPECT_TRUE(table.newcomer("proxy", true).accept);
    EXPECT_FALSE(table.newcomer("proxy", true).by_address);
    table.add(id, "proxy", true);
    table.set_rank(id, Rank::busy);
  }
  EXPECT_FALSE(table.newcomer("b", false).accept);
  table.set_rank(3, Rank::idle);
  EXPECT_EQ(table.newcomer("b", false).evict, Id{3});
}

TEST(StrangerTable, many_addresses_with_one_each_give_way_as_well) {
  StrangerTable table(50, 10);
  for (Id id = 1; id <= 50; ++id) table.add(id, "address " + std::to_string(id), false);
  for (Id id = 51; id < 500; ++id) {
    const auto verdict = table.newcomer("new " + std::to_string(id), false);
    ASSERT_TRUE(verdict.accept && verdict.evict);
    table.remove(*verdict.evict);
    table.add(id, "new " + std::to_string(id), false);
  }
  EXPECT_EQ(table.size(), 50U);
  EXPECT_EQ(table.strangers(), 50U);
  EXPECT_TRUE(table.pressed());
}

}  // namespace
}  // namespace surveillx::net
