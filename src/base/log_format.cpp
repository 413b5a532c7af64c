#include "base/log_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/redact.h"
#include "base/strings.h"

namespace promethean::base {

namespace {
constexpr size_t kMaxValue = 8 << 10;  // bytes of one string value
constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error"};
constexpr std::string_view kColours[] = {"\x1b[2m", "\x1b[36m", "\x1b[32m", "\x1b[33m", "\x1b[31m"};

// Length of the character at text[i] that could move a terminal's cursor or turn the order of what is read, else 0:
// C0 and DEL, C1 (U+0080..9F), line separators (U+2028/9), bidirectional controls (U+202A..E, U+2066..9).
size_t unsafe_length(std::string_view text, size_t i) {
  const auto byte = [&](size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U; };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return 2;
  if (byte(0) != 0xE2) return 0;
  if (byte(1) == 0x80 && byte(2) >= 0xA8 && byte(2) <= 0xAE) return 3;
  if (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9) return 3;
  return 0;
}

unsigned code_point(std::string_view bytes) {
  const auto low = [&bytes](size_t k) { return static_cast<unsigned>(bytes[k]) & 0x3F; };
  if (bytes.size() == 1) return static_cast<unsigned char>(bytes[0]);
  if (bytes.size() == 2) return (static_cast<unsigned>(bytes[0]) & 0x1F) << 6 | low(1);
  return (static_cast<unsigned>(bytes[0]) & 0x0F) << 12 | low(1) << 6 | low(2);
}

// Printable ASCII that stands for itself in a JSON string.
bool is_plain(char c) {
  return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

// The inside of a JSON string. `text` is valid UTF-8.
void append_escaped(std::string& out, std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    if (const size_t length = unsafe_length(text, i)) {
      const std::string_view bytes = text.substr(i, length);
      if (bytes == "\n") {
        out += "\\n";
      } else if (bytes == "\t") {
        out += "\\t";
      } else {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", code_point(bytes));
      }
      i += length;
      continue;
    }
    if (text[i] == '"' || text[i] == '\\') out += '\\';
    const size_t start = i++;
    while (i < text.size() && is_plain(text[i])) ++i;
    out.append(text, start, i - start);
  }
}

std::string clean(std::string_view text) {
  if (text.size() <= kMaxValue) return redact(sanitize_utf8(text));
  size_t cut = kMaxValue;
  while (cut > 0 && (text[cut] & 0xC0) == 0x80) --cut;  // not inside a character
  return redact(sanitize_utf8(text.substr(0, cut))) + fmt::format("… ({} bytes more)", text.size() - cut);
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

// Numbers and booleans as they are; text cleaned, and in quotes when it must be or when it would be read wrongly.
void append_value(std::string& out, const LogField& field, bool always_quote) {
  if (const bool* truth = std::get_if<bool>(&field.value)) {
    out += *truth ? "true" : "false";
  } else if (names_secret(field.key)) {
    always_quote ? append_quoted(out, kRedacted) : void(out += kRedacted);
  } else if (const int64_t* whole = std::get_if<int64_t>(&field.value)) {
    out += std::to_string(*whole);
  } else if (const double* number = std::get_if<double>(&field.value)) {
    out += std::isfinite(*number) ? fmt::format("{}", *number) : "null";
  } else {
    const std::string text = clean(std::get<std::string>(field.value));
    const auto odd = [&text](size_t i) {
      return text[i] == ' ' || text[i] == '=' || text[i] == '"' || unsafe_length(text, i) > 0;
    };
    bool plain = !text.empty() && !always_quote;
    for (size_t i = 0; plain && i < text.size(); ++i) plain = !odd(i);
    plain ? void(out += text) : append_quoted(out, text);
  }
}

template <class Use>
void each_field(const LogFields& own, const LogFields& call, const Use& use) {
  for (const LogField& field : own) {
    const bool replaced = std::ranges::any_of(call, [&field](const LogField& other) { return other.key == field.key; });
    if (!replaced) use(field);
  }
  for (const LogField& field : call) use(field);
}

std::string json_line(const LogStyle& style, WallTime now, size_t level, std::string_view event, const LogFields& own,
                      const LogFields& call) {
  std::string out = "{";
  if (style.time == LogTime::kIso) out += "\"ts\":\"" + iso8601(now) + "\",";
  if (style.time == LogTime::kMillis) out += fmt::format("\"ts\":{},", unix_millis(now));
  out += fmt::format("\"level\":\"{}\",\"msg\":", kLevels[level]);
  append_quoted(out, clean(event));
  each_field(own, call, [&out](const LogField& field) {
    const bool taken = field.key == "ts" || field.key == "level" || field.key == "msg";
    out += ',';
    append_quoted(out, sanitize_utf8(field.key) + (taken ? "_" : ""));
    out += ':';
    append_value(out, field, true);
  });
  return out + "}";
}

std::string pretty_line(const LogStyle& style, WallTime now, size_t level, std::string_view event, const LogFields& own,
                        const LogFields& call) {
  std::string out;
  if (style.time == LogTime::kIso) out += iso8601(now) + " ";
  if (style.time == LogTime::kMillis) out += std::to_string(unix_millis(now)) + " ";
  out += fmt::format("{}{:<5}{} ", style.colour ? kColours[level] : "", kLevels[level], style.colour ? "\x1b[0m" : "");
  append_escaped(out, clean(event));
  each_field(own, call, [&out, &style](const LogField& field) {
    out += style.colour ? " \x1b[2m" : " ";
    append_escaped(out, sanitize_utf8(field.key));
    out += style.colour ? "=\x1b[0m" : "=";
    append_value(out, field, false);
  });
  return out;
}
}  // namespace

std::string format_line(const LogStyle& style, WallTime now, LogLevel level, std::string_view event,
                        const LogFields& own, const LogFields& call) {
  const size_t index = std::min(static_cast<size_t>(level), std::size(kLevels) - 1);
  return style.json ? json_line(style, now, index, event, own, call) : pretty_line(style, now, index, event, own, call);
}

}  // namespace promethean::base
