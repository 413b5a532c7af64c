#include "context/grounded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <set>

#include "base/strings.h"
#include "context/excerpts.h"
#include "search/terms.h"

namespace promethean::context {

namespace {

using async::Context;
using async::Task;

constexpr size_t kWithLines = 3;  // citations shown with code; further ones with place and signature
constexpr int kDecisiveLines = 8;
constexpr int kDocLines = 6;
constexpr int kPromptLines = 10;  // of the excerpt that the model sees
constexpr int kSentenceTokens = 40;
constexpr std::string_view kSentenceGrammar =
    R"(root ::= "It " ("returns"|"checks"|"reads"|"writes"|"converts"|"creates"|"finds"|"counts"|"adds"|"removes"|"parses"|)"
    R"("builds"|"walks"|"computes"|"sets"|"updates"|"sends"|"handles"|"compares"|"opens"|"closes"|"stores"|"loads"|"splits"|)"
    R"("joins"|"matches"|"describes"|"defines") " " [^\n.`,]{12,110} ".")";
constexpr size_t kMaxLineBytes = 200;  // a longer line is cut in the answer, with a mark

std::set<std::string> terms_of(std::string_view text) {
  const auto list = search::text_terms(text);
  return {list.begin(), list.end()};
}

std::string numbered(const std::vector<std::string_view>& lines, const Citation& citation, int first, int last) {
  std::string out;
  for (int line = first; line <= last; ++line) {
    std::string_view text = lines[static_cast<size_t>(line - citation.start_line)];
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    std::string shown = base::sanitize_utf8(text);
    if (shown.size() > kMaxLineBytes)
      shown = base::sanitize_utf8(std::string_view(shown).substr(0, kMaxLineBytes)) + " …";
    out += fmt::format("{:>5}  {}\n", line, shown);
  }
  return out;
}

// A word that only code has: with an underscore, an inner capital, a call, a qualifier, a file extension or a slash.
bool is_code_word(std::string_view word) {
  if (word.find_first_of("_/(){}<>=\\") != std::string_view::npos || word.find("::") != std::string_view::npos)
    return true;
  for (size_t i = 1; i < word.size(); ++i) {
    const bool dot_inside =
        word[i] == '.' && i + 1 < word.size() && std::isalnum(static_cast<unsigned char>(word[i + 1])) != 0;
    const bool hump = std::isupper(static_cast<unsigned char>(word[i])) != 0 &&
                      std::islower(static_cast<unsigned char>(word[i - 1])) != 0;
    if (dot_inside || hump) return true;
  }
  return false;
}

std::set<std::string_view> words_of(std::string_view text) {
  std::set<std::string_view> words;
  size_t at = 0;
  for (auto word = search::next_word(text, &at); !word.empty(); word = search::next_word(text, &at)) words.insert(word);
  return words;
}

// Every part of the word is a word of the excerpt.
bool is_grounded(std::string_view word, const std::set<std::string_view>& known) {
  size_t at = 0;
  for (auto part = search::next_word(word, &at); !part.empty(); part = search::next_word(word, &at)) {
    if (!known.contains(part)) return false;
  }
  return true;
}

std::string_view first_sentence(std::string_view text) {
  text = base::trim(text);
  if (const size_t line = text.find('\n'); line != std::string_view::npos) text = base::trim(text.substr(0, line));
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    if (stop && std::isspace(static_cast<unsigned char>(text[i + 1])) != 0 && i > 20) return text.substr(0, i + 1);
  }
  return text;
}

// Only the first delta of a choice names its role: client libraries join what is repeated.
json::Array content_choice(const std::string& content, bool first) {
  json::Object delta{{"content", content}};
  if (first) delta["role"] = "assistant";
  return {json::Object{{"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", nullptr}}};
}

class GroundedAnswer final : public llm::ChatStream {
 public:
  GroundedAnswer(const llm::Model& model, std::vector<Citation> citations, GroundedOptions options)
      : model_(model),
        citations_(std::move(citations)),
        options_(std::move(options)),
        incarnation_(model.backend->incarnation()) {}

