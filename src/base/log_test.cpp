#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/fd.h"
#include "base/hash.h"
#include "base/log_format.h"
#include "base/redact.h"
#include "base/strings.h"

namespace promethean::base {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const WallTime kNow = WallTime(std::chrono::milliseconds(1'764'029'841'123));

std::string line(std::string_view event, const LogFields& fields, bool json = true) {
  return format_line({.json = json}, kNow, LogLevel::kInfo, event, {}, fields);
}

class LogFile : public testing::Test {
 protected:
  LogFile() {
    options_.file = std::filesystem::temp_directory_path() / ("log_test_" + random_hex(6) + ".log");
    options_.json = true;
    options_.time = LogTime::kNone;
  }
  ~LogFile() override {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::temp_directory_path())) {
      const std::string stem = std::filesystem::path(options_.file).stem();
      if (entry.path().filename().string().starts_with(stem)) std::filesystem::remove(entry.path());
    }
  }
  std::string text() const { return read_file(options_.file).value_or(""); }

  LogOptions options_;
};

TEST(LogFormat, JsonKeepsOrderAndTypes) {
  EXPECT_EQ(line("listening", {{"address", "127.0.0.1:1"}, {"cores", 2}, {"ratio", 0.5}, {"tls", false}}),
            R"({"ts":"2025-11-25T00:17:21.123Z","level":"info","msg":"listening","address":"127.0.0.1:1","cores":2,)"
            R"("ratio":0.5,"tls":false})");
}

TEST(LogFormat, PrettyQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(line("started", {{"path", "/a/b"}, {"title", "two words"}, {"none", ""}}, false),
            R"(2025-11-25T00:17:21.123Z info  started path=/a/b title="two words" none="")");
}

TEST(LogFormat, TimeFormats) {
  const LogStyle millis{.json = true, .time = LogTime::kMillis};
  EXPECT_EQ(format_line(millis, kNow, LogLevel::kWarn, "x", {}, {}),
            R"({"ts":1764029841123,"level":"warn","msg":"x"})");
  const LogStyle none{.json = true, .time = LogTime::kNone};
  EXPECT_EQ(format_line(none, kNow, LogLevel::kError, "x", {}, {}), R"({"level":"error","msg":"x"})");
}

TEST(LogFormat, ACallsFieldReplacesTheLoggersOwn) {
  const std::string out = format_line({.json = true, .time = LogTime::kNone}, kNow, LogLevel::kInfo, "x",
                                      {{"room", "net"}, {"id", 1}}, {{"id", 2}});
  EXPECT_EQ(out, R"({"level":"info","msg":"x","room":"net","id":2})");
}

TEST(LogFormat, AFieldCannotPoseAsTheLevel) {
  EXPECT_THAT(line("x", {{"level", "error"}, {"msg", "y"}}), HasSubstr(R"("level_":"error","msg_":"y")"));
}

TEST(LogFormat, NothingBreaksOutOfItsLine) {
  const std::string evil = "a\nb\r\x1b[2J\x7f\xC2\x9B|\xE2\x80\xA8|\xE2\x80\xAE|\"\\";
  for (const bool json : {true, false}) {
    const std::string out = line(evil, {{"k" + evil, evil}}, json);
    for (const char c : out) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << out;
    EXPECT_THAT(out, AllOf(Not(HasSubstr("\x7f")), Not(HasSubstr("\xC2\x9B")), Not(HasSubstr("\xE2\x80\xA8")),
                           Not(HasSubstr("\xE2\x80\xAE"))));
  }
  EXPECT_THAT(line("x", {{"k", "a\nb\x1b"}}), HasSubstr(R"("k":"a\nb\u001b")"));
}

TEST(LogFormat, InvalidUtf8AndInfinityStayReadable) {
  EXPECT_THAT(line("x", {{"k", "a\xFF"}, {"n", 1.0 / 0.0}}), HasSubstr("\"k\":\"a\xEF\xBF\xBD\",\"n\":null"));
}

