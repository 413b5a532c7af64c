#include "llm/plain_chunk.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace promethean::llm {

namespace {

// Reads on through one text; every function says whether what it names was there and has been passed.
class ChunkReader {
 public:
  explicit ChunkReader(std::string_view text) : text_(text) {}

  std::optional<PlainChunk> read() {
    const auto top = [this](std::string_view key) {
      if (key == "choices") return once(has_choices_) && choices();
      return key != "error" && scalar();
    };
    if (has_control() || !base::is_valid_utf8(text_)) return std::nullopt;
    if (!object(top) || !has_choices_ || has_content_ != chunk_.finish_reason.empty() || !at_end()) return std::nullopt;
    return std::move(chunk_);
  }

 private:
  // A control character is wrong in a string and rare between values. Looked for in all bytes, without a branch, it
  // costs next to nothing.
  bool has_control() const {
    bool found = false;
    for (const char c : text_) found |= static_cast<unsigned char>(c) < 0x20;
    return found;
  }

  bool choices() {
    skip_space();
    const size_t start = at_;
    const auto choice = [this](std::string_view key) {
      if (key == "delta") return once(has_delta_) && delta();
      if (key == "index") return once(has_index_) && word("0");
      if (key == "finish_reason") return once(has_finish_) && finish_reason();
      return word("null");
    };
    if (!take('[') || !object(choice) || !take(']')) return false;
    chunk_.choices = text_.substr(start, at_ - start);
    return true;
  }

  bool delta() {
    return object([this](std::string_view key) {
      if (key == "content") return once(has_content_) && content();
      if (key == "role") return once(has_role_) && string();
      return word("null");
    });
  }

  bool finish_reason() {
    skip_space();
    if (at_ == text_.size() || text_[at_] != '"') return word("null");
    if (!string() || escaped_ || string_.empty()) return false;
    chunk_.finish_reason = string_;
    return true;
  }

  bool content() {
    if (!string()) return false;
    chunk_.written = string_;
    if (!escaped_) {
      chunk_.content = string_;
      return true;
    }
    for (size_t i = 0; i < string_.size(); ++i) {
      chunk_.content += string_[i] == '\\' ? kMeanings[kEscapes.find(string_[++i])] : string_[i];
    }
    return true;
  }

  template <class Member>
  bool object(const Member& member) {
    if (!take('{')) return false;
    if (take('}')) return true;
    do {
      if (!string()) return false;
      const std::string_view key = string_;
      if (escaped_ || !take(':') || !member(key)) return false;
    } while (take(','));
    return take('}');
  }

  // Which one it is, its first character says: what has begun as one is not tried as another.
  bool scalar() {
    skip_space();
    if (at_ == text_.size()) return false;
    if (text_[at_] == '"') return string();
    if (text_[at_] >= '0' && text_[at_] <= '9') return integer();
    return word("null") || word("true") || word("false");
  }

  // Leaves what stands between the quotes in string_, and whether there are escapes in escaped_.
  bool string() {
    if (!take('"')) return false;
    const size_t start = at_;
    escaped_ = false;
    size_t quote = text_.find('"', at_);
    while (quote != std::string_view::npos) {
      const size_t backslash = text_.substr(0, quote).find('\\', at_);
      if (backslash == std::string_view::npos) {
        string_ = text_.substr(start, quote - start);
        at_ = quote + 1;
        return true;
      }
      if (kEscapes.find(text_[backslash + 1]) == std::string_view::npos) return false;
      escaped_ = true;
      at_ = backslash + 2;  // behind what it escapes, which may be the quote
      if (at_ > quote) quote = text_.find('"', at_);
    }
    return false;
  }

  bool integer() {
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    const std::string_view digits = text_.substr(start, at_ - start);
    return digits.size() < 19 && (digits.size() == 1 || digits[0] != '0');
  }

  // A letter or digit that follows is seen by whoever comes next, who expects none.
  bool word(std::string_view expected) {
    skip_space();
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  bool take(char expected) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  // Of equal keys the last would count: leave that to the parser.
  static bool once(bool& seen) { return !std::exchange(seen, true); }

  // What may follow a backslash, \u aside, and what it means.
  static constexpr std::string_view kEscapes = "\"\\/nrtbf", kMeanings = "\"\\/\n\r\t\b\f";

  std::string_view text_;
  size_t at_ = 0;
  std::string_view string_;
  bool escaped_ = false;
  bool has_choices_ = false, has_delta_ = false, has_index_ = false, has_content_ = false, has_role_ = false,
       has_finish_ = false;
  PlainChunk chunk_;
};

}  // namespace

std::optional<PlainChunk> read_plain_chunk(std::string_view text) {
  return ChunkReader(text).read();
}

std::optional<PlainChunk> PlainChunkReader::read(std::string_view text) {
  if (!before_.empty() && text.size() >= before_.size() + after_.size() && text.starts_with(before_) &&
      text.ends_with(after_)) {
    const std::string_view written = text.substr(before_.size(), text.size() - before_.size() - after_.size());
    const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
    if (std::ranges::all_of(written, plain) && base::is_valid_utf8(written)) {
      const size_t end = text.size() - after_.size() + choices_end_;
      return PlainChunk{.content = std::string(written),
                        .finish_reason = {},
                        .choices = text.substr(choices_begin_, end - choices_begin_),
                        .written = written};
    }
  }
  auto chunk = read_plain_chunk(text);
  if (!chunk || !chunk->finish_reason.empty()) return chunk;
  const auto begin = static_cast<size_t>(chunk->written.data() - text.data());
  before_ = text.substr(0, begin);
  after_ = text.substr(begin + chunk->written.size());
  choices_begin_ = static_cast<size_t>(chunk->choices.data() - text.data());
  choices_end_ = choices_begin_ + chunk->choices.size() - begin - chunk->written.size();
  return chunk;
}

}  // namespace promethean::llm