  // The steps of the answer, in order: opening, one step a citation, heading, one step a sentence, closing, finish.
  Task<base::Result<std::optional<llm::Delta>>> next(Context& ctx) override {
    for (;;) {
      if (ctx.done()) co_return base::fail(ctx.error());
      if (finished_) co_return std::optional<llm::Delta>();
      const size_t step = step_++;
      if (step == 0) co_return text(opening());
      if (step <= citations_.size()) {
        const size_t i = step - 1;
        co_return text(render_citation(i + 1, citations_[i], options_.question, i < kWithLines));
      }
      const size_t sentence = step - citations_.size() - 1;
      if (sentence < std::min(options_.sentences, citations_.size())) {
        auto written = co_await write_sentence(ctx, citations_[sentence]);
        if (!written) co_return base::fail(std::move(written).error());
        if (written->empty()) continue;
        std::string line = fmt::format("- `{}`: {}\n", citations_[sentence].place(), *written);
        if (!heading_sent_) line.insert(0, heading());
        heading_sent_ = true;
        co_return text(line);
      }
      if (!closing_sent_) {
        closing_sent_ = true;
        co_return text(closing());
      }
      finished_ = true;
      llm::Delta last;
      last.finish_reason = "stop";
      last.usage = usage_;
      last.choices = json::Array{
          json::Object{{"index", 0}, {"delta", json::Object()}, {"logprobs", nullptr}, {"finish_reason", "stop"}}};
      co_return std::optional<llm::Delta>(std::move(last));
    }
  }

 private:
  std::optional<llm::Delta> text(std::string content) const {
    llm::Delta delta;
    delta.choices = content_choice(content, step_ == 1);
    delta.content = std::move(content);
    return delta;
  }

  std::string opening() const {
    if (citations_.empty()) {
      return "Nothing in this repository matches the question. Try other words, the exact name of a function or file, "
             "or a quoted string.\n";
    }
    if (citations_.size() == 1) return "One place in this repository answers best:\n\n";
    return fmt::format("{} places in this repository, the best first:\n\n", citations_.size());
  }

  std::string heading() const {
    return fmt::format("What {} makes of them (a small model's guess; the lines above are what counts):\n\n",
                       model_.name);
  }

  std::string closing() const {
    std::string out = fmt::format(
        "\n_Grounded answer: places and lines are quoted from the repository as it is on disk; `{}` did not choose "
        "them. ",
        model_.name);
    if (options_.larger_models.empty()) {
      out += "No larger model was found; `promethean doctor` says how to add one for free explanations._\n";
    } else {
      out += "Larger models found: " + base::join(options_.larger_models, ", ") + "._\n";
    }
    return out;
  }

  // An answer during which the model's process was replaced is broken, even when it died between two sentences.
  base::Result<void> check_same_process() const {
    if (model_.backend->incarnation() == incarnation_) return {};
    return base::fail(base::Code::kUnavailable, "the process of model " + model_.name + " died during this answer",
                      "ask again: it has been restarted");
  }

  Task<base::Result<std::string>> write_sentence(Context& ctx, const Citation& citation) {
    auto stream = co_await llm::ask(ctx, model_, sentence_request(citation), options_.caller);
    if (!stream) co_return base::fail(std::move(stream).error());
    if (incarnation_ == 0) incarnation_ = model_.backend->incarnation();  // our first sentence started the process
    if (auto same = check_same_process(); !same) co_return base::fail(std::move(same).error());
    std::string written;
    for (;;) {
      auto delta = co_await (*stream)->next(ctx);
      if (!delta) co_return base::fail(std::move(delta).error());
      if (!*delta) break;
      written += (*delta)->content;
      if ((*delta)->usage) {
        usage_.prompt_tokens += (*delta)->usage->prompt_tokens;
        usage_.completion_tokens += (*delta)->usage->completion_tokens;
      }
    }
    if (auto same = check_same_process(); !same) co_return base::fail(std::move(same).error());
    co_return accept_sentence(written, citation);
  }

  const llm::Model& model_;
  const std::vector<Citation> citations_;
  const GroundedOptions options_;
  uint64_t incarnation_;
  size_t step_ = 0;
  bool heading_sent_ = false;
  bool closing_sent_ = false;
  bool finished_ = false;
  llm::Usage usage_;
};

}  // namespace

std::unique_ptr<llm::ChatStream> make_grounded_answer(const llm::Model& model, std::vector<Citation> citations,
                                                      GroundedOptions options) {
  return std::make_unique<GroundedAnswer>(model, std::move(citations), std::move(options));
}

std::pair<int, int> decisive_lines(const Citation& citation, std::string_view question, int count) {
  const auto wanted = terms_of(question);
  const auto lines = split_lines(citation.text);
  const int total = static_cast<int>(lines.size());
  if (total <= count) return {citation.start_line, citation.end_line};
  std::vector<int> score(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) {
    for (const auto& term : terms_of(lines[i])) score[i] += wanted.contains(term) ? 2 : 0;
    // The declaration itself says more than a line that happens to share a word.
    if (citation.symbol_line == citation.start_line + static_cast<int>(i)) score[i] += 3;
    if (base::trim(lines[i]).size() <= 1) score[i] -= 1;
  }
  int best = 0;
  int best_sum = INT_MIN;
  int sum = 0;
  for (int i = 0; i < total; ++i) {
    sum += score[static_cast<size_t>(i)];
    if (i >= count) sum -= score[static_cast<size_t>(i - count)];
    if (i >= count - 1 && sum > best_sum) {
      best_sum = sum;
      best = i - count + 1;
    }
  }
  return {citation.start_line + best, citation.start_line + best + count - 1};
}

