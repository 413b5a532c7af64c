// Server-sent events: writing and parsing. hub.h fans one sequence of events out to many streams.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace promethean::http {

// One event as it goes over the wire: "event: NAME\nid: ID\ndata: DATA\n\n"; an empty name or id is left out. Line
// breaks in `data` become several data lines, those in `name` and `id` are dropped.
std::string sse_event(std::string_view data, std::string_view name = {}, std::string_view id = {});

struct SseEvent {
  std::string name = "message";
  std::string data;
  std::string id;
  bool operator==(const SseEvent&) const = default;
};

// SseParser: bytes in any cuts -> events (WHATWG HTML, 9.2.6). An event that is not complete when the bytes end is
// never handed out. An event over `max_event` bytes is kTooLarge, then and at every later feed. An event's id is the
// last id the stream has named, as the standard wants for Last-Event-ID.
class SseParser {
 public:
  explicit SseParser(size_t max_event = 8 << 20) : max_(max_event) {}
  // What `on_event` gets is the parser's own and changes with the next event.
  base::Result<void> feed(std::string_view bytes, const std::function<void(const SseEvent&)>& on_event);

 private:
  void line(std::string_view text, const std::function<void(const SseEvent&)>& on_event);
  void dispatch(const std::function<void(const SseEvent&)>& on_event);

  size_t max_;
  std::string buffer_;                                // the line that is not complete yet
  SseEvent event_{.name = "", .data = "", .id = ""};  // the event that is not complete yet
  bool has_data_ = false;
  bool skip_lf_ = false;  // the last byte was a CR: an LF now belongs to it
  bool first_ = true;     // a BOM may stand at the very start
  bool failed_ = false;
};

}  // namespace promethean::http
