// The supervisor with children that are shell scripts, and a scripted client that answers /health.
#include "llm/local/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>

namespace promethean::llm::local {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using State = Supervisor::State;

class HealthResponse final : public http::ClientResponse {
 public:
  explicit HealthResponse(std::string body) : body_(std::move(body)) { status = 200; }
  async::Task<base::Result<http::Chunk>> next(async::Context&) override {
    co_return body_.empty() ? http::Chunk() : http::make_chunk(std::exchange(body_, {}));
  }

 private:
  std::string body_;
};

class ScriptedClient final : public http::Client {
 public:
  async::Task<base::Result<std::unique_ptr<http::ClientResponse>>> send(async::Context&,
                                                                        http::ClientRequest request) override {
    ++probes;
    url = request.url;
    if (body.empty()) co_return base::fail(base::Code::kUnavailable, "connection refused");
    std::unique_ptr<http::ClientResponse> response = std::make_unique<HealthResponse>(body);
    co_return response;
  }
  std::string body = R"({"status":"ok","busy":false,"waiting":0})";  // empty: not there
  int probes = 0;
  std::string url;
};

class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    options_.model_path = "/proc/self/exe";  // any file that can be read
    options_.socket_path = testing::TempDir() + "supervisor-test.sock";
    options_.program = "/bin/sh";
    options_.first_backoff = milliseconds(10);
    options_.stop_grace = milliseconds(2'000);
    script("exec sleep 1000");
  }
  ~SupervisorTest() override {
    if (!supervisor_) return;
    bool stopped = false;
    async::asio::co_spawn(io_, supervisor_->stop(), [&stopped](std::exception_ptr) { stopped = true; });
    run_until([&stopped] { return stopped; });
  }

  void script(const std::string& text) { options_.arguments = {"-c", text}; }
  Supervisor& start() {
    supervisor_ = std::make_unique<Supervisor>(io_.get_executor(), client_, base::Log(), options_);
    return *supervisor_;
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto give_up = base::steady_now() + std::chrono::seconds(30);
    while (!condition() && base::steady_now() < give_up) io_.run_one_for(milliseconds(50));
    EXPECT_TRUE(condition()) << "nothing happened for 30 s";
  }

  static async::Task<void> acquire(Supervisor& supervisor, async::Context& ctx,
                                   std::optional<base::Result<std::string>>& out) {
    auto url = co_await supervisor.acquire(ctx);
    out = std::move(url);
  }
  base::Result<std::string> acquire() {
    async::Context ctx(io_.get_executor());
    std::optional<base::Result<std::string>> url;
    async::asio::co_spawn(io_, acquire(*supervisor_, ctx, url), async::asio::detached);
    run_until([&url] { return url.has_value(); });
    return url.value_or(base::fail(base::Code::kInternal, "no answer"));
  }

  async::asio::io_context io_{1};
  // Keeps the loop going while nothing is to do.
  async::asio::executor_work_guard<async::Executor> keep_{io_.get_executor()};
  ScriptedClient client_;
  SupervisorOptions options_;
  std::unique_ptr<Supervisor> supervisor_;
};

TEST_F(SupervisorTest, StartsNothingBeforeSomebodyAsks) {
  start();
  io_.poll();
  EXPECT_EQ(supervisor_->status().state, State::kUnloaded);
  EXPECT_EQ(supervisor_->status().starts, 0);
}

TEST_F(SupervisorTest, GivesTheAddressOfAHealthyChild) {
  start();
  EXPECT_EQ(acquire().value(), "unix:" + options_.socket_path + ":");
  EXPECT_EQ(client_.url, "unix:" + options_.socket_path + ":/health");
  EXPECT_EQ(supervisor_->status().state, State::kReady);
  EXPECT_GT(supervisor_->status().pid, 0);
}

TEST_F(SupervisorTest, StartsOneChildForManyCallers) {
  start();
  ASSERT_TRUE(acquire());
  ASSERT_TRUE(acquire());
  EXPECT_EQ(supervisor_->status().starts, 1);
}

TEST_F(SupervisorTest, GivesItsModelAndSocketToTheWorkerCommand) {
  options_.program = "/bin/echo";
  options_.arguments = {};
  client_.body.clear();
  start();
  const auto url = acquire();
  ASSERT_FALSE(url);
  EXPECT_THAT(url.error().message(), HasSubstr("worker --model /proc/self/exe --socket " + options_.socket_path));
}

TEST_F(SupervisorTest, StartsAgainAfterAKill) {
  start();
  ASSERT_TRUE(acquire());
  const int first = supervisor_->status().pid;
  ::kill(first, SIGKILL);
  run_until([this] { return supervisor_->status().failures_in_a_row == 1; });
  EXPECT_EQ(supervisor_->status().last_failure, "killed by signal 9");
  ASSERT_TRUE(acquire());
  EXPECT_NE(supervisor_->status().pid, first);
  EXPECT_EQ(supervisor_->status().restarts, 1);
}

