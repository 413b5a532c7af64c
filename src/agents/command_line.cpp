#include "agents/command_line.h"

#include <optional>

namespace promethean::agents {

namespace {

constexpr size_t kMaxWords = 10'000;

bool needs_shell(std::string_view line, size_t at) {
  const char c = line[at];
  return c == '|' || c == '&' || c == ';' || c == '<' || c == '>' || c == '`' || c == '\n' ||
         (c == '$' && at + 1 < line.size() && line[at + 1] == '(');
}

std::unexpected<base::Error> bad(std::string message, std::string hint = "") {
  return base::bad_field("command", std::move(message), std::move(hint));
}

}  // namespace

base::Result<std::vector<std::string>> split_command(std::string_view line) {
  if (line.find('\0') != std::string_view::npos) return bad("command has a NUL byte");
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  const auto put = [&word](char c) {
    if (!word) word.emplace();
    word->push_back(c);
  };
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '\'') {
      if (c == '\'')
        quote = 0;
      else
        put(c);
    } else if (c == '\\') {
      if (i + 1 == line.size()) return bad("command ends in a backslash");
      const char next = line[++i];
      const bool special = next == '"' || next == '\\' || next == '$' || next == '`';
      if (quote == '"' && !special) put('\\');
      put(next);
    } else if (quote == '"') {
      if (c == '"')
        quote = 0;
      else
        put(c);
    } else if (c == '\'' || c == '"') {
      quote = c;
      if (!word) word.emplace();
    } else if (c == ' ' || c == '\t' || (c == '\n' && line.find_first_not_of(" \t\n", i) == std::string_view::npos)) {
      if (word) words.push_back(std::move(*word));
      word.reset();
    } else if (needs_shell(line, i)) {
      return bad("command needs a shell: " + std::string(1, c == '\n' ? ' ' : c) + " outside of quotes",
                 "set [exec] shell = true, quote it, or give `command` as a list of words");
    } else {
      put(c);
    }
    if (words.size() > kMaxWords) return bad("command has more than 10,000 words");
  }
  if (quote != 0) return bad(std::string("command has an open quote ") + quote);
  if (word) words.push_back(std::move(*word));
  if (words.empty()) return bad("Missing 'command'");
  return words;
}

}  // namespace promethean::agents
