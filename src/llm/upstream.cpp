#include "llm/upstream.h"

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "base/strings.h"
#include "http/sse.h"

namespace promethean::llm {

namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxErrorBody = 64 << 10;
constexpr size_t kMaxJsonBody = 64 << 20;  // embeddings of many texts are long
constexpr size_t kMaxLine = 8 << 20;
constexpr milliseconds kLetGo{20};
constexpr milliseconds kLongestWait = std::chrono::hours(1);
// A provider that says "none left" beside a good answer means the next request; longer waits than this are left to its
// own 429.
constexpr milliseconds kLongestPause = std::chrono::minutes(1);

struct Told {
  std::string message;
  std::string code;   // OpenAI's `code`, or the `type` where there is none
  std::string field;  // OpenAI's `param`
};

// OpenAI {"error":{"message","code","type"}}, Anthropic {"error":{"type","message"}}, Ollama {"error":"text"}.
Told read_error(std::string_view body) {
  Told told;
  const auto parsed = json::parse(body);
  const json::Value* error = parsed ? json::find(*parsed, "error") : nullptr;
  if (error == nullptr) return told;
  if (error->is_string()) {
    told.message = error->as_string();
    return told;
  }
  told.message = json::string_at(*error, "message").value_or("");
  told.field = json::string_at(*error, "param").value_or("");
  told.code = json::string_at(*error, "code").value_or(json::string_at(*error, "type").value_or(""));
  return told;
}

// Backends have no common code for a prompt that does not fit.
bool is_overflow(const Told& told, int status) {
  if (told.code == "context_length_exceeded" || told.code == "exceed_context_size_error" || status == 413) return true;
  const std::string text = base::to_lower(told.message);
  return status == 400 && (text.find("prompt is too long") != std::string::npos ||
                           text.find("maximum context length") != std::string::npos ||
                           text.find("input length exceeds") != std::string::npos ||
                           text.find("exceeds the available context size") != std::string::npos);
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (ec != std::errc() || end != text.data() + text.size() || !(value >= 0)) return std::nullopt;
  return value;
}

milliseconds limited(double seconds) {
  const double most = std::chrono::duration<double>(kLongestWait).count();
  return milliseconds(static_cast<int64_t>(std::min(seconds, most) * 1000));
}

// "1h2m3.5s", "250ms".
std::optional<milliseconds> parse_units(std::string_view text) {
  double seconds = 0;
  while (!text.empty()) {
    const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto value = parse_number(text.substr(0, digits));
    if (!value) return std::nullopt;
    text.remove_prefix(digits);
    const size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, letters);
    const double scale = unit == "ms" ? 0.001 : unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : -1;
    if (scale < 0) return std::nullopt;
    seconds += *value * scale;
    text.remove_prefix(letters);
  }
  return limited(seconds);
}

// RFC 3339 in UTC, as Anthropic's reset headers have it.
std::optional<milliseconds> parse_instant(std::string_view text, base::WallTime now) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const std::string copy(text);
  if (!text.ends_with('Z') ||
      std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2u:%2u:%2u", &year, &month, &day, &hour, &minute, &second) != 6) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto instant = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                       std::chrono::seconds(second);
  const auto left = std::chrono::duration<double>(instant - now).count();
  return limited(std::max(left, 0.0));
}

std::optional<milliseconds> wait_in(const http::Headers& headers, std::string_view name) {
  const auto text = headers.get(name);
  return text ? parse_wait(*text, base::wall_now()) : std::nullopt;
}

// How long the answer to a refused request asks to wait.
std::optional<milliseconds> asked_wait(const http::Headers& headers) {
  if (const auto text = headers.get("retry-after-ms")) {
    if (const auto number = parse_number(*text)) return limited(*number / 1000);
  }
  return wait_in(headers, "retry-after");
}

int64_t steady_millis() {
  return std::chrono::duration_cast<milliseconds>(base::steady_now().time_since_epoch()).count();
}

