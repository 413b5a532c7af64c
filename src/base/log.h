// Structured logging: an event name for people, fields for machines.
//
//   Log log = root.child({{"room", "net"}});
//   log.info("listening", {{"address", "127.0.0.1:3210"}, {"cores", 2}});
//
// A Log is a cheap value that shares its sink; children carry their fields into every line. Lines go through a bounded
// buffer to one writer thread; when it is full, lines are dropped and counted (`dropped()`), never waited for.
// Secrets: values of fields whose key names a credential (token, secret, password, authorization, cookie, api_key,
// apikey and the like) are written as "[redacted]", and so is a bearer token or `sk-` key inside any string value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace promethean::base {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError, kOff };
enum class LogTime { kIso, kMillis, kNone };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  bool json = false;             // JSON lines {"ts","level","msg",...}; else pretty text (colour on a terminal)
  LogTime time = LogTime::kIso;  // kMillis: milliseconds since the epoch, as a number
  std::string file;              // empty: stderr
  uint64_t rotate_bytes = 64 << 20;
  int rotate_keep = 5;
  size_t buffer_lines = 8192;
};

// One field. Numbers and booleans keep their type in JSON.
struct LogField {
  using Value = std::variant<std::string, int64_t, double, bool>;
  std::string key;
  Value value;
  LogField(std::string k, std::string v) : key(std::move(k)), value(std::move(v)) {}
  LogField(std::string k, std::string_view v) : key(std::move(k)), value(std::string(v)) {}
  LogField(std::string k, const char* v) : key(std::move(k)), value(std::string(v)) {}
  LogField(std::string k, bool v) : key(std::move(k)), value(v) {}
  LogField(std::string k, double v) : key(std::move(k)), value(v) {}
  template <class Int>
    requires std::is_integral_v<Int>
  LogField(std::string k, Int v) : key(std::move(k)), value(static_cast<int64_t>(v)) {}
};
using LogFields = std::vector<LogField>;

class LogSink;  // log.cpp: spdlog behind it

class Log {
 public:
  Log();  // writes nowhere; for tests and defaults

  // kInvalidArgument / kPermissionDenied when the file cannot be opened. The sink flushes and stops with the last Log.
  static Result<Log> open(const LogOptions& options);

  Log child(LogFields fields) const;

  bool enabled(LogLevel level) const;
  void write(LogLevel level, std::string_view event, LogFields fields = {}) const;
  void debug(std::string_view event, LogFields fields = {}) const { write(LogLevel::kDebug, event, std::move(fields)); }
  void info(std::string_view event, LogFields fields = {}) const { write(LogLevel::kInfo, event, std::move(fields)); }
  void warn(std::string_view event, LogFields fields = {}) const { write(LogLevel::kWarn, event, std::move(fields)); }
  void error(std::string_view event, LogFields fields = {}) const { write(LogLevel::kError, event, std::move(fields)); }
  // Writes the error's message, hint, code and causes as fields.
  void error(std::string_view event, const Error& error, LogFields fields = {}) const;

  uint64_t dropped() const;  // lines lost to a full buffer since the sink was opened
  void flush() const;        // waits until what was written so far has left the process; for shutdown and tests

 private:
  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<const LogFields> fields_;
};

// "trace" … "error", "off"; nullopt for anything else.
std::optional<LogLevel> parse_log_level(std::string_view text);

// What redaction does to one string value; exposed so that others can clean text before it leaves the process.
std::string redact(std::string_view text);

}  // namespace promethean::base
