// The parser behind grep_parse.h. Each function moves on behind what it has read, or notes the first error and returns
// false.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "search/grep_parse.h"

namespace promethean::search {

class PatternParser {
 public:
  PatternParser(std::string_view pattern, const ParseFlags& flags) : text_(pattern), flags_(flags) {}

  base::Result<ParsedPattern> run();

 private:
  static constexpr int kMaxDepth = 200;
  // One thing behind a backslash, or a character of a class.
  struct Item {
    bool is_literal = false;  // else `codes`
    uint32_t code = 0;
    bool raw_byte = false;  // `\xHH` without Unicode
    CodeSet codes;
  };

  // grep_parse.cpp
  bool alternation(int depth, GrepNode* out);
  bool concatenation(int depth, GrepNode* out);
  bool atom(int depth, GrepNode* out, bool* repeatable);
  bool repeats(bool repeatable, GrepNode* out);
  bool counted(uint32_t* least, uint32_t* most);
  bool number(uint32_t* out);
  bool group(int depth, GrepNode* out, bool* repeatable);
  bool group_name(char close);
  bool group_flags(bool* opens);
  bool flag(char letter, bool on);
  bool escape(GrepNode* out);
  bool look_escape(char letter, GrepNode* out);
  bool word_look(Look* look);
  bool back_reference(GrepNode* out);
  bool literal(GrepNode* out);
  GrepNode any_character() const;
  GrepNode literal_node(const Item& item);

  // grep_parse_class.cpp
  bool bracket(int depth, CodeSet* out);
  bool bracket_items(int depth, CodeSet* out);
  bool bracket_begin(CodeSet* out);
  bool bracket_range(CodeSet* out);
  bool bracket_item(Item* out);
  bool posix_class(CodeSet* out);
  void combine(char operation, CodeSet* left, CodeSet right);
  bool class_escape(Item* out);      // `\d` `\pL`
  bool character_escape(Item* out);  // `\n` `\x41` `\.`
  bool hex_escape(char letter, Item* out);
  bool property_escape(bool negated, CodeSet* out);
  CodeSet perl_class(char letter) const;
  CodeSet folded(CodeSet set) const;
  void add_item(const Item& item, CodeSet* out) const;
  uint32_t greatest() const { return flags_.unicode ? CodeSet::kMaxCode : CodeSet::kMaxByte; }

  bool more() const { return at_ < text_.size(); }
  char here() const { return text_[at_]; }
  bool looking_at(std::string_view text) const { return text_.substr(at_).starts_with(text); }
  bool take(std::string_view text);
  void skip_blanks();  // and comments, where `x` is on
  char behind_blanks() const;
  bool fail(std::string message) { return fail_at(at_, std::move(message)); }
  bool fail_at(size_t place, std::string message);

  std::string_view text_;
  size_t at_ = 0;
  ParseFlags flags_;
  std::set<std::string, std::less<>> names_;
  bool needs_pcre2_ = false;
  bool foreign_ = false;
  std::string error_;
};

}  // namespace promethean::search
