// A stream cut after every byte gives the events that the whole stream gives, and stops at the same limit or later.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "http/sse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr size_t kLimit = 200;
  std::vector<http::SseEvent> whole, cut;
  http::SseParser first(kLimit);
  const bool whole_good = first.feed(input, [&whole](http::SseEvent e) { whole.push_back(std::move(e)); }).has_value();
  http::SseParser second(kLimit);
  bool cut_good = true;
  for (size_t i = 0; i < size && cut_good; ++i) {
    cut_good = second.feed(input.substr(i, 1), [&cut](http::SseEvent e) { cut.push_back(std::move(e)); }).has_value();
  }
  CHECK(whole_good == cut_good);
  CHECK(whole == cut);
  for (const http::SseEvent& event : whole) CHECK(event.data.size() <= kLimit);
  return 0;
}