std::string render_citation(size_t number, const Citation& citation, std::string_view question, bool with_lines) {
  std::string out = fmt::format("{}. `{}`", number, citation.place());
  if (!citation.symbol.empty()) out += fmt::format(" — `{}`", citation.symbol);
  out += '\n';
  if (!with_lines) {
    if (!citation.signature.empty()) out += fmt::format("   `{}`\n", citation.signature);
    return out + "\n";
  }
  const auto lines = split_lines(citation.text);
  const auto [first, last] = decisive_lines(citation, question, kDecisiveLines);
  std::string code;
  int shown = citation.start_line - 1;
  const auto show = [&](int from, int to) {
    from = std::max(from, shown + 1);
    to = std::min(to, citation.end_line);
    if (from > to) return;
    if (shown >= citation.start_line && from > shown + 1) code += "    …\n";
    code += numbered(lines, citation, from, to);
    shown = to;
  };
  if (citation.doc_start_line > 0)
    show(citation.doc_start_line, std::min(citation.doc_end_line, citation.doc_start_line + kDocLines - 1));
  if (citation.symbol_line >= citation.start_line && citation.symbol_line < first)
    show(citation.symbol_line, citation.symbol_line);
  show(first, last);
  const std::string fence = fence_for(code);
  return out + "\n" + fence + citation.language + "\n" + code + fence + "\n\n";
}

std::string accept_sentence(std::string_view written, const Citation& citation) {
  constexpr size_t kShortest = 20;
  constexpr size_t kLongest = 300;
  const std::string_view sentence = first_sentence(written);
  if (sentence.size() < kShortest || sentence.size() > kLongest || sentence.back() != '.') return {};
  const std::string lower = base::to_lower(sentence);
  for (const std::string_view voice :
       {"i ", "i'm", "sorry", "here is", "here's", "sure", "as an ai", "you ", "please", "the question"}) {
    if (lower.starts_with(voice)) return {};
  }
  const std::string source = citation.path + "\n" + citation.symbol + "\n" + citation.text;
  const auto known = words_of(source);
  size_t start = 0;
  while (start < sentence.size()) {
    const size_t end = std::min(sentence.find_first_of(" \t", start), sentence.size());
    std::string_view word = sentence.substr(start, end - start);
    const bool quoted = word.find_first_of("`'\"") != std::string_view::npos;
    while (!word.empty() && std::string_view(".,;:`'\"()").find(word.back()) != std::string_view::npos)
      word.remove_suffix(1);
    while (!word.empty() && std::string_view("`'\"(").find(word.front()) != std::string_view::npos)
      word.remove_prefix(1);
    const bool number = std::isdigit(static_cast<unsigned char>(word.empty() ? 'x' : word[0])) != 0;
    if ((quoted || number || is_code_word(word)) && !is_grounded(word, known)) return {};
    start = end + 1;
  }
  return base::sanitize_utf8(sentence);
}

// The form was chosen by trying it on real functions: naming the symbol and a grammar that begins with a verb helped
// most, examples made this model slower and worse.
json::Object sentence_request(const Citation& citation) {
  const auto lines = split_lines(citation.text);
  const int offset = std::max(0, citation.symbol_line - citation.start_line);
  const size_t first = static_cast<size_t>(offset) < lines.size() ? static_cast<size_t>(offset) : 0;
  std::string excerpt;
  for (size_t i = first; i < lines.size() && i < first + kPromptLines; ++i) excerpt += lines[i];
  const std::string fence = fence_for(excerpt);
  const size_t qualifier = citation.symbol.find_last_of(":.");
  const std::string name = qualifier == std::string::npos ? citation.symbol : citation.symbol.substr(qualifier + 1);
  const std::string subject = name.empty() ? "this code does" : "`" + name + "` does";
  const std::string user = fmt::format("Explain in one sentence what {}:\n{}{}\n{}{}", subject, fence,
                                       citation.language, base::sanitize_utf8(excerpt), fence);
  return json::Object{
      {"messages",
       json::Array{json::Object{{"role", "system"},
                                {"content", "You are a helpful assistant that explains code to programmers."}},
                   json::Object{{"role", "user"}, {"content", user}}}},
      {"max_tokens", kSentenceTokens},
      {"temperature", 0},
      {"frequency_penalty", 0.4},
      {"grammar", kSentenceGrammar},  // our worker honours it, others ignore it
  };
}

}  // namespace promethean::context
