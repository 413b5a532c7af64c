#include "base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "base/log_format.h"
#include "base/strings.h"

namespace promethean::base {

namespace {
// Counts what the writer thread has finished, and flushes whenever it has caught up.
class CountingSink final : public spdlog::sinks::sink {
 public:
  explicit CountingSink(spdlog::sink_ptr below) : below_(std::move(below)) {}

  void log(const spdlog::details::log_msg& message) override {
    try {
      below_->log(message);
    } catch (...) {  // a full disk: spdlog reports it on stderr, and flush() must not wait for this line
      written_.fetch_add(1);
      throw;
    }
    const uint64_t done = written_.fetch_add(1) + 1;
    if (done + lost() >= submitted.load()) below_->flush();
  }
  void flush() override { below_->flush(); }
  void set_pattern(const std::string& pattern) override { below_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    below_->set_formatter(std::move(formatter));
  }

  uint64_t written() const { return written_.load(); }
  uint64_t lost() const { return pool_counter(); }

  std::atomic<uint64_t> submitted{0};
  std::function<uint64_t()> pool_counter;

 private:
  spdlog::sink_ptr below_;
  std::atomic<uint64_t> written_{0};
};

spdlog::sink_ptr open_sink(const LogOptions& options) {
  if (options.file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  spdlog::file_event_handlers handlers;
  // Logs name people's files and questions: nobody else's business.
  handlers.after_open = [](const std::string&, std::FILE* file) { (void)::fchmod(::fileno(file), 0600); };
  const auto keep = static_cast<size_t>(std::max(options.rotate_keep, 1));
  return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, std::max<size_t>(options.rotate_bytes, 1),
                                                                keep, false, handlers);
}
}  // namespace

// Lines are made on the calling thread (so that no reference outlives the call) and written by the pool's one thread.
class LogSink {
 public:
  LogSink(const LogOptions& options, const spdlog::sink_ptr& below)
      : level(options.level),
        counting_(std::make_shared<CountingSink>(below)),
        pool_(std::make_shared<spdlog::details::thread_pool>(std::max<size_t>(options.buffer_lines, 1), 1)),
        logger_(std::make_shared<spdlog::async_logger>("promethean", counting_, pool_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    style_.json = options.json;
    style_.time = options.time;
    style_.colour = options.file.empty() && ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    counting_->pool_counter = [pool = pool_.get()] { return pool->overrun_counter(); };
    logger_->set_pattern("%v");
    logger_->set_level(spdlog::level::trace);
  }
  ~LogSink() {
    flush();
    logger_.reset();
    pool_.reset();  // joins the writer
  }

  void write(LogLevel at, std::string_view event, const LogFields& own, const LogFields& call) {
    const std::string line = format_line(style_, wall_now(), at, event, own, call);
    counting_->submitted.fetch_add(1);
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }

  uint64_t dropped() const { return pool_->overrun_counter(); }

  void flush() {
    const uint64_t goal = counting_->submitted.load();
    while (counting_->written() + dropped() < goal) ::usleep(500);
    counting_->flush();
  }

  const LogLevel level;

 private:
  LogStyle style_;
  std::shared_ptr<CountingSink> counting_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

Log::Log() = default;

Result<Log> Log::open(const LogOptions& options) {
  try {
    Log log;
    log.sink_ = std::make_shared<LogSink>(options, open_sink(options));
    return log;
  } catch (const std::exception& e) {
    const Error error = options.file.empty() ? Error(Code::kInternal, e.what()) : errno_error(errno, options.file);
    return fail(error.wrap("log").with_hint("choose a file that can be written"));
  }
}

Log Log::child(LogFields fields) const {
  Log log = *this;
  auto all = std::make_shared<LogFields>(fields_ ? *fields_ : LogFields());
  for (LogField& field : fields) all->push_back(std::move(field));
  log.fields_ = std::move(all);
  return log;
}

bool Log::enabled(LogLevel level) const {
  return sink_ && level >= sink_->level && level != LogLevel::kOff;
}

void Log::write(LogLevel level, std::string_view event, LogFields fields) const {
  if (!enabled(level)) return;
  static const LogFields kNone;
  sink_->write(level, event, fields_ ? *fields_ : kNone, fields);
}

void Log::error(std::string_view event, const Error& error, LogFields fields) const {
  if (!enabled(LogLevel::kError)) return;
  fields.emplace_back("code", code_name(error.code()));
  fields.emplace_back("error", error.message());
  if (!error.hint().empty()) fields.emplace_back("hint", error.hint());
  const Error* root = error.cause();
  while (root != nullptr && root->cause() != nullptr) root = root->cause();
  if (root != nullptr) fields.emplace_back("cause", root->message());
  write(LogLevel::kError, event, std::move(fields));
}

uint64_t Log::dropped() const {
  return sink_ ? sink_->dropped() : 0;
}

void Log::flush() const {
  if (sink_) sink_->flush();
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
  constexpr std::pair<std::string_view, LogLevel> kNames[] = {{"trace", LogLevel::kTrace}, {"debug", LogLevel::kDebug},
                                                              {"info", LogLevel::kInfo},   {"warn", LogLevel::kWarn},
                                                              {"error", LogLevel::kError}, {"off", LogLevel::kOff}};
  for (const auto& [name, level] : kNames) {
    if (name == text) return level;
  }
  return std::nullopt;
}

}  // namespace promethean::base
