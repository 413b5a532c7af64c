#include "context/cited.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace promethean::context {

namespace {

constexpr size_t kMaxAnswer = 256 << 10;  // bytes of an answer that are read
constexpr std::chrono::milliseconds kPatience{1'000};
constexpr std::array<std::string_view, 8> kHostEnds{".com", ".org", ".net", ".io", ".dev", ".ai", ".sh", ".rs"};
constexpr std::array<std::string_view, 5> kBareNames{"Makefile", "Dockerfile", "LICENSE", "README", "Jenkinsfile"};

// A path, and lines: "a/b.cpp:10-20", "a/b.cpp#L10-L20", "b.cpp:7". Not what follows a scheme or stands inside a
// longer word.
const re2::RE2& place_pattern() {
  static const re2::RE2 pattern(R"((?:^|[^\w/.:@~$%{}<>\\-])((?:\.{0,2}/)?(?:[\w@.+-]+/)*[\w@+-][\w@.+-]*))"
                                R"((?:(?::|#L)(\d{1,8})(?:(?:-|–)L?(\d{1,8}))?\b)?)");
  return pattern;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view extension_of(std::string_view path) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const size_t dot = name.find_last_of('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

// "github.com/a/b": a place on the web.
bool begins_with_host(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  return first.size() < path.size() && std::ranges::any_of(kHostEnds, [&](auto end) { return first.ends_with(end); });
}

// Prose has dots and slashes too ("net/http.Get", "and/or", "HTTP/1.1"): without a line only what has the extension of
// a file below a folder counts.
bool names_a_file(const CitedPlace& place) {
  if (place.path.starts_with('/') || place.path.starts_with("../") || begins_with_host(place.path)) return false;
  const std::string_view extension = extension_of(place.path);
  const bool below = place.path.find('/') != std::string::npos;
  const bool letters = std::ranges::any_of(extension, is_letter) &&
                       std::ranges::all_of(extension, [](char c) { return is_letter(c) || is_digit(c); });
  if (place.start_line > 0) return letters || below || std::ranges::find(kBareNames, place.path) != kBareNames.end();
  const bool lower = std::ranges::none_of(extension, [](char c) { return c >= 'A' && c <= 'Z'; });
  return below && letters && lower && extension.size() <= 5;
}

std::string without_code_blocks(std::string_view answer) {
  std::string out;
  bool inside = false;
  for (const std::string_view line : base::split(answer, '\n')) {
    const std::string_view trimmed = base::trim(line);
    if (trimmed.starts_with("```") || trimmed.starts_with("~~~")) {
      inside = !inside;
    } else if (!inside) {
      out.append(line).push_back('\n');
    }
  }
  return out;
}

int number(std::string_view digits) {
  return static_cast<int>(base::parse_int(digits).value_or(0));
}

json::Object describe(const CitedPlace& place, std::string reason) {
  json::Object out{{"path", place.path}};
  if (place.start_line > 0) {
    out["startLine"] = place.start_line;
    out["endLine"] = place.end_line;
  }
  out["reason"] = std::move(reason);
  return out;
}

// Why no such place exists in a file of `lines` lines; empty: it does.
std::string fault_of(const CitedPlace& place, int lines) {
  if (lines < 0) return "there is no such file";
  if (place.start_line == 0) return "";
  if (place.end_line < place.start_line) return "the range ends before it begins";
  if (place.end_line > lines) return "the file has " + std::to_string(lines) + (lines == 1 ? " line" : " lines");
  return "";
}

class CheckedAnswer final : public llm::ChatStream {
 public:
  CheckedAnswer(std::unique_ptr<llm::ChatStream> stream, EvidenceSource& source, std::shared_ptr<json::Object> context)
      : stream_(std::move(stream)), source_(source), context_(std::move(context)) {}

  Task<base::Result<std::optional<llm::Delta>>> next(Context& ctx) override {
    auto delta = co_await stream_->next(ctx);
    if (!delta) co_return delta;
    if (*delta) {
      if (text_.size() < kMaxAnswer) text_ += (*delta)->content;
      co_return delta;
    }
    co_await check(ctx);
    co_return std::nullopt;
  }

  bool is_ready() const override { return stream_->is_ready(); }

 private:
  Task<void> check(Context& ctx) {
    const auto places = cited_places(std::exchange(text_, {}));
    if (places.empty()) co_return;
    std::vector<std::string> paths;
    for (const auto& place : places) paths.push_back(place.path);
    Context limited(ctx, base::steady_now() + kPatience);
    const auto lines = co_await source_.count_lines(limited, std::move(paths));
    if (!lines) {
      (*context_)["unchecked"] = lines.error().message();
      co_return;
    }
    json::Array unverified;
    for (size_t i = 0; i < places.size(); ++i) {
      std::string fault = fault_of(places[i], (*lines)[i]);
      if (!fault.empty()) unverified.emplace_back(describe(places[i], std::move(fault)));
    }
    if (!unverified.empty()) (*context_)["unverified"] = std::move(unverified);
  }

  std::unique_ptr<llm::ChatStream> stream_;
  EvidenceSource& source_;
  std::shared_ptr<json::Object> context_;
  std::string text_;
};

}  // namespace

std::vector<CitedPlace> cited_places(std::string_view answer) {
  const std::string prose = without_code_blocks(answer.substr(0, kMaxAnswer));
  std::vector<CitedPlace> out;
  re2::StringPiece rest(prose);
  std::string path, first, last;
  while (out.size() < kMaxCited && re2::RE2::FindAndConsume(&rest, place_pattern(), &path, &first, &last)) {
    if (path.starts_with("./")) path.erase(0, 2);
    while (path.ends_with('.')) path.pop_back();  // of a sentence
    CitedPlace place{.path = path, .start_line = number(first), .end_line = number(last.empty() ? first : last)};
    if (names_a_file(place) && std::ranges::find(out, place) == out.end()) out.push_back(std::move(place));
  }
  return out;
}

std::unique_ptr<llm::ChatStream> check_citations(std::unique_ptr<llm::ChatStream> stream, EvidenceSource& source,
                                                 std::shared_ptr<json::Object> context) {
  return std::make_unique<CheckedAnswer>(std::move(stream), source, std::move(context));
}

}  // namespace promethean::context
