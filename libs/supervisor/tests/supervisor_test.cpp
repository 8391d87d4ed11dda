#include "surveillx/supervisor/supervisor.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "surveillx/supervisor/notify.hpp"
#include "surveillx/test_support/support.hpp"

namespace surveillx::supervisor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test_support::eventually;
using test_support::read_file;

ChildSpec shell(const std::string& name, const std::string& script) {
  ChildSpec spec;
  spec.name = name;
  spec.argv = {"/bin/sh", "-c", script};
  spec.restart = {milliseconds(1), milliseconds(5), seconds(20)};
  return spec;
}

/// This test's own binary image as a child that calls notify_ready and notify_alive.
ChildSpec notifying(const std::string& name, const std::string& mode) {
  ChildSpec spec;
  spec.name = name;
  spec.argv = {"/proc/self/exe", "--gtest_filter=NotifyChild.says_ready"};
  spec.environment = {{"SUPERVISOR_TEST_CHILD", mode}};
  spec.restart = {milliseconds(1), milliseconds(5), seconds(20)};
  return spec;
}

bool alive(pid_t pid) { return kill(pid, 0) == 0; }

std::size_t lines_of(const std::string& file) {
  try {
    const std::string text = read_file(file);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  } catch (const std::exception&) {
    return 0;
  }
}

TEST(Supervisor, a_child_that_dies_is_started_again_until_a_stop_is_asked_for) {
  const test_support::TempDir dir;
  const std::string log = dir.file("starts");
  Supervisor* self = nullptr;
  int exits = 0;
  SupervisorEvents events;
  events.on_exit = [&](const std::string& child, const std::string& reason, bool restarting) {
    EXPECT_EQ(child, "flaky");
    EXPECT_EQ(reason, "exit 3");
    if (++exits == 3) self->request_stop();
    EXPECT_TRUE(restarting);
  };
  auto supervisor = Supervisor::create(events).value();
  self = supervisor.get();
  supervisor->add(shell("flaky", "echo start >> " + log + "; exit 3"));
  ASSERT_TRUE(supervisor->run(seconds(5)));
  EXPECT_GE(lines_of(log), 3U);
}

TEST(Supervisor, a_final_exit_code_is_not_tried_again) {
  Supervisor* self = nullptr;
  SupervisorEvents events;
  events.on_exit = [&](const std::string&, const std::string&, bool restarting) {
    EXPECT_FALSE(restarting);
    self->request_stop();
  };
  auto supervisor = Supervisor::create(events).value();
  self = supervisor.get();
  ChildSpec spec = shell("camera", "exit 1");
  spec.final_exit_codes = {1};
  supervisor->add(spec);
  ASSERT_TRUE(supervisor->run(seconds(5)));
}

TEST(Supervisor, a_child_that_ignores_the_request_to_stop_is_killed_after_the_grace_time) {
  const test_support::TempDir dir;
  const std::string pid_file = dir.file("pid");
  auto supervisor = Supervisor::create({}).value();
  supervisor->add(shell("stubborn", "trap '' TERM; echo $$ > " + pid_file +
                                        "; while :; do sleep 0.05; done"));
  std::thread stopper([&] {
    EXPECT_TRUE(eventually([&] { return lines_of(pid_file) == 1; }));
    supervisor->request_stop();
  });
  ASSERT_TRUE(supervisor->run(milliseconds(200)));
  stopper.join();
  EXPECT_FALSE(alive(std::stoi(read_file(pid_file))));
}

TEST(Supervisor, readiness_is_reported_once_and_only_from_the_child_itself) {
  int ready = 0;
  Supervisor* self = nullptr;
  SupervisorEvents events;
  events.on_ready = [&](const std::string& child, const std::string& status) {
    ++ready;
    EXPECT_EQ(child, "web");
    EXPECT_EQ(status, "listening on 5000");
    self->request_stop();
  };
  auto supervisor = Supervisor::create(events).value();
  self = supervisor.get();
  supervisor->add(notifying("web", "ready for the status"));
  ASSERT_TRUE(supervisor->run(seconds(5)));
  EXPECT_EQ(ready, 1);
}

/// The reasons of the first `count` ends of one child.
std::vector<std::string> ends_of(ChildSpec spec, std::size_t count,
                                 std::function<void(pid_t)> on_ready = {}) {
  std::vector<std::string> reasons;
  Supervisor* self = nullptr;
  SupervisorEvents events;
  events.on_ready = [&](const std::string&, const std::string& status) {
    if (on_ready) on_ready(std::stoi(status));
  };
  events.on_exit = [&](const std::string&, const std::string& reason, bool) {
    // It may be started once more before the stop is seen.
    if (reasons.size() < count) reasons.push_back(reason);
    if (reasons.size() == count) self->request_stop();
  };
  auto supervisor = Supervisor::create(events).value();
  self = supervisor.get();
  supervisor->add(std::move(spec));
  EXPECT_TRUE(supervisor->run(seconds(5)));
  return reasons;
}

TEST(Supervisor, a_child_whose_heart_stops_is_killed_and_started_again) {
  ChildSpec spec = notifying("web", "ready");
  spec.heartbeat = milliseconds(200);
  EXPECT_EQ(ends_of(spec, 2), (std::vector<std::string>(2, "no heartbeat for 200 ms")));
}

TEST(Supervisor, a_stopped_child_is_killed_and_started_again) {
  ChildSpec spec = notifying("web", "beats");
  spec.heartbeat = milliseconds(500);
  const auto stop = [](pid_t pid) { kill(pid, SIGSTOP); };
  EXPECT_EQ(ends_of(spec, 2, stop), (std::vector<std::string>(2, "no heartbeat for 500 ms")));
}

