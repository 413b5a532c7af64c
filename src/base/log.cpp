#include "base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "base/log_format.h"
#include "base/strings.h"

namespace promethean::base {

namespace {
// While lines keep coming they are written so often: woken for each line, the writer thread took a quarter of the
// processor time of a proxied request.
constexpr std::chrono::milliseconds kGather{20};

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

// Lines are made on the calling thread (so that no reference outlives the call) and written by one of our own: the
// first one after a while at once, those that follow it together.
class LogSink {
 public:
  LogSink(const LogOptions& options, spdlog::sink_ptr below)
      : level(options.level), most_lines_(std::max<size_t>(options.buffer_lines, 1)), below_(std::move(below)) {
    style_.json = options.json;
    style_.time = options.time;
    style_.colour = options.file.empty() && ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    below_->set_pattern("%v");
    writer_ = std::thread([this] { run(); });
  }
  ~LogSink() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    wake_.notify_all();
    writer_.join();
  }

  void write(LogLevel at, std::string_view event, const LogFields& own, const LogFields& call) {
    std::string line = format_line(style_, wall_now(), at, event, own, call);
    bool sleeps = false;
    {
      const std::lock_guard lock(mutex_);
      if (lines_.size() >= most_lines_) {  // the oldest goes: what happens now is what people look for
        lines_.pop_front();
        ++dropped_;
        ++done_;
      }
      ++made_;
      lines_.push_back(std::move(line));
      sleeps = std::exchange(idle_, false);
    }
    if (sleeps) wake_.notify_all();
  }

  uint64_t dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

  void flush() {
    std::unique_lock lock(mutex_);
    hurry_ = true;
    wake_.notify_all();
    const uint64_t goal = made_;
    written_.wait(lock, [this, goal] { return done_ >= goal; });
    hurry_ = false;
  }

  const LogLevel level;

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      idle_ = true;
      wake_.wait(lock, [this] { return stopped_ || !lines_.empty(); });
      idle_ = false;
      if (lines_.empty()) return;
      write_all(lock);
      wake_.wait_for(lock, kGather, [this] { return stopped_ || hurry_; });
    }
  }

  void write_all(std::unique_lock<std::mutex>& lock) {
    const std::deque<std::string> lines = std::exchange(lines_, {});
    lock.unlock();
    std::string problem;
    for (const std::string& line : lines) {
      try {
        below_->log({"promethean", spdlog::level::info, line});
        if (&line == &lines.back()) below_->flush();
      } catch (const std::exception& e) {  // a full disk
        problem = e.what();
      }
    }
    if (!problem.empty()) std::fprintf(stderr, "promethean: the log cannot be written: %s\n", problem.c_str());
    lock.lock();
    done_ += lines.size();
    written_.notify_all();
  }

  const size_t most_lines_;
  const spdlog::sink_ptr below_;
  LogStyle style_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;     // the writer
  std::condition_variable written_;  // who flushes
  std::deque<std::string> lines_;    // not written yet
  uint64_t made_ = 0;                // lines so far
  uint64_t done_ = 0;                // of them written or dropped
  uint64_t dropped_ = 0;
  bool idle_ = false;   // the writer waits for the first line
  bool hurry_ = false;  // somebody flushes
  bool stopped_ = false;
  std::thread writer_;
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