TEST_F(SupervisorTest, GivesUpOnACrashLoopAndSaysWhy) {
  script("echo out of memory >&2; exit 3");
  client_.body.clear();
  start();
  const auto began = base::steady_now();
  const auto url = acquire();
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code(), base::Code::kUnavailable);
  EXPECT_THAT(url.error().message(), HasSubstr("exit status 3: out of memory"));
  EXPECT_EQ(supervisor_->status().starts, 5);
  EXPECT_GE(base::steady_now() - began, milliseconds(10 + 20 + 40 + 80))
      << "it waited between the starts, twice as long each time";
}

TEST_F(SupervisorTest, TriesAgainOnDemandAfterACrashLoop) {
  script("exit 3");
  client_.body.clear();
  start();
  ASSERT_FALSE(acquire());
  run_until([this] { return !acquire() && supervisor_->status().starts > 5; });
}

TEST_F(SupervisorTest, ForgetsFailuresAfterAHealthyWhile) {
  options_.healthy_after = milliseconds(0);
  start();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(acquire());
    const int starts = supervisor_->status().starts;
    ::kill(supervisor_->status().pid, SIGKILL);
    run_until([this, starts] { return supervisor_->status().starts > starts; });
    EXPECT_EQ(supervisor_->status().failures_in_a_row, 1);
  }
}

TEST_F(SupervisorTest, RefusesWithoutTheModelFile) {
  options_.model_path = "/nowhere/model.gguf";
  start();
  const auto url = acquire();
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code(), base::Code::kNotFound);
  EXPECT_THAT(url.error().hint(), HasSubstr("fetch-assets"));
  EXPECT_EQ(supervisor_->status().starts, 0);
}

TEST_F(SupervisorTest, RefusesASocketPathThatTheKernelCannotTake) {
  options_.socket_path = "/tmp/" + std::string(120, 'x');
  start();
  const auto url = acquire();
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code(), base::Code::kInvalidArgument);
}

TEST_F(SupervisorTest, KillsAChildThatNeverBecomesHealthy) {
  client_.body.clear();
  options_.start_timeout = milliseconds(50);
  start();
  const auto url = acquire();
  ASSERT_FALSE(url);
  EXPECT_THAT(url.error().message(), HasSubstr("killed by signal 9"));
}

TEST_F(SupervisorTest, UnloadsAnIdleChildAndStartsItAgainOnDemand) {
  options_.idle_unload = milliseconds(30);
  start();
  ASSERT_TRUE(acquire());
  run_until([this] { return supervisor_->status().state == State::kUnloaded; });
  EXPECT_EQ(supervisor_->status().pid, 0);
  EXPECT_EQ(supervisor_->status().failures_in_a_row, 0) << "leaving when asked is no failure";
  ASSERT_TRUE(acquire());
  EXPECT_EQ(supervisor_->status().starts, 2);
  EXPECT_EQ(supervisor_->status().restarts, 0);
}

TEST_F(SupervisorTest, DoesNotUnloadAChildThatIsStillAnswering) {
  options_.idle_unload = milliseconds(20);
  client_.body = R"({"status":"ok","busy":true,"waiting":0})";
  start();
  ASSERT_TRUE(acquire());
  const int probes = client_.probes;
  run_until([this, probes] { return client_.probes >= probes + 3; });
  EXPECT_EQ(supervisor_->status().state, State::kReady);
}

TEST_F(SupervisorTest, KillsAChildThatDoesNotLeaveWhenAsked) {
  script("trap '' TERM; while :; do sleep 1; done");
  options_.stop_grace = milliseconds(50);
  start();
  ASSERT_TRUE(acquire());
  const int pid = supervisor_->status().pid;
  bool stopped = false;
  async::asio::co_spawn(io_, supervisor_->stop(), [&stopped](std::exception_ptr) { stopped = true; });
  run_until([&stopped] { return stopped; });
  EXPECT_EQ(::kill(pid, 0), -1);
  const auto url = acquire();
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code(), base::Code::kUnavailable);
}

TEST_F(SupervisorTest, LetsACallerLeaveWhileTheChildStarts) {
  client_.body.clear();
  start();
  async::Context ctx(io_.get_executor());
  std::optional<base::Result<std::string>> url;
  async::asio::co_spawn(io_, acquire(*supervisor_, ctx, url), async::asio::detached);
  run_until([this] { return supervisor_->status().state == State::kStarting; });
  ctx.cancel();
  run_until([&url] { return url.has_value(); });
  ASSERT_FALSE(*url);
  EXPECT_EQ(url->error().code(), base::Code::kCancelled);
}

}  // namespace
}  // namespace promethean::llm::local