// Bytes in any cuts -> lines; empty ones are left out.
class LineSplitter {
 public:
  base::Result<void> feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line) {
    for (size_t end; (end = bytes.find('\n')) != std::string_view::npos; bytes.remove_prefix(end + 1)) {
      rest_ += bytes.substr(0, end);
      if (!base::trim(rest_).empty()) on_line(rest_);
      rest_.clear();
    }
    rest_ += bytes;
    if (rest_.size() > kMaxLine) return base::fail(base::Code::kTooLarge, "a line of the answer is over the limit");
    return {};
  }

 private:
  std::string rest_;
};

class UpstreamStream final : public ChatStream {
 public:
  UpstreamStream(std::unique_ptr<http::ClientResponse> response, Framing framing, std::unique_ptr<Dialect> dialect,
                 std::string label)
      : response_(std::move(response)), framing_(framing), dialect_(std::move(dialect)), label_(std::move(label)) {}

  Task<base::Result<std::optional<Delta>>> next(Context& ctx) override {
    for (;;) {
      if (taken_ < reading_.ready.size()) co_return std::move(reading_.ready[taken_++]);
      reading_.ready.clear();
      taken_ = 0;
      if (reading_.failure) co_return base::fail(*reading_.failure);
      if (reading_.ended) {
        if (response_ != nullptr) co_await let_go(ctx);
        co_return std::optional<Delta>();
      }
      auto bytes = co_await response_->next(ctx);
      if (!bytes) co_return base::fail(bytes.error().wrap("model " + label_));
      if (*bytes == nullptr) {
        if (reading_.may_end) {
          reading_.ended = true;
        } else {
          reading_.failure =
              base::Error(base::Code::kUnavailable, "model " + label_ + " broke off before it had finished");
        }
        continue;
      }
      if (auto fed = feed(**bytes); !fed) reading_.failure = fed.error().wrap("model " + label_);
    }
  }

  bool is_ready() const override { return taken_ < reading_.ready.size() || reading_.failure.has_value(); }

 private:
  // The dialect's end mostly comes just before HTTP's; read to that, the connection can be used again.
  Task<void> let_go(Context& ctx) {
    Context soon(ctx, base::steady_now() + kLetGo);
    co_await response_->next(soon);
    response_.reset();
  }

  base::Result<void> feed(std::string_view bytes) {
    const auto take = [this](std::string_view text) {
      if (!reading_.ended && !reading_.failure) dialect_->take(text, reading_);
    };
    if (framing_ == Framing::kLines) return lines_.feed(bytes, take);
    return events_.feed(bytes, [&take](const http::SseEvent& event) { take(event.data); });
  }

  std::unique_ptr<http::ClientResponse> response_;
  Framing framing_;
  std::unique_ptr<Dialect> dialect_;
  std::string label_;
  http::SseParser events_;
  LineSplitter lines_;
  Reading reading_;
  size_t taken_ = 0;  // of reading_.ready
};

}  // namespace

std::optional<milliseconds> parse_wait(std::string_view text, base::WallTime now) {
  if (const auto seconds = parse_number(text)) return limited(*seconds);
  if (text.empty() || text.size() > 64) return std::nullopt;
  if (text.ends_with('Z')) return parse_instant(text, now);
  return parse_units(text);
}

Locate fixed_location(std::string base_url) {
  return [base_url = std::move(base_url)](Context&) -> Task<base::Result<std::string>> { co_return base_url; };
}

base::Error Upstream::error(int status, std::string_view body) const {
  Told told = read_error(body);
  if (told.message.empty()) told.message = "status " + std::to_string(status);
  const std::string text = "model " + options_.label + ": " + told.message;
  using base::Code;
  if (is_overflow(told, status)) {
    return base::Error(Code::kTooLarge, text, "shorten the conversation, or choose a model with a larger context")
        .with_field("messages");
  }
  if (status == 401 || status == 403)
    return base::Error(Code::kPermissionDenied, text,
                       "the backend refused our credential: check api_key_env of this model");
  if (status == 404) {
    return base::Error(Code::kNotFound, text, "check `upstream` of this model: the backend has no such model")
        .with_field("model");
  }
  if (status == 429) return base::Error(Code::kRateLimited, text, "try again shortly");
  if (status == 408 || status == 409) return base::Error(Code::kUnavailable, text, "try again shortly");
  if (status >= 400 && status < 500) return base::Error(Code::kInvalidArgument, text).with_field(told.field);
  return base::Error(Code::kUnavailable, text, "try again shortly");
}

