#include "llm/local/grammar_rules.h"

#include <fmt/format.h>

namespace promethean::llm::local {

namespace {
constexpr size_t kChunk = 64;  // repetitions the engine unrolls one by one
}  // namespace

std::string GrammarRules::literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02X}", byte);
    else
      out += c;
  }
  return out + "\"";
}

std::string GrammarRules::character(char32_t c) {
  const auto code = static_cast<uint32_t>(c);
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return {static_cast<char>(c)};
  if (code <= 0xFF) return fmt::format("\\x{:02X}", code);
  return code <= 0xFFFF ? fmt::format("\\u{:04X}", code) : fmt::format("\\U{:08X}", code);
}

std::string GrammarRules::add(std::string body) {
  const auto known = by_body_.find(body);
  if (known != by_body_.end()) return known->second;
  std::string name = next_name();
  by_body_.emplace(body, name);
  define(name, std::move(body));
  return name;
}

std::string GrammarRules::declare() {
  return next_name();
}

void GrammarRules::define(const std::string& name, std::string body) {
  bytes_ += name.size() + body.size() + 6;
  rules_[name] = std::move(body);
}

std::string GrammarRules::repeat(const std::string& rule, size_t least, std::optional<size_t> most) {
  std::string out = exactly(rule, least);
  if (!most) return out + " " + rule + "*";
  if (*most > least) out += " " + at_most(rule, *most - least);
  return out;
}

std::string GrammarRules::exactly(const std::string& rule, size_t times) {
  if (times == 0) return "\"\"";
  if (times <= kChunk) return fmt::format("{}{{{}}}", rule, times);
  const std::string chunk = add(exactly(rule, kChunk));
  return exactly(chunk, times / kChunk) + " " + exactly(rule, times % kChunk);
}

// Chunks, and then less than another one: both are open at the beginning of a chunk, and the wrong one ends with it.
std::string GrammarRules::at_most(const std::string& rule, size_t times) {
  if (times <= 4 * kChunk) return fmt::format("{}{{0,{}}}", rule, times);
  const std::string chunk = add(exactly(rule, kChunk));
  return at_most(chunk, (times - (kChunk - 1)) / kChunk) + fmt::format(" {}{{0,{}}}", rule, kChunk - 1);
}

std::string GrammarRules::text(std::string_view root) const {
  std::string out = fmt::format("root ::= {}\n", root);
  for (const auto& [name, body] : rules_) out += fmt::format("{} ::= {}\n", name, body);
  return out;
}

}  // namespace promethean::llm::local
