#include "net_fixture.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace surveillx::net {
namespace {

using namespace std::chrono_literals;
using test_support::eventually;
using test_support::read_file;
using test_support::TempDir;
using test_support::write_file;

class TlsTest : public NetTest {
 protected:
  TlsTest() {
    router_->add("GET", "/hello", [](const HttpRequest& request, const HttpResponder& respond) {
      respond(HttpResponse::text(200, request.tls ? "secret" : "open"));
    });
    router_->add("POST", "/echo", [](HttpRequest request, const HttpResponder& respond) {
      respond(HttpResponse::text(200, std::move(request.body)));
    });
    router_->add_upgrade("/ws", [](const Router::Upgrade& upgrade) {
      upgrade.accept([](const WebSocketPtr& socket) {
        socket->on_message = [weak = std::weak_ptr(socket)](SharedBytes message, bool) {
          weak.lock()->send_binary(std::move(message));
        };
      });
    });
  }
  void listen_tls(const std::vector<std::string>& names = {"localhost", "127.0.0.1"}) {
    ASSERT_TRUE(ensure_self_signed_certificate(files_->certificate_file, files_->key_file, names));
    ListenOptions options;
    options.tls = files_;
    listen(options);
  }
  ClientRequest with(TlsTrust trust, const std::string& target = "/hello",
                     const std::string& host = "127.0.0.1") {
    ClientRequest request;
    request.url = "https://" + host + ":" + std::to_string(server_->port()) + target;
    request.trust = std::move(trust);
    return request;
  }
  std::string pin() { return *certificate_pin(files_->certificate_file); }

  TempDir dir_;
  std::shared_ptr<TlsFiles> files_ =
      std::make_shared<TlsFiles>(TlsFiles{dir_.file("cert.pem"), dir_.file("key.pem")});
};

TEST_F(TlsTest, the_right_pin_is_trusted_and_the_connection_reused) {
  listen_tls({});
  for (int i = 0; i < 3; ++i) {
    const auto answer = request(with({"", pin()}));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body.text(), "secret");
  }
  EXPECT_EQ(server_->stats().connections, 1U);
}

TEST_F(TlsTest, large_bodies_pass_both_ways) {
  ASSERT_TRUE(ensure_self_signed_certificate(files_->certificate_file, files_->key_file, {}));
  ListenOptions options;
  options.tls = files_;
  options.max_body_bytes = 3'000'000;
  listen(options);
  ClientRequest post = with({"", pin()}, "/echo");
  post.method = "POST";
  std::string body(2'500'000, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i * 7 % 26);
  post.body = SharedBytes(body);
  const auto answer = request(post);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->body.text() == body);
}

TEST_F(TlsTest, a_pin_may_be_written_as_openssl_prints_it) {
  listen_tls();
  std::string printed;
  const std::string plain = pin();
  for (std::size_t i = 0; i < plain.size(); i += 2) {
    printed += (i > 0 ? ":" : "");
    printed += static_cast<char>(std::toupper(plain[i]));
    printed += static_cast<char>(std::toupper(plain[i + 1]));
  }
  EXPECT_TRUE(request(with({"", printed})));
}

TEST_F(TlsTest, a_wrong_pin_is_refused_before_anything_is_sent) {
  listen_tls();
  const auto answer = request(with({files_->certificate_file, std::string(64, 'a')}));
  ASSERT_FALSE(answer) << "the pin alone decides";
  EXPECT_TRUE(answer.error().is(kTlsUntrusted));
  EXPECT_EQ(server_->stats().requests, 0U);
}

TEST_F(TlsTest, a_self_signed_certificate_is_not_trusted_without_pin_or_authority) {
  listen_tls();
  const auto answer = request(with({}));
  ASSERT_FALSE(answer);
  EXPECT_TRUE(answer.error().is(kTlsUntrusted)) << answer.error().message;
  EXPECT_TRUE(eventually([&] { return server_->stats().tls_failed == 1; }));
}

TEST_F(TlsTest, an_authority_is_trusted_for_the_certificates_names_alone) {
  listen_tls({"localhost", "127.0.0.1"});
  const TlsTrust trust{files_->certificate_file, ""};
  EXPECT_TRUE(request(with(trust)));
  EXPECT_TRUE(request(with(trust, "/hello", "localhost")));

  TempDir other;
  auto files = std::make_shared<TlsFiles>(TlsFiles{other.file("c.pem"), other.file("k.pem")});
  ASSERT_TRUE(ensure_self_signed_certificate(files->certificate_file, files->key_file,
                                             {"camera.example", "10.0.0.1"}));
  ListenOptions options;
  options.tls = files;
  listen(options);
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto answer = request(with({files->certificate_file, ""}, "/hello", host));
    ASSERT_FALSE(answer) << host;
    EXPECT_TRUE(answer.error().is(kTlsUntrusted)) << answer.error().message;
  }
}

TEST_F(TlsTest, a_missing_authority_file_is_untrusted) {
  listen_tls();
  EXPECT_TRUE(request(with({dir_.file("none.pem"), ""})).error().is(kTlsUntrusted));
}

