#include <algorithm>
#include <optional>

#include "search/grep_syntax.h"

namespace promethean::search {

namespace {

constexpr size_t kMinLiteral = 2;
constexpr size_t kMaxLiterals = 16;
constexpr int kMaxDepth = 50;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// What is known of a piece of pattern: the one string it matches, or strings of which each match has one.
struct Piece {
  std::optional<std::string> exact;
  std::vector<std::string> any_of;
};

size_t shortest(const std::vector<std::string>& strings) {
  size_t size = strings.empty() ? 0 : std::string::npos;
  for (const auto& text : strings) size = std::min(size, text.size());
  return size;
}

// The better filter: longer, then fewer strings.
void keep_better(std::vector<std::string>* best, std::vector<std::string> other) {
  const size_t a = shortest(*best), b = shortest(other);
  if (b > a || (b == a && other.size() < best->size())) *best = std::move(other);
}

class Parser {
 public:
  Parser(std::string_view pattern, bool ignore_case) : text_(pattern), ignore_case_(ignore_case) {}

  // nullopt: not understood, so nothing is required.
  std::optional<Piece> parse() {
    auto piece = alternation(0);
    if (!piece || at_ != text_.size()) return std::nullopt;
    return piece;
  }

 private:
  struct Repeat {
    bool any = false;
    bool optional = false;  // zero times is allowed
  };

  std::optional<Piece> alternation(int depth);
  std::optional<Piece> concatenation(int depth);
  std::optional<Piece> atom(int depth);
  std::optional<Piece> group(int depth);
  std::optional<Piece> escape();
  bool skip_class();
  std::optional<Piece> character();
  Repeat repeat();
  bool more() const { return at_ < text_.size(); }

