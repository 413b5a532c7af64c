// Writing JSON. Boost's own serializer writes 0.7 as 7E-1 and infinity as Infinity, which is not JSON.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "base/strings.h"
#include "json/json.h"

namespace promethean::json {

namespace {
// The two-character escape of `c`, or 0.
char short_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    default:
      return 0;
  }
}

constexpr size_t kBlock = 64;

bool needs_escape(char c) {
  return (static_cast<unsigned char>(c) < 0x20) | (c == '"') | (c == '\\');
}

// Without a branch, so that the compiler makes a few wide instructions of it.
bool block_needs_escape(const char* block) {
  bool found = false;
  for (size_t i = 0; i < kBlock; ++i) found |= needs_escape(block[i]);
  return found;
}

// The first position from `i` on that needs an escape. Long texts by blocks, then eight bytes at once: the high bit of
// each byte of `found` says whether there is a byte below 0x20, a quote or a backslash in the word (exact as long as
// none was found before it).
size_t skip_plain(std::string_view text, size_t i) {
  constexpr uint64_t kOnes = 0x0101'0101'0101'0101;
  constexpr uint64_t kHighBits = kOnes * 0x80;
  const auto below = [](uint64_t word, uint64_t limit) { return (word - kOnes * limit) & ~word & kHighBits; };
  while (i + kBlock <= text.size() && !block_needs_escape(text.data() + i)) i += kBlock;
  for (uint64_t word = 0; i + sizeof(word) <= text.size(); i += sizeof(word)) {
    std::memcpy(&word, text.data() + i, sizeof(word));
    const uint64_t found = below(word, 0x20) | below(word ^ kOnes * '"', 1) | below(word ^ kOnes * '\\', 1);
    if (found != 0) break;
  }
  while (i < text.size() && !needs_escape(text[i])) ++i;
  return i;
}

void append_quoted(std::string& out, std::string_view text) {
  // With room for what follows, so that a long text is not copied again for it.
  if (out.capacity() - out.size() < text.size()) out.reserve(out.size() + text.size() + text.size() / 8 + 256);
  out += '"';
  size_t plain = 0;  // start of the bytes that are copied as they are
  for (size_t i = skip_plain(text, 0); i < text.size(); i = skip_plain(text, i + 1)) {
    out.append(text, plain, i - plain);
    plain = i + 1;
    if (const char escape = short_escape(text[i])) {
      out += '\\';
      out += escape;
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(text[i]));
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_string(std::string& out, std::string_view text) {
  if (base::is_valid_utf8(text)) return append_quoted(out, text);
  append_quoted(out, base::sanitize_utf8(text));
}

void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  fmt::format_to(std::back_inserter(out), "{}", number);  // the shortest text that reads back as the same double
}

class Writer {
 public:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void value(const Value& value) {
    switch (value.kind()) {
      case boost::json::kind::null:
        out_ += "null";
        return;
      case boost::json::kind::bool_:
        out_ += value.get_bool() ? "true" : "false";
        return;
      case boost::json::kind::int64:
        fmt::format_to(std::back_inserter(out_), "{}", value.get_int64());
        return;
      case boost::json::kind::uint64:
        fmt::format_to(std::back_inserter(out_), "{}", value.get_uint64());
        return;
      case boost::json::kind::double_:
        return append_double(out_, value.get_double());
      case boost::json::kind::string:
        return append_string(out_, value.get_string());
      case boost::json::kind::array:
        return this->value(value.get_array());
      case boost::json::kind::object:
        return this->value(value.get_object());
    }
  }

  void value(const Array& array) {
    if (array.empty()) {
      out_ += "[]";
      return;
    }
    char separator = '[';
    ++depth_;
    for (const Value& item : array) {
      next(std::exchange(separator, ','));
      value(item);
    }
    end(']');
  }

  void value(const Object& object) {
    if (object.empty()) {
      out_ += "{}";
      return;
    }
    char separator = '{';
    ++depth_;
    for (const auto& member : object) {
      next(std::exchange(separator, ','));
      append_string(out_, member.key());
      out_ += pretty_ ? ": " : ":";
      value(member.value());
    }
    end('}');
  }

 private:
  void next(char separator) {
    out_ += separator;
    new_line();
  }
  void end(char bracket) {
    --depth_;
    new_line();
    out_ += bracket;
  }
  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  std::string& out_;
  bool pretty_;
  size_t depth_ = 0;
};
}  // namespace

std::string write(const Value& value) {
  std::string out;
  Writer(out, false).value(value);
  return out;
}

void append(std::string& out, const Value& value) {
  Writer(out, false).value(value);
}

void append(std::string& out, const Array& array) {
  Writer(out, false).value(array);
}

void append(std::string& out, const Object& object) {
  Writer(out, false).value(object);
}

std::string write_pretty(const Value& value) {
  std::string out;
  Writer(out, true).value(value);
  return out;
}

std::string quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_string(out, text);
  return out;
}

}  // namespace promethean::json
