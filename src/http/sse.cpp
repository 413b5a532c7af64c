#include "http/sse.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::http {

namespace {
constexpr std::string_view kBom = "\xEF\xBB\xBF";

// A field's value must stay on its line.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += name;
  out += ": ";
  std::ranges::copy_if(value, std::back_inserter(out), [](char c) { return c != '\n' && c != '\r' && c != '\0'; });
  out += '\n';
}
// Where the first line ends, at a CR or LF; the text's size if it does not. By memchr: find_first_of is ten times
// slower.
size_t line_end(std::string_view text) {
  const size_t lf = std::min(text.find('\n'), text.size());
  return std::min(text.substr(0, lf).find('\r'), lf);
}
}  // namespace

std::string sse_event(std::string_view data, std::string_view name, std::string_view id) {
  std::string out;
  out.reserve(data.size() + name.size() + id.size() + 32);
  append_field(out, "event", name);
  append_field(out, "id", id);
  // CR, LF and CRLF all end a line for the reader, so each becomes a data line of its own.
  for (size_t start = 0;;) {
    const size_t end = start + line_end(data.substr(start));
    out += "data: ";
    out += data.substr(start, end - start);
    out += '\n';
    if (end == data.size()) break;
    start = end + (data.substr(end, 2) == "\r\n" ? 2 : 1);
  }
  out += '\n';
  return out;
}

base::Result<void> SseParser::feed(std::string_view bytes, const std::function<void(const SseEvent&)>& on_event) {
  const auto too_long = [] { return base::fail(base::Code::kTooLarge, "an event of the stream is too large"); };
  if (failed_) return too_long();
  while (!bytes.empty()) {
    if (std::exchange(skip_lf_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const size_t end = line_end(bytes);
    if (buffer_.size() + end + event_.data.size() > max_) {
      failed_ = true;
      return too_long();
    }
    const std::string_view piece = bytes.substr(0, end);
    if (end == bytes.size()) {
      buffer_ += piece;
      return {};
    }
    skip_lf_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (buffer_.empty()) {
      line(piece, on_event);
    } else {
      const std::string whole = std::exchange(buffer_, {}).append(piece);
      line(whole, on_event);
    }
  }
  return {};
}

void SseParser::line(std::string_view text, const std::function<void(const SseEvent&)>& on_event) {
  if (std::exchange(first_, false) && text.starts_with(kBom)) text.remove_prefix(kBom.size());
  if (text.empty()) return dispatch(on_event);
  const size_t colon = std::min(text.find(':'), text.size());
  const std::string_view field = text.substr(0, colon);
  std::string_view value = text.substr(std::min(colon + 1, text.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);

  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.name = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  }
  // "retry" is advice for a browser's reconnection; comments (an empty field name) and unknown fields are ignored.
}

void SseParser::dispatch(const std::function<void(const SseEvent&)>& on_event) {
  if (std::exchange(has_data_, false)) {
    if (event_.name.empty()) event_.name = "message";
    on_event(event_);
  }
  event_.name.clear();
  event_.data.clear();
}

}  // namespace promethean::http