TEST_F(TlsTest, web_sockets_work_over_tls) {
  listen_tls();
  ClientRequest ws = with({"", pin()}, "/ws");
  ws.url.replace(0, 5, "wss");
  std::mutex mutex;
  std::vector<std::string> received;
  std::vector<std::uint16_t> closes;
  const auto socket = connect(ws, {}, [&](const WebSocketPtr& s) {
    s->on_message = [&](const SharedBytes& message, bool) {
      const std::lock_guard lock(mutex);
      received.emplace_back(message.text());
    };
    s->on_close = [&](std::uint16_t code, const std::string&) {
      const std::lock_guard lock(mutex);
      closes.push_back(code);
    };
  });
  ASSERT_TRUE(socket) << socket.error().message;
  const std::vector<std::string> sent{
      "small", std::string(40'000, 'j'), "", std::string(900'000, 'k'), std::string(16'384, 'm'),
      "last"};
  on_loop([&] {
    for (const std::string& text : sent) (*socket)->send_text(SharedBytes(text));
  });
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return received.size() == sent.size();
  }));
  EXPECT_TRUE(received == sent);
  on_loop([&] { (*socket)->close(1000, ""); });
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return !closes.empty();
  }));
  EXPECT_EQ(closes, std::vector<std::uint16_t>{1000});
  EXPECT_TRUE(eventually([&] { return server_->connection_count() == 0; }));

  ws.trust.pin_sha256 = std::string(64, '0');
  EXPECT_TRUE(connect(ws).error().is(kTlsUntrusted));
}

TEST_F(TlsTest, plain_http_to_a_tls_port_is_ended) {
  listen_tls();
  RawSocket socket(server_->port());
  socket.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(socket.read_all().find("HTTP/1.1 200"), std::string::npos);
  EXPECT_TRUE(eventually([&] { return server_->stats().tls_failed == 1; }));
}

TEST_F(TlsTest, a_server_is_destroyed_while_clients_are_in_the_middle_of_things) {
  listen_tls();
  RawSocket silent(server_->port());  // In the handshake.
  ASSERT_TRUE(request(with({"", pin()})));
  ASSERT_TRUE(eventually([&] { return server_->connection_count() == 2; }));
  server_.reset();
  EXPECT_EQ(silent.read_all(), "");
}

TEST_F(TlsTest, unusable_files_are_bad_certificate) {
  ASSERT_TRUE(ensure_self_signed_certificate(dir_.file("a.pem"), dir_.file("a.key"), {}));
  ASSERT_TRUE(ensure_self_signed_certificate(dir_.file("b.pem"), dir_.file("b.key"), {}));
  write_file(dir_.file("junk"), "junk");
  for (const TlsFiles& files : {TlsFiles{dir_.file("a.pem"), dir_.file("b.key")},
                                TlsFiles{dir_.file("junk"), dir_.file("a.key")},
                                TlsFiles{dir_.file("a.pem"), dir_.file("none")}}) {
    ListenOptions options;
    options.tls = std::make_shared<TlsFiles>(files);
    const auto server = HttpServer::listen(loop_, router_, options);
    ASSERT_FALSE(server);
    EXPECT_TRUE(server.error().is(kBadCertificate));
  }
  EXPECT_TRUE(certificate_pin(dir_.file("junk")).error().is(kBadCertificate));
  EXPECT_TRUE(certificate_pin(dir_.file("none")).error().is(kBadCertificate));
  EXPECT_TRUE(ensure_self_signed_certificate(dir_.file("junk"), dir_.file("a.key"), {})
                  .error()
                  .is(kBadCertificate));
  EXPECT_TRUE(ensure_self_signed_certificate(dir_.file("a.pem"), dir_.file("junk"), {})
                  .error()
                  .is(kBadCertificate));
  EXPECT_TRUE(ensure_self_signed_certificate("/nowhere/at/all/c.pem", "/nowhere/at/all/k.pem", {})
                  .error()
                  .is(kIo));
}

TEST_F(TlsTest, processes_that_start_at_once_end_up_with_one_pair) {
  for (int round = 0; round < 10; ++round) {
    TempDir dir;
    const TlsFiles files{dir.file("c.pem"), dir.file("k.pem")};
    std::vector<std::thread> starting;
    std::vector<std::string> pins(4);
    for (std::string& pin : pins) {
      starting.emplace_back([&files, &pin] {
        EXPECT_TRUE(ensure_self_signed_certificate(files.certificate_file, files.key_file, {"a"}));
        pin = certificate_pin(files.certificate_file).value();
      });
    }
    for (std::thread& thread : starting) thread.join();
    for (const std::string& pin : pins) EXPECT_EQ(pin, pins[0]) << "somebody was told another one";
    ListenOptions options;
    options.tls = std::make_shared<TlsFiles>(files);
    const auto server = HttpServer::listen(loop_, router_, options);
    EXPECT_TRUE(server) << server.error().message;
  }
}

TEST_F(TlsTest, a_certificate_is_made_once_with_a_private_key_file_and_no_leftovers) {
  const std::string cert = files_->certificate_file;
  const std::string key = files_->key_file;
  ASSERT_TRUE(ensure_self_signed_certificate(cert, key, {"cam.example", "::1"}));
  struct stat info {};
  ASSERT_EQ(::stat(key.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 2);

  const std::string first = read_file(cert);
  ASSERT_TRUE(ensure_self_signed_certificate(cert, key, {"other.example"}));
  EXPECT_EQ(read_file(cert), first);

  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(first.data(), -1), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> x(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
  ASSERT_TRUE(x);
  EXPECT_EQ(X509_check_host(x.get(), "cam.example", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(x.get(), "evil.example", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(x.get(), "::1", 0), 1);
  const std::time_t now = std::time(nullptr);
  std::time_t nine_years = now + 9LL * 365 * 24 * 3600;
  std::time_t eleven_years = now + 11LL * 365 * 24 * 3600;
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(x.get()), &nine_years), 0);
  EXPECT_LT(X509_cmp_time(X509_get0_notAfter(x.get()), &eleven_years), 0);
}

}  // namespace
}  // namespace surveillx::net
