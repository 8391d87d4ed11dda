#include "net_fixture.hpp"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>
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
  ASSERT_TRUE(ensure_self_signed_certificate(cert, key, {"::1"}));
  EXPECT_EQ(read_file(cert), first) << "nothing is missing in it";

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

/// A certificate as an operator brings one, made by OpenSSL's own tool.
void make_with_openssl(const TlsFiles& files, const std::string& more, const std::string& key = {}) {
  const std::string made = key.empty() ? " -newkey rsa:2048 -nodes -keyout '" + files.key_file + "'"
                                       : " -key '" + key + "'";
  const std::string command = "openssl req -x509 -subj /CN=cam.test -out '" +
                              files.certificate_file + "'" + made + " " + more + " 2>/dev/null";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

std::int64_t days_left(const std::string& file) {
  return read_certificate_info(file).value().days_left(std::chrono::system_clock::now());
}

TEST_F(TlsTest, the_pin_is_of_the_public_key_as_openssl_computes_it) {
  make_with_openssl(*files_, "-days 30 -addext subjectAltName=DNS:cam.test,IP:10.0.0.1");
  const std::string out = dir_.file("pin");
  const std::string command = "openssl x509 -in '" + files_->certificate_file +
                              "' -pubkey -noout | openssl pkey -pubin -outform der | sha256sum > '" +
                              out + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_file(out).substr(0, 64), pin());
  const auto info = read_certificate_info(files_->certificate_file).value();
  EXPECT_TRUE(info.self_signed);
  EXPECT_EQ(info.names, (std::vector<std::string>{"cam.test", "10.0.0.1"}));
  EXPECT_EQ(info.days_left(std::chrono::system_clock::now()), 29);
}

TEST_F(TlsTest, a_renewal_with_the_same_key_stays_trusted_and_pins_of_certificates_still_work) {
  make_with_openssl(*files_, "-days 30");
  const std::string before = pin();
  const TlsFiles renewed{dir_.file("renewed.pem"), files_->key_file};
  make_with_openssl(renewed, "-days 60", files_->key_file);
  ASSERT_NE(read_file(renewed.certificate_file), read_file(files_->certificate_file));
  ListenOptions options;
  options.tls = std::make_shared<TlsFiles>(renewed);
  listen(options);
  EXPECT_TRUE(request(with({"", before})));

  const std::string out = dir_.file("fingerprint");
  ASSERT_EQ(std::system(("openssl x509 -in '" + renewed.certificate_file +
                         "' -noout -sha256 -fingerprint | cut -d= -f2 | tr -d '\\n' > '" + out + "'")
                            .c_str()),
            0);
  EXPECT_TRUE(request(with({"", read_file(out)}))) << "a pin that was given out earlier";
}

TEST_F(TlsTest, a_configured_certificate_is_trusted_itself_whatever_it_is_called) {
  make_with_openssl(*files_, "-days 30 -addext subjectAltName=DNS:cam.test");
  ListenOptions options;
  options.tls = files_;
  listen(options);
  TlsTrust trust;
  trust.certificate_file = files_->certificate_file;
  const auto answer = request(with(trust));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body.text(), "secret");
  ClientRequest ws = with(trust, "/ws");
  ws.url.replace(0, 5, "wss");
  const auto socket = connect(ws);
  ASSERT_TRUE(socket) << socket.error().message;
  on_loop([&] { (*socket)->abort(); });

  const TlsFiles other{dir_.file("other.pem"), dir_.file("other.key")};
  make_with_openssl(other, "-days 30 -addext subjectAltName=IP:127.0.0.1");
  trust.certificate_file = other.certificate_file;
  EXPECT_TRUE(request(with(trust)).error().is(kTlsUntrusted)) << "another key";
  trust.certificate_file = dir_.file("none.pem");
  EXPECT_TRUE(request(with(trust)).error().is(kTlsUntrusted));
}

