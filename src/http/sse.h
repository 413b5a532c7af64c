// Server-sent events: writing, parsing, and a hub that fans one sequence of events out to many streams.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace promethean::http {

// One event as it goes over the wire: "event: NAME\ndata: DATA\n\n"; newlines in `data` become several data lines.
std::string sse_event(std::string_view data, std::string_view name = {}, std::string_view id = {});

struct SseEvent {
  std::string name = "message";
  std::string data;
  std::string id;
};

// SseParser: bytes in any cuts -> events (WHATWG HTML, 9.2.6). Lines over `max_event` bytes are an error, not a guess.
class SseParser {
 public:
  explicit SseParser(size_t max_event = 8 << 20) : max_(max_event) {}
  base::Result<void> feed(std::string_view bytes, const std::function<void(SseEvent)>& on_event);

 private:
  void line(std::string_view text, const std::function<void(SseEvent)>& on_event);
  size_t max_;
  std::string buffer_;  // the line that is not complete yet
  SseEvent event_;
  bool has_data_ = false;
  bool skip_lf_ = false;
  bool first_ = true;   // a BOM may stand at the very start
};

}  // namespace promethean::http
