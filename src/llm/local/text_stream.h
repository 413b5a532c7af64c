// TextStream: the bytes of tokens -> text that may be shown.
//
// A token may end inside a character or inside a stop string. What is not certain yet is held back: push() gives only
// whole characters that can no longer become part of a stop string. Invalid bytes become U+FFFD. The text does not
// depend on where the tokens were cut: it ends before the stop string that is completed first. Stop strings are UTF-8.
// From a call marker on, which is never given out in two pieces, they do not count.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promethean::llm::local {

class TextStream {
 public:
  // Empty stop strings are ignored.
  explicit TextStream(std::vector<std::string> stops, std::string_view call_marker = {});

  // Text that became certain; may be empty. After stopped() nothing more comes.
  std::string push(std::string_view bytes);

  bool stopped() const { return stopped_; }
  bool in_call() const { return in_call_; }

  // Bytes of whole characters so far, and of what was given out of them; bytes at the end that only begin a character.
  size_t seen() const { return seen_; }
  size_t given() const { return given_; }
  size_t unfinished() const { return raw_.size(); }

  // The answer ended without a stop string: what was held back, less a character that was never completed.
  std::string finish();

 private:
  struct Match {
    size_t begin = std::string::npos;
    size_t end = std::string::npos;
  };
  Match first_stop() const;
  size_t certain() const;  // bytes of pending_ that neither a stop string nor the marker can begin in

  std::vector<std::string> stops_;
  std::string marker_;   // empty from the first one on
  std::string raw_;      // the beginning of a character
  std::string pending_;  // whole characters not given out yet
  size_t seen_ = 0;
  size_t given_ = 0;
  bool stopped_ = false;
  bool in_call_ = false;
};

}  // namespace promethean::llm::local