TEST_F(TlsTest, changed_files_serve_new_connections_and_leave_old_ones_alone) {
  make_with_openssl(*files_, "-days 30");
  const std::string first = pin();
  ListenOptions options;
  options.tls = files_;
  options.tls_poll_interval = 5ms;
  listen(options);
  ASSERT_TRUE(request(with({"", first})));  // Kept open by the client.
  ClientRequest ws = with({"", first}, "/ws");
  ws.url.replace(0, 5, "wss");
  std::promise<std::string> echoed;
  const auto socket = connect(ws, {}, [&](const WebSocketPtr& s) {
    s->on_message = [&](const SharedBytes& message, bool) {
      echoed.set_value(std::string(message.text()));
    };
  });
  ASSERT_TRUE(socket);
  const auto connections = server_->stats().connections;

  // The certificate comes first and its key a moment later, as by `cp`.
  const TlsFiles next{dir_.file("next.pem"), dir_.file("next.key")};
  make_with_openssl(next, "-days 60");
  std::filesystem::copy_file(next.certificate_file, files_->certificate_file,
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(eventually([&] { return server_->stats().certificate_refused >= 1; }));
  EXPECT_EQ(server_->stats().certificate_reloads, 0U);
  {
    std::promise<Result<HttpResponse>> answer;
    std::unique_ptr<HttpClient> fresh;
    on_loop([&] {
      fresh = std::make_unique<HttpClient>(loop_);
      fresh->request(with({"", first}),
                     [&](Result<HttpResponse> r) { answer.set_value(std::move(r)); });
    });
    EXPECT_TRUE(answer.get_future().get()) << "half a pair: the one from before stays in use";
    on_loop([&] { fresh.reset(); });
  }
  std::filesystem::copy_file(next.key_file, files_->key_file,
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(eventually([&] { return server_->stats().certificate_reloads == 1; }));
  EXPECT_GT(*server_->stats().certificate_expires,
            std::chrono::system_clock::now() + std::chrono::hours(24 * 50));

  const auto renewed = request(with({"", certificate_pin(next.certificate_file).value()}));
  ASSERT_TRUE(renewed) << renewed.error().message;
  // One for the half pair, one now.
  EXPECT_EQ(server_->stats().connections, connections + 2);
  EXPECT_TRUE(request(with({"", first}))) << "the kept connection is still the old one";
  EXPECT_EQ(server_->stats().connections, connections + 2);
  on_loop([&] { (*socket)->send_text(SharedBytes(std::string("still here"))); });
  EXPECT_EQ(echoed.get_future().get(), "still here");
  on_loop([&] { (*socket)->abort(); });
}

TEST_F(TlsTest, a_file_that_vanishes_is_told_and_the_certificate_stays_in_use) {
  make_with_openssl(*files_, "-days 30");
  const std::string first = pin();
  ListenOptions options;
  options.tls = files_;
  options.tls_poll_interval = 5ms;
  listen(options);
  std::filesystem::remove(files_->key_file);
  ASSERT_TRUE(eventually([&] { return server_->stats().certificate_refused >= 1; }));
  EXPECT_TRUE(request(with({"", first})));
}

TEST_F(TlsTest, our_own_certificate_is_renewed_with_its_key_before_it_ends) {
  make_with_openssl(*files_, "-days 20 -addext subjectAltName=DNS:localhost,IP:127.0.0.1");
  const std::string before = pin();
  const std::string key = read_file(files_->key_file);
  ASSERT_TRUE(ensure_self_signed_certificate(files_->certificate_file, files_->key_file,
                                             {"localhost", "127.0.0.1"}));
  EXPECT_GT(days_left(files_->certificate_file), 3'000);
  EXPECT_EQ(pin(), before);
  EXPECT_EQ(read_file(files_->key_file), key);
}

TEST_F(TlsTest, our_own_certificate_is_renewed_with_its_key_when_a_name_is_missing) {
  const std::string cert = files_->certificate_file;
  ASSERT_TRUE(ensure_self_signed_certificate(cert, files_->key_file, {"localhost", "FD00:0::1"}));
  const std::string before = pin();
  const std::string first = read_file(cert);
  ASSERT_TRUE(ensure_self_signed_certificate(cert, files_->key_file, {"localhost", "FD00:0::1"}));
  EXPECT_EQ(read_file(cert), first);
  ASSERT_TRUE(ensure_self_signed_certificate(cert, files_->key_file, {"localhost", "10.9.8.7"}));
  EXPECT_EQ(pin(), before);
  EXPECT_EQ(read_certificate_info(cert).value().names,
            (std::vector<std::string>{"localhost", "10.9.8.7"}));
  std::filesystem::remove(cert);
  ASSERT_TRUE(ensure_self_signed_certificate(cert, files_->key_file, {"localhost"}));
  EXPECT_EQ(pin(), before) << "the key that clients know is kept";
}

TEST_F(TlsTest, a_server_of_ours_makes_its_certificate_for_all_that_the_machine_is_called) {
  files_->self_signed = true;
  files_->names = {"cameras.example"};
  ListenOptions options;
  options.tls = files_;
  listen(options);
  const auto names = read_certificate_info(files_->certificate_file).value().names;
  for (const std::string& name : machine_names()) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  for (const char* name : {"localhost", "127.0.0.1", "::1", "cameras.example"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

}  // namespace
}  // namespace surveillx::net
