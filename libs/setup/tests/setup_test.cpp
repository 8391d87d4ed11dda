#include "surveillx/setup/database.hpp"
#include "surveillx/setup/engine.hpp"
#include "surveillx/setup/keys.hpp"
#include "surveillx/setup/tls.hpp"
#include "surveillx/test_support/support.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <utility>

namespace surveillx::setup {
namespace {

TEST(Setup, a_server_opens_the_configured_database_and_changes_no_schema) {
  config::Config config;
  config.database.url = "sqlite:/somewhere/x.db";
  config.database.connections = 7;
  config.data_dir = "/data";
  const auto options = database_options(config);
  EXPECT_EQ(options.url, "sqlite:/somewhere/x.db");
  EXPECT_EQ(options.data_dir, "/data");
  EXPECT_EQ(options.connections, 7U);
  EXPECT_EQ(options.schema, store::SchemaPolicy::require_current);
  EXPECT_EQ(options.busy_timeout, store::DatabaseOptions().busy_timeout);
  config.database.connections = 0;
  EXPECT_EQ(database_options(config).connections, 1U);
  EXPECT_EQ(database_options(config, store::SchemaPolicy::migrate).schema,
            store::SchemaPolicy::migrate);
}

TEST(Setup, every_engine_of_the_configuration_has_its_name) {
  config::Config config;
  for (const auto& [engine, name] : {std::pair{config::Engine::auto_, "auto"},
                                     std::pair{config::Engine::yunet_dlib, "yunet+dlib"},
                                     std::pair{config::Engine::yunet_onnx, "yunet+onnx"},
                                     std::pair{config::Engine::builtin, "builtin"}}) {
    config.vision.engine = engine;
    EXPECT_EQ(engine_options(config).name, name);
    EXPECT_EQ(command_engine_options(config).name, name);
  }
}

TEST(Setup, a_command_asks_an_engine_one_at_a_time_unless_told_otherwise) {
  config::Config config;
  EXPECT_EQ(engine_options(config).threads, 0);
  EXPECT_EQ(command_engine_options(config).threads, 1);
  config.vision.threads = 3;
  EXPECT_EQ(engine_options(config).threads, 3);
  EXPECT_EQ(command_engine_options(config).threads, 3);
}

TEST(Setup, who_only_looks_makes_no_keys) {
  const test_support::TempDir dir;
  config::Config config;
  config.security.key_file = dir.file("keys/master.key");
  const auto missing = load_keys(config);
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().is(crypto::kKeyFileMissing));
  const auto made = load_or_create_keys(config);
  ASSERT_TRUE(made);
  const auto found = load_keys(config);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id(), made->id());
}

TEST(Setup, without_tls_there_is_neither_certificate_nor_pin) {
  EXPECT_EQ(tls_files(std::nullopt), nullptr);
  const auto pin = prepare_tls(std::nullopt);
  ASSERT_TRUE(pin);
  EXPECT_TRUE(pin->empty());
}

TEST(Setup, a_self_signed_certificate_is_made_once_and_one_that_is_given_is_checked) {
  const test_support::TempDir dir;
  config::Tls tls{dir.file("tls/c.pem"), dir.file("tls/k.pem"), true, {"door.example"}};
  const auto pin = prepare_tls(tls);
  ASSERT_TRUE(pin) << pin.error().message;
  EXPECT_EQ(pin->size(), 64U);
  EXPECT_EQ(*prepare_tls(tls), *pin);
  const auto files = tls_files(tls);
  ASSERT_TRUE(files);
  EXPECT_EQ(files->certificate_file, tls.certificate);
  EXPECT_EQ(files->key_file, tls.key);
  EXPECT_TRUE(files->self_signed);
  EXPECT_EQ(files->names, tls.names);

  tls = {dir.file("other.pem"), dir.file("tls/k.pem"), false, {}};
  const auto refused = prepare_tls(tls);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(net::kBadCertificate));
  EXPECT_FALSE(std::filesystem::exists(tls.certificate));
}

}  // namespace
}  // namespace surveillx::setup