TEST(Supervisor, a_child_that_never_becomes_ready_is_killed_after_its_start_limit) {
  ChildSpec spec = shell("web", "exec sleep 600");
  spec.heartbeat = milliseconds(10);
  spec.start_limit = milliseconds(200);
  EXPECT_EQ(ends_of(spec, 1), std::vector<std::string>{"not ready within 200 ms"});
}

TEST(Supervisor, a_child_that_beats_lives_and_so_does_one_that_nobody_watches) {
  // The beating child ends by itself after twice its limit and more.
  ChildSpec beating = notifying("web", "beats for 4 s");
  beating.heartbeat = milliseconds(1500);
  EXPECT_EQ(ends_of(beating, 1), std::vector<std::string>{"exit 7"});
  EXPECT_EQ(ends_of(shell("camera", "sleep 0.3; exit 4"), 1), std::vector<std::string>{"exit 4"});
}

TEST(Supervisor, a_supervisor_that_could_not_run_itself_does_not_blame_its_children) {
  // The handler keeps the loop for longer than the limit, while the child goes on beating.
  ChildSpec spec = notifying("web", "beats for 4 s");
  spec.heartbeat = milliseconds(1500);
  const auto stall = [](pid_t) { std::this_thread::sleep_for(milliseconds(2500)); };
  EXPECT_EQ(ends_of(spec, 1, stall), std::vector<std::string>{"exit 7"});
}

// Runs as the child of the tests above; without its environment there is nothing to check.
TEST(NotifyChild, says_ready) {
  const char* mode = std::getenv("SUPERVISOR_TEST_CHILD");
  if (mode == nullptr) {
    EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
    EXPECT_FALSE(heartbeat_interval());
    notify_ready("nobody listens");
    notify_alive();
    return;
  }
  ASSERT_NE(std::getenv("NOTIFY_SOCKET"), nullptr);
  if (mode == std::string_view("ready for the status")) {
    EXPECT_FALSE(heartbeat_interval());
    notify_ready("listening on 5000");
    pause();
  }
  notify_ready(std::to_string(getpid()));
  if (mode == std::string_view("ready")) pause();
  const auto every = heartbeat_interval();
  ASSERT_TRUE(every);
  const auto until = std::chrono::steady_clock::now() + seconds(4);
  while (mode == std::string_view("beats") || std::chrono::steady_clock::now() < until) {
    notify_alive();
    std::this_thread::sleep_for(*every);
  }
  _exit(7);
}

TEST(Supervisor, a_stop_that_was_asked_for_before_the_children_starts_none) {
  const test_support::TempDir dir;
  const std::string log = dir.file("ran");
  auto supervisor = Supervisor::create({}).value();
  supervisor->add(shell("worker", "echo ran >> " + log));
  EXPECT_FALSE(supervisor->stop_requested());
  kill(getpid(), SIGINT);
  EXPECT_TRUE(supervisor->stop_requested());
  EXPECT_TRUE(supervisor->stop_requested());
  ASSERT_TRUE(supervisor->run(seconds(5)));
  EXPECT_EQ(lines_of(log), 0U);
}

TEST(Supervisor, a_signal_that_a_library_s_thread_takes_reaches_it_all_the_same) {
  std::atomic<bool> done = false;
  std::atomic<bool> runs = false;
  std::thread careless([&] {  // Before the supervisor, as a library's constructor would.
    runs = true;
    while (!done) std::this_thread::yield();
  });
  ASSERT_TRUE(eventually([&] { return runs.load(); }));
  auto supervisor = Supervisor::create({}).value();
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return supervisor->stop_requested(); }));
  done = true;
  careless.join();
}

TEST(Supervisor, children_die_with_a_supervisor_that_is_killed) {
  const test_support::TempDir dir;
  const std::string pid_file = dir.file("pid");
  const pid_t supervisor_pid = fork();
  ASSERT_GE(supervisor_pid, 0);
  if (supervisor_pid == 0) {
    auto supervisor = Supervisor::create({}).value();
    supervisor->add(shell("worker", "echo $$ > " + pid_file + "; exec sleep 600"));
    (void)supervisor->run(seconds(5));
    _exit(0);
  }
  ASSERT_TRUE(eventually([&] { return lines_of(pid_file) == 1; }));
  const pid_t child = std::stoi(read_file(pid_file));
  ASSERT_TRUE(alive(child));
  kill(supervisor_pid, SIGKILL);
  waitpid(supervisor_pid, nullptr, 0);
  EXPECT_TRUE(eventually([&] {
    // An orphan that init has not reaped yet is a zombie: dead, though kill(2) still finds it.
    try {
      const std::string stat = read_file("/proc/" + std::to_string(child) + "/stat");
      return stat.find(") Z") != std::string::npos;
    } catch (const std::exception&) {
      return true;
    }
  }));
}

TEST(Supervisor, a_program_that_does_not_exist_is_tried_again_and_does_not_stop_the_others) {
  const test_support::TempDir dir;
  const std::string log = dir.file("ran");
  auto supervisor = Supervisor::create({}).value();
  ChildSpec missing = shell("missing", "");
  missing.argv = {dir.file("no-such-program")};
  supervisor->add(missing);
  supervisor->add(shell("fine", "echo ran >> " + log + "; exec sleep 600"));
  std::thread stopper([&] {
    EXPECT_TRUE(eventually([&] { return lines_of(log) == 1; }));
    supervisor->request_stop();
  });
  ASSERT_TRUE(supervisor->run(seconds(5)));
  stopper.join();
}

}  // namespace
}  // namespace surveillx::supervisor
