// GrammarRules: puts a GBNF grammar together, rule by rule.
//
//   GrammarRules rules;
//   const std::string digit = rules.add("[0-9]");
//   const std::string whole = rules.add(GrammarRules::literal("#") + rules.repeat(digit, 1, 8));
//   std::string gbnf = rules.text(whole);                  // root ::= ..., and what it needs
//
// An expression is one line of GBNF; what add() gives is the name of a rule, which is an expression that may be
// repeated. Source: llama.cpp, grammars/README.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace promethean::llm::local {

class GrammarRules {
 public:
  static constexpr size_t kMaxBytes = 256 << 10;  // of all rules; parsing and following a larger grammar takes seconds

  static std::string literal(std::string_view text);  // "" for nothing
  static std::string character(char32_t code_point);  // as it stands in a class: [a-z]

  // A rule of this body; the same body gives the same rule.
  std::string add(std::string body);

  // A rule that is used before its body is known.
  std::string declare();
  void define(const std::string& name, std::string body);

  // Of a rule: least to most times; nullopt: any number. In large numbers the most is rounded down, to a multiple of a
  // chunk that the engine takes: never more than asked for.
  std::string repeat(const std::string& rule, size_t least, std::optional<size_t> most);

  bool too_large() const { return bytes_ > kMaxBytes; }
  std::string text(std::string_view root) const;

 private:
  std::string exactly(const std::string& rule, size_t times);
  std::string at_most(const std::string& rule, size_t times);
  std::string next_name() { return "r" + std::to_string(next_++); }

  std::map<std::string, std::string> by_body_;  // body -> name
  std::map<std::string, std::string> rules_;    // name -> body
  size_t next_ = 0;
  size_t bytes_ = 0;
};

}  // namespace promethean::llm::local