TEST(LogFormat, LongValuesAreCutAndSaySo) {
  const std::string out = line("x", {{"k", std::string(100'000, 'a')}});
  EXPECT_LT(out.size(), 10'000U);
  EXPECT_THAT(out, HasSubstr("bytes more"));
}

TEST(LogFormat, SecretsByName) {
  for (const char* key : {"token", "API_KEY", "x-api-key", "Authorization", "set-cookie", "db_password", "clientSecret",
                          "AUTH_TOKENS", "access_token", "AWS_SECRET_ACCESS_KEY"}) {
    EXPECT_THAT(line("x", {{key, "hunter2"}}), AllOf(HasSubstr("[redacted]"), Not(HasSubstr("hunter2")))) << key;
  }
  for (const char* key : {"prompt_tokens", "max_tokens", "path", "tokenizer", "author", "keyboard"}) {
    EXPECT_THAT(line("x", {{key, "hunter2"}}), HasSubstr("hunter2")) << key;
  }
}

struct Case {
  const char* in;
  const char* out;
};

TEST(Redact, SecretsInsideText) {
  const Case cases[] = {
      {"Authorization: Bearer abc.def-ghi", "Authorization: [redacted]"},
      {"got bearer s3cr3t from it", "got bearer [redacted] from it"},
      {"Basic dXNlcjpwYXNzd29yZA==", "Basic [redacted]"},
      {"key sk-proj-abcdef0123 used", "key [redacted] used"},
      {"pmt_0123456789abcdef", "[redacted]"},
      {"ghp_abcdefghijklmnop and xoxb-12345678-abc", "[redacted] and [redacted]"},
      {"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt [redacted] end"},
      {"GET /x?token=abc&n=1", "GET /x?token=[redacted]&n=1"},
      {"GET /x?n=1&api_key=abc HTTP/1.1", "GET /x?n=1&api_key=[redacted] HTTP/1.1"},
      {R"({"password":"a b, \"c\"","n":1})", R"({"password":"[redacted]","n":1})"},
      {R"({\"api_key\":\"abc\",\"n\":1})", R"({\"api_key\":\"[redacted]\",\"n\":1})"},
      {"Cookie: a=b; session=c, d\nnext", "Cookie: [redacted]\nnext"},
      {"x-api-key: abc, n", "x-api-key: [redacted], n"},
      {"postgres://me:pass@db/x", "postgres://[redacted]@db/x"},
      {"AUTH_TOKENS=one,two", "AUTH_TOKENS=[redacted]"},
      {"run --token abc --n 1", "run --token [redacted] --n 1"},
      {"run --api-key=abc", "run --api-key=[redacted]"},
      {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nx", "[redacted]\nx"},
      {"-----BEGIN PRIVATE KEY-----\nMIIE", "[redacted]"},
  };
  for (const Case& one : cases) EXPECT_EQ(redact(one.in), one.out) << one.in;
}

TEST(Redact, OrdinaryTextStays) {
  for (const char* text : {"missing bearer token", "a task-list of sk-learn", "basic authentication", "max_tokens=12",
                           "http://127.0.0.1:11434/api/chat", "mail me@example.org", "a token is missing",
                           "eyJ is how a token begins", ""}) {
    EXPECT_EQ(redact(text), text);
  }
}

TEST(Redact, TwiceIsOnce) {
  for (const char* text : {"Bearer abc", "token=abc", R"("secret": "x")", "https://u:p@h", "Cookie: a=b"}) {
    EXPECT_EQ(redact(redact(text)), redact(text));
  }
}

TEST_F(LogFile, ChildrenCarryTheirFields) {
  {
    const Log root = Log::open(options_).value();
    const Log child = root.child({{"room", "net"}}).child({{"id", 7}});
    child.info("hello");
    child.error("failed", Error(Code::kNotFound, "no file", "look again").wrap("open"));
    root.debug("not shown");
  }
  EXPECT_EQ(text(),
            "{\"level\":\"info\",\"msg\":\"hello\",\"room\":\"net\",\"id\":7}\n"
            "{\"level\":\"error\",\"msg\":\"failed\",\"room\":\"net\",\"id\":7,\"code\":\"not_found\","
            "\"error\":\"open: no file\",\"hint\":\"look again\",\"cause\":\"no file\"}\n");
}

TEST_F(LogFile, FlushWaitsForWhatWasWritten) {
  const Log log = Log::open(options_).value();
  for (int i = 0; i < 1'000; ++i) log.info("line", {{"i", i}});
  log.flush();
  EXPECT_THAT(text(), HasSubstr("\"i\":999"));
}

TEST_F(LogFile, AFullBufferDropsAndCounts) {
  options_.buffer_lines = 4;
  const Log log = Log::open(options_).value();
  constexpr uint64_t kLines = 20'000;
  for (uint64_t i = 0; i < kLines; ++i) log.info("line");
  log.flush();
  const std::string written = text();
  const auto lines = static_cast<uint64_t>(std::ranges::count(written, '\n'));
  EXPECT_EQ(lines + log.dropped(), kLines);
  EXPECT_GT(log.dropped(), 0U);
}

TEST_F(LogFile, RotatesAndKeepsOnlySoMany) {
  options_.rotate_bytes = 1'000;
  options_.rotate_keep = 2;
  {
    const Log log = Log::open(options_).value();
    for (int i = 0; i < 200; ++i) log.info("a line of some length", {{"i", i}});
  }
  const std::string base = options_.file.substr(0, options_.file.size() - 4);
  EXPECT_LE(text().size(), 1'000U);
  EXPECT_TRUE(std::filesystem::exists(base + ".1.log"));
  EXPECT_TRUE(std::filesystem::exists(base + ".2.log"));
  EXPECT_FALSE(std::filesystem::exists(base + ".3.log"));
  struct stat info{};
  ASSERT_EQ(::stat(options_.file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(LogFile, ManyThreadsWriteWholeLines) {
  options_.buffer_lines = 100'000;
  {
    const Log log = Log::open(options_).value();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([log] {
        for (int i = 0; i < 500; ++i) log.info("x", {{"text", "abc def"}});
      });
    }
    for (auto& thread : threads) thread.join();
  }
  const std::string written = text();
  const auto lines = split(trim(written), '\n');
  EXPECT_EQ(lines.size(), 2'000U);
  for (const auto& one : lines) EXPECT_EQ(one, R"({"level":"info","msg":"x","text":"abc def"})");
}

TEST(Log, OpenSaysWhyAFileCannotBeWritten) {
  LogOptions options;
  options.file = "/proc/nowhere/x.log";
  const auto log = Log::open(options);
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().message(), HasSubstr("/proc/nowhere/x.log"));
}

TEST(Log, WithoutASinkItIsSilent) {
  const Log log;
  EXPECT_FALSE(log.enabled(LogLevel::kError));
  log.error("nothing");
  log.flush();
  EXPECT_EQ(log.dropped(), 0U);
}

TEST(Log, LevelNames) {
  EXPECT_EQ(parse_log_level("warn"), LogLevel::kWarn);
  EXPECT_EQ(parse_log_level("off"), LogLevel::kOff);
  EXPECT_EQ(parse_log_level("WARN"), std::nullopt);
}

}  // namespace
}  // namespace promethean::base