// OpenAI's and Anthropic's limits come with every answer: when none is left, the time until there is.
void Upstream::note_limits(const http::ClientResponse& response) {
  static constexpr std::pair<std::string_view, std::string_view> kLimits[] = {
      {"x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
      {"x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
      {"anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"},
  };
  std::optional<milliseconds> pause;
  if (response.status == 429) {
    pause = asked_wait(response.headers);
  } else {
    for (const auto& [remaining, reset] : kLimits) {
      if (response.headers.get(remaining) != "0") continue;
      pause = std::max(pause.value_or(milliseconds(0)), wait_in(response.headers, reset).value_or(milliseconds(0)));
    }
    if (pause && *pause > kLongestPause) pause.reset();
  }
  if (pause && pause->count() > 0) paused_until_.store(steady_millis() + pause->count());
}

Task<base::Result<std::unique_ptr<http::ClientResponse>>> Upstream::post(Context& ctx, std::string path,
                                                                         std::string body) {
  if (const int64_t left = paused_until_.load() - steady_millis(); left > 0) {
    const base::Error error(base::Code::kRateLimited, "model " + options_.label + ": its provider's limit is used up",
                            "try again in " + base::human_duration(static_cast<double>(left) / 1000));
    co_return base::fail(error.with_retry_after(milliseconds(left)));
  }
  auto where = co_await locate_(ctx);
  if (!where) co_return base::fail(std::move(where).error());
  http::ClientRequest request;
  request.method = http::Method::kPost;
  request.url = *where + path;
  request.headers = options_.headers;
  request.headers.add("content-type", "application/json");
  request.headers.add("x-request-id", ctx.trace.request_id);
  request.body = std::move(body);
  request.timeouts = options_.timeouts;
  // A kept-alive connection that the backend closed meanwhile: nothing was answered, and asking twice does no harm.
  request.idempotent = true;
  auto response = co_await client_.send(ctx, std::move(request));
  if (!response) co_return base::fail(response.error().wrap("model " + options_.label));
  note_limits(**response);
  if ((*response)->status / 100 == 2) co_return std::move(*response);
  const auto wait = asked_wait((*response)->headers);
  auto text = co_await http::read_body(ctx, **response, kMaxErrorBody);
  co_return base::fail(
      error((*response)->status, text ? *text : std::string()).with_retry_after(wait.value_or(milliseconds(0))));
}

Task<base::Result<json::Value>> Upstream::post_json(Context& ctx, std::string path, std::string body) {
  auto response = co_await post(ctx, std::move(path), std::move(body));
  if (!response) co_return base::fail(std::move(response).error());
  auto text = co_await http::read_body(ctx, **response, kMaxJsonBody);
  if (!text) co_return base::fail(text.error().wrap("model " + options_.label));
  auto parsed = json::parse(*text);
  if (!parsed) {
    co_return base::fail(base::Code::kUnavailable,
                         "model " + options_.label + " sent an answer that is not valid JSON");
  }
  co_return std::move(*parsed);
}

Task<base::Result<std::unique_ptr<ChatStream>>> Upstream::stream(Context& ctx, std::string path, std::string body,
                                                                 Framing framing, std::unique_ptr<Dialect> dialect) {
  auto response = co_await post(ctx, std::move(path), std::move(body));
  if (!response) co_return base::fail(std::move(response).error());
  co_return std::make_unique<UpstreamStream>(std::move(*response), framing, std::move(dialect), options_.label);
}

}  // namespace promethean::llm
