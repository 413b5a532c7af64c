#include "llm/local/text_stream.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/strings.h"

namespace promethean::llm::local {

namespace {

// Bytes of the character that `lead` begins; 0 when it begins none.
size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// How many bytes at the end of `bytes` are the beginning of a character that may still be completed.
size_t unfinished_tail(std::string_view bytes) {
  for (size_t back = 1; back <= std::min<size_t>(3, bytes.size()); ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return sequence_length(byte) > back ? back : 0;
  }
  return 0;
}

}  // namespace

TextStream::TextStream(std::vector<std::string> stops, std::string_view call_marker)
    : stops_(std::move(stops)), marker_(call_marker) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

std::string TextStream::push(std::string_view bytes) {
  if (stopped_) return {};
  raw_ += bytes;
  const size_t whole = raw_.size() - unfinished_tail(raw_);
  const std::string characters = base::sanitize_utf8(std::string_view(raw_).substr(0, whole));
  raw_.erase(0, whole);
  pending_ += characters;
  seen_ += characters.size();

  Match stop = first_stop();
  if (const size_t call = marker_.empty() ? std::string::npos : pending_.find(marker_);
      call != std::string::npos && call + marker_.size() <= stop.end) {
    in_call_ = true;
    stops_.clear();
    marker_.clear();
    stop = {};
  }
  stopped_ = stop.begin != std::string::npos;
  const size_t ready = stopped_ ? stop.begin : certain();
  std::string text = pending_.substr(0, ready);
  pending_.erase(0, ready);
  given_ += ready;
  return text;
}

std::string TextStream::finish() {
  raw_.clear();
  if (stopped_) return {};
  given_ += pending_.size();
  return std::exchange(pending_, {});
}

TextStream::Match TextStream::first_stop() const {
  Match first;
  for (const std::string& stop : stops_) {
    const size_t begin = pending_.find(stop);
    if (begin == std::string::npos) continue;
    const Match match{begin, begin + stop.size()};
    if (first.begin == std::string::npos || std::pair(match.end, match.begin) < std::pair(first.end, first.begin)) {
      first = match;
    }
  }
  return first;
}

size_t TextStream::certain() const {
  size_t kept = 0;
  const auto keep_beginning_of = [&](std::string_view text) {
    for (size_t length = std::min(text.size() - 1, pending_.size()); length > kept; --length) {
      if (pending_.ends_with(text.substr(0, length))) kept = length;
    }
  };
  for (const std::string& stop : stops_) keep_beginning_of(stop);
  if (!marker_.empty()) keep_beginning_of(marker_);
  return pending_.size() - kept;
}

}  // namespace promethean::llm::local
