#include "base/redact.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/log.h"
#include "base/strings.h"

namespace promethean::base {

namespace {
constexpr bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
// As a table: every byte of every line that is logged is asked for.
constexpr auto kWordBytes = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) table[c] = is_alnum(static_cast<char>(c)) || c == '_' || c == '-';
  return table;
}();
bool is_word(char c) {
  return kWordBytes[static_cast<unsigned char>(c)];
}
bool is_token(char c) {
  return is_word(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}
bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_quote(char c) {
  return c == '"' || c == '\'';
}

// How well-known credentials begin, and how many word characters must follow.
struct Prefix {
  std::string_view text;
  size_t least;
};
constexpr Prefix kPrefixes[] = {
    {"pmt_", 4},  {"sk-", 6},    {"sk_live_", 6}, {"sk_test_", 6}, {"rk_live_", 6},     {"ghp_", 10},
    {"gho_", 10}, {"ghu_", 10},  {"ghs_", 10},    {"ghr_", 10},    {"github_pat_", 10}, {"glpat-", 10},
    {"xoxb-", 8}, {"xoxp-", 8},  {"xoxa-", 8},    {"xoxs-", 8},    {"xapp-", 8},        {"hf_", 20},
    {"npm_", 30}, {"pypi-", 30}, {"AKIA", 12},    {"ASIA", 12},    {"AIza", 20},
};

// Reads `in` once from left to right; each step either recognizes a secret at the place it stands or copies bytes.
class Redactor {
 public:
  explicit Redactor(std::string_view in) : in_(in) { out_.reserve(in.size()); }

  std::string run() {
    while (at_ < in_.size()) {
      const char c = in_[at_];
      if ((c == '-' && private_key()) || (c == ':' && user_info())) continue;
      if (!is_word(c)) {
        out_ += in_[at_++];
        continue;
      }
      word();
    }
    return std::move(out_);
  }

 private:
  template <class Belongs>
  size_t end_of(size_t from, const Belongs& belongs) const {
    while (from < in_.size() && belongs(in_[from])) ++from;
    return from;
  }
  void copy_to(size_t end) {
    out_ += in_.substr(at_, end - at_);
    at_ = end;
  }
  void redact_to(size_t end) {
    out_ += kRedacted;
    at_ = end;
  }

  // "-----BEGIN RSA PRIVATE KEY----- …": everything up to its end mark.
  bool private_key() {
    constexpr std::string_view kBegin = "-----BEGIN ";
    if (in_.substr(at_, kBegin.size()) != kBegin) return false;
    const size_t title_end = in_.substr(0, at_ + 64).find("PRIVATE KEY-----", at_);
    if (title_end == std::string_view::npos) return false;
    constexpr std::string_view kEnd = "-----END ";
    const size_t end = in_.find(kEnd, title_end);
    if (end == std::string_view::npos) return redact_to(in_.size()), true;
    const size_t close = in_.find("-----", end + kEnd.size());
    redact_to(close == std::string_view::npos ? in_.size() : close + 5);
    return true;
  }

  // "https://user:password@host"
  bool user_info() {
    if (in_.substr(at_, 3) != "://") return false;
    const std::string_view authority = in_.substr(at_ + 3, 512);
    const size_t end = authority.find_first_of("/?#@ \t\r\n\"'<>");
    if (end == std::string_view::npos || authority[end] != '@') return false;
    copy_to(at_ + 3);
    redact_to(at_ + end);
    return true;
  }

  // Stands at the first character of a word. Copies or redacts at least that word.
  void word() {
    const size_t end = end_of(at_, is_word);
    const std::string_view text = in_.substr(at_, end - at_);
    if (known_prefix(text) || json_web_token(text) || scheme(text, end)) return;
    copy_to(end);
    value_of(text);
  }

  bool known_prefix(std::string_view text) {
    for (const Prefix& prefix : kPrefixes) {
      if (text.front() != prefix.text.front() || !text.starts_with(prefix.text) ||
          text.size() < prefix.text.size() + prefix.least)
        continue;
      return redact_to(end_of(at_, [](char c) { return is_word(c) || c == '.'; })), true;
    }
    return false;
  }

  bool json_web_token(std::string_view text) {
    if (!text.starts_with("eyJ")) return false;
    const size_t end = end_of(at_, [](char c) { return is_word(c) || c == '.'; });
    const std::string_view whole = in_.substr(at_, end - at_);
    if (whole.size() < 16 || whole.find('.') == std::string_view::npos) return false;
    return redact_to(end), true;
  }

  // "Bearer abc", "Basic dXNlcjpwYXNz". Prose such as "bearer token" stays readable.
  bool scheme(std::string_view text, size_t end) {
    const bool is_bearer = iequals(text, "bearer");
    if (!is_bearer && !iequals(text, "basic")) return false;
    const size_t start = end_of(end, is_blank);
    const size_t stop = end_of(start, is_token);
    const std::string_view value = in_.substr(start, stop - start);
    constexpr std::string_view kProse[] = {"token", "tokens", "token.", "auth", "authentication", "authorization"};
    const bool prose = std::ranges::find(kProse, value) != std::end(kProse) || value.starts_with("realm=");
    if (start == end || value.empty() || prose || (!is_bearer && value.size() < 12)) return false;
    copy_to(start);
    return redact_to(stop), true;
  }

  // What follows the name of a credential: `="…"`, `: …`, `":"…"`, or for an option (--token) a word.
  void value_of(std::string_view name) {
    size_t next = at_;
    if (next < in_.size() && in_[next] == '\\') ++next;  // a quoted quote: JSON inside a string
    if (next < in_.size() && is_quote(in_[next])) ++next;
    next = end_of(next, is_blank);
    const bool separated = next < in_.size() && (in_[next] == '=' || in_[next] == ':');
    const bool option = name.starts_with("--") && next > at_;
    if ((!separated && !option) || !names_secret(name)) return;
    if (separated) next = end_of(next + 1, is_blank);
    const bool escaped = next + 1 < in_.size() && in_[next] == '\\' && is_quote(in_[next + 1]);
    if (escaped) ++next;
    const char quote = next < in_.size() && is_quote(in_[next]) ? in_[next++] : '\0';
    copy_to(next);
    if (in_.substr(next).starts_with(kRedacted)) return copy_to(next + kRedacted.size());
    const size_t end = quote == '\0' ? plain_end(next, name) : quoted_end(next, quote, escaped);
    if (end > next) redact_to(end);
  }

  size_t quoted_end(size_t from, char quote, bool escaped) const {
    for (size_t i = from; i < in_.size(); ++i) {
      if (in_[i] == quote) return i;
      if (in_[i] != '\\') continue;
      if (escaped && i + 1 < in_.size() && in_[i + 1] == quote) return i;
      ++i;
    }
    return in_.size();
  }

  size_t plain_end(size_t from, std::string_view name) const {
    // Headers have blanks and commas of their own, lists of tokens have commas.
    const std::string lower = to_lower(name);
    const auto contains = [&lower](std::string_view part) { return lower.find(part) != std::string::npos; };
    const bool header = contains("authorization") || contains("cookie") || lower.ends_with("tokens");
    const std::string_view ends = header ? "\r\n" : "\r\n \t,;&)}]\"'";
    return std::min(in_.find_first_of(ends, from), in_.size());
  }

  std::string_view in_;
  std::string out_;
  size_t at_ = 0;
};
}  // namespace

// Every log line asks this of each of its fields, so nothing is allocated, and a name is compared only where it can
// begin.
bool names_secret(std::string_view key) {
  constexpr std::string_view kParts[] = {"password",      "passwd",     "passphrase", "secret",
                                         "authorization", "cookie",     "apikey",     "privatekey",
                                         "accesskey",     "signingkey", "credential", "authtoken"};
  constexpr std::string_view kEnds[] = {"token", "jwt", "pwd"};
  std::array<char, 128> buffer;
  if (key.size() > buffer.size()) return false;
  size_t length = 0;
  for (const char c : key) {
    if (is_alnum(c)) buffer[length++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  const std::string_view plain(buffer.data(), length);
  for (size_t at = 0; at + 6 <= length; ++at) {  // no part is shorter
    if (std::string_view("pacs").find(plain[at]) == std::string_view::npos) continue;
    const auto begins = [rest = plain.substr(at)](std::string_view part) { return rest.starts_with(part); };
    if (std::ranges::any_of(kParts, begins)) return true;
  }
  return std::ranges::any_of(kEnds, [plain](std::string_view part) { return plain.ends_with(part); });
}

std::string redact(std::string_view text) {
  return Redactor(text).run();
}

}  // namespace promethean::base