  std::string_view text_;
  size_t at_ = 0;
  bool ignore_case_;
};

std::optional<Piece> Parser::alternation(int depth) {
  if (depth > kMaxDepth) return std::nullopt;
  auto whole = concatenation(depth);
  if (!whole || !more() || text_[at_] != '|') return whole;
  const auto strings = [](Piece& piece) {
    return piece.exact ? std::vector<std::string>{*piece.exact} : std::move(piece.any_of);
  };
  std::vector<std::string> all = strings(*whole);
  bool usable = shortest(all) >= 1;
  while (more() && text_[at_] == '|') {
    ++at_;
    auto branch = concatenation(depth);
    if (!branch) return std::nullopt;
    auto more_strings = strings(*branch);
    usable = usable && shortest(more_strings) >= 1;
    std::ranges::move(more_strings, std::back_inserter(all));
  }
  if (!usable || all.size() > kMaxLiterals) all.clear();
  return Piece{std::nullopt, std::move(all)};
}

std::optional<Piece> Parser::concatenation(int depth) {
  std::string run;
  bool exact = true;  // nothing but `run` so far
  std::vector<std::string> best;
  const auto end_run = [&] {
    if (!run.empty()) keep_better(&best, {run});
    run.clear();
    exact = false;
  };
  while (more() && text_[at_] != '|' && text_[at_] != ')') {
    auto piece = atom(depth);
    if (!piece) return std::nullopt;
    const Repeat times = repeat();
    if (times.optional) {
      end_run();
    } else if (piece->exact && !times.any) {
      run += *piece->exact;
    } else if (piece->exact) {  // x+ ends in one x, and whatever follows comes after it
      run += *piece->exact;
      end_run();
    } else {
      end_run();
      keep_better(&best, std::move(piece->any_of));
    }
  }
  if (exact) return Piece{run, {}};
  end_run();
  return Piece{std::nullopt, std::move(best)};
}

Parser::Repeat Parser::repeat() {
  Repeat result;
  while (more()) {
    const char c = text_[at_];
    if (c == '*' || c == '?') {
      result.any = result.optional = true;
      ++at_;
    } else if (c == '+') {
      result.any = true;
      ++at_;
    } else if (c == '{') {
      size_t i = at_ + 1;
      const size_t digits = i;
      while (i < text_.size() && is_digit(text_[i])) ++i;
      const std::string_view minimum = text_.substr(digits, i - digits);
      if (minimum.empty()) return result;
      if (i < text_.size() && text_[i] == ',') ++i;
      while (i < text_.size() && is_digit(text_[i])) ++i;
      if (i >= text_.size() || text_[i] != '}') return result;
      result.any = true;
      if (minimum.find_first_not_of('0') == std::string_view::npos) result.optional = true;
      at_ = i + 1;
    } else {
      return result;
    }
  }
  return result;
}

std::optional<Piece> Parser::atom(int depth) {
  switch (text_[at_]) {
    case '(':
      return group(depth);
    case '[':
      return skip_class() ? std::optional<Piece>(Piece{}) : std::nullopt;
    case '\\':
      return escape();
    case '.':
    case '^':
    case '$':
      ++at_;
      return Piece{};
    case '*':
    case '+':
    case '?':
      return std::nullopt;
    default:
      return character();
  }
}

std::optional<Piece> Parser::group(int depth) {
  ++at_;
  if (more() && text_[at_] == '?') {
    if (text_.substr(at_).starts_with("?:")) {
      at_ += 2;
    } else if (text_.substr(at_).starts_with("?P<")) {
      const size_t close = text_.find('>', at_);
      if (close == std::string_view::npos) return std::nullopt;
      at_ = close + 1;
    } else {
      return std::nullopt;  // flags
    }
  }
  auto inner = alternation(depth + 1);
  if (!inner || !more() || text_[at_] != ')') return std::nullopt;
  ++at_;
  return inner;
}

bool Parser::skip_class() {
  size_t i = at_ + 1;
  if (i < text_.size() && text_[i] == '^') ++i;
  if (i < text_.size() && text_[i] == ']') ++i;
  for (; i < text_.size() && text_[i] != ']'; ++i) {
    if (text_[i] == '\\') ++i;
    if (text_.substr(i).starts_with("[:")) {
      const size_t close = text_.find(":]", i + 2);
      if (close == std::string_view::npos) return false;
      i = close + 1;
    }
  }
  at_ = i + 1;
  return i < text_.size();
}

std::optional<Piece> Parser::escape() {
  if (at_ + 1 >= text_.size()) return std::nullopt;
  const char c = text_[at_ + 1];
  const auto byte = static_cast<unsigned char>(c);
  if (std::string_view("wWdDsSbBAz").find(c) != std::string_view::npos) {
    at_ += 2;
    return Piece{};
  }
  if (byte < 0x80 && byte > ' ' && !is_digit(c) && !((c | 32) >= 'a' && (c | 32) <= 'z')) {  // punctuation
    at_ += 2;
    return Piece{std::string(1, c), {}};
  }
  if (c == 't' || c == 'n') {
    at_ += 2;
    return Piece{std::string(1, c == 't' ? '\t' : '\n'), {}};
  }
  return std::nullopt;
}

std::optional<Piece> Parser::character() {
  const auto lead = static_cast<unsigned char>(text_[at_]);
  if (lead < 0x80) {
    char c = text_[at_++];
    if (ignore_case_ && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return Piece{std::string(1, c), {}};
  }
  size_t size = 1;
  while (at_ + size < text_.size() && (static_cast<unsigned char>(text_[at_ + size]) & 0xC0) == 0x80) ++size;
  Piece piece;
  if (!ignore_case_) piece.exact = std::string(text_.substr(at_, size));
  at_ += size;
  return piece;
}

}  // namespace

RequiredLiterals required_literals(std::string_view pattern, bool ignore_case) {
  auto piece = Parser(pattern, ignore_case).parse();
  if (!piece) return {};
  RequiredLiterals literals;
  literals.whole = piece->exact.has_value() && !ignore_case;
  literals.any_of = piece->exact ? std::vector<std::string>{*piece->exact} : std::move(piece->any_of);
  if (!literals.whole && shortest(literals.any_of) < kMinLiteral) return {};
  if (literals.whole && literals.any_of[0].empty()) return {};
  return literals;
}

}  // namespace promethean::search
