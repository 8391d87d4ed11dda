#pragma once

#include "surveillx/store/store.hpp"
#include "surveillx/test_support/postgres_server.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace surveillx::store {

/// Runs a suite on a fresh SQLite file and on a fresh PostgreSQL database: TEST_P(MyTest, ...) with
/// SURVEILLX_ON_BOTH_DATABASES(MyTest).
class OnBothDatabases : public testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override {
    options_.data_dir = dir_.path();
    if (GetParam() == DatabaseKind::postgresql) {
      auto* server = test_support::PostgresServer::shared();
      if (server == nullptr) GTEST_SKIP() << "no PostgreSQL server on this machine";
      options_.url = server->create_database();
    }
    options_.schema = SchemaPolicy::migrate;
  }

  [[nodiscard]] std::shared_ptr<Store> open_store() {
    auto opened = Store::open(options_, keys_, clock_, crypto::PasswordCost::minimal);
    if (!opened) throw Failure(opened.error());
    return *opened;
  }

  test_support::TempDir dir_;
  DatabaseOptions options_;
  crypto::KeyRing keys_ = crypto::KeyRing::ephemeral();
  ManualClock clock_;
};

/// With a store already open.
class StoreTest : public OnBothDatabases {
 protected:
  void SetUp() override {
    OnBothDatabases::SetUp();
    if (!IsSkipped()) store_ = open_store();
  }

  [[nodiscard]] domain::Person person(const std::string& name) {
    return store_->people.create({.name = name, .external_id = "", .group = ""}).value();
  }

  std::shared_ptr<Store> store_;
};

}  // namespace surveillx::store

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): googletest offers no other way.
#define SURVEILLX_ON_BOTH_DATABASES(suite)                           \
  INSTANTIATE_TEST_SUITE_P(                                          \
      , suite,                                                       \
      testing::Values(::surveillx::store::DatabaseKind::sqlite,      \
                      ::surveillx::store::DatabaseKind::postgresql), \
      [](const auto& chosen) { return std::string(::surveillx::store::to_string(chosen.param)); })
