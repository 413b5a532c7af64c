#include "search/symbol_find.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/strings.h"
#include "search/name_match.h"
#include "search/occurrences.h"
#include "search/symbol_text.h"
#include "search/syntax.h"

namespace promethean::search {

namespace {

constexpr size_t kSyntaxFiles = 8;  // of an answer, read by their grammar
constexpr std::chrono::milliseconds kFindSyntaxTime{40};
constexpr size_t kSimilar = 20;  // similar names shown when there is no better one
constexpr double kAside = 0.98;  // what tests, examples and small things keep of their score, each

struct FoundName {
  NameMatch match = NameMatch::kExact;
  double score = 0;
  FileRef file;
  uint32_t definition = 0;
  uint32_t line = 0;
};

bool is_small(DefinitionKind kind) {
  using enum DefinitionKind;
  return kind == kField || kind == kVariable || kind == kProperty || kind == kHeading || kind == kTarget ||
         kind == kTable || kind == kImpl;
}

class SymbolFinder {
 public:
  SymbolFinder(const TreeState& state, const SymbolQuery& query, const async::StopFlag& stop)
      : state_(state),
        query_(query),
        stop_(stop),
        parts_(name_parts(query.name)),
        wanted_(state, query.files),
        limit_(query.limit) {}

  SymbolsFound run() {
    if (parts_.empty()) return {.symbols = {}, .total = 0, .note = "\"" + query_.name + "\" holds no name"};
    collect(query_.loosest);
    if (total() == 0 && query_.fuzzy_if_none && query_.loosest < NameMatch::kFuzzy) {
      limit_ = std::min(limit_, kSimilar);
      collect(NameMatch::kFuzzy);
    }
    SymbolsFound found = answer();
    if (query_.textual_if_none && counts_[0] == 0) add_textual(&found);
    return found;
  }

 private:
  uint64_t total() const { return counts_[0] + counts_[1] + counts_[2] + counts_[3]; }

  void collect(NameMatch loosest) {
    const NameMatcher last(parts_.back(), loosest);
    for (uint32_t s = 0; s < state_.segments().size(); ++s) visit(s, last, loosest, nullptr);
    if (parts_.size() < 2) return;
    // A name may hold what joins names elsewhere: "3.1 Setup", "main.o".
    const NameMatcher whole(query_.name, std::min(loosest, NameMatch::kSubstring));
    for (uint32_t s = 0; s < state_.segments().size(); ++s) visit(s, whole, whole_loosest(loosest), &last);
  }

  static NameMatch whole_loosest(NameMatch loosest) { return std::min(loosest, NameMatch::kSubstring); }

  // All spellings of a segment that fit. `but_not`: what this one finds in the right scope was counted before.
  void visit(uint32_t segment, const NameMatcher& matcher, NameMatch loosest, const NameMatcher* but_not) {
    const LexicalIndex& index = state_.segments()[segment]->lexical();
    const auto take = [&](uint32_t number) {
      const LexicalIndex::Spelling spelling = index.spelling(number);
      if (matcher.may_match(spelling.letters, spelling.folded.size()))
        take_spelling(segment, spelling, matcher, but_not);
    };
    if (loosest == NameMatch::kSubstring) {
      for (const uint32_t number : index.spellings_containing(matcher.folded())) take(number);
      return;
    }
    const bool fuzzy = loosest == NameMatch::kFuzzy;
    const uint32_t first = fuzzy ? 0 : index.first_spelling(matcher.folded());
    for (uint32_t number = first; number < index.spelling_count() && !stop_.stopped(); ++number) {
      const std::string_view folded = index.spelling(number).folded;
      const bool in_range =
          loosest == NameMatch::kExact ? folded == matcher.folded() : folded.starts_with(matcher.folded());
      if (!fuzzy && !in_range) break;
      take(number);
    }
  }

  void take_spelling(uint32_t segment, const LexicalIndex::Spelling& spelling, const NameMatcher& matcher,
                     const NameMatcher* but_not) {
    const LexicalIndex& index = state_.segments()[segment]->lexical();
    std::string_view scored;
    std::optional<NameScore> score;
    for (uint32_t i = 0; i < spelling.count; ++i) {
      if (i % 1024 == 0 && stop_.stopped()) return;
      const uint32_t number = index.named_definition(spelling.first + i);
      if (number >= index.definition_count()) continue;
      const LexicalDefinitionInfo d = index.definition(number);
      if (query_.kind && *query_.kind != d.kind) continue;
      if (!wanted_.accepts({segment, d.file})) continue;
      if (i == 0 || d.name != scored) score = matcher.match(d.name), scored = d.name;
      if (!score) continue;
      const bool in_scope = parts_.size() == 1 || scope_ends_with(index.scope(number), parts_);
      if (but_not == nullptr ? !in_scope : in_scope && but_not->match(d.name)) continue;
      offer({.match = score->match,
             .score = score->score * standing(index, d),
             .file = {segment, d.file},
             .definition = number,
             .line = d.line});
    }
  }

  static double standing(const LexicalIndex& index, const LexicalDefinitionInfo& d) {
    const FileClass c = index.file(d.file).file_class;
    return (c.role == Role::kTests ? kAside : 1) * (c.sideline || c.vendored || c.generated ? kAside : 1) *
           (is_small(d.kind) ? kAside : 1);
  }

  bool before(const FoundName& a, const FoundName& b) const {
    if (a.match != b.match) return a.match < b.match;
    if (a.score != b.score) return a.score > b.score;
    const std::string_view path_a = state_.path(a.file), path_b = state_.path(b.file);
    return path_a != path_b ? path_a < path_b : a.line < b.line;
  }

  // Keeps the best `limit` of all, the worst of them on top of the heap.
  void offer(const FoundName& candidate) {
    const auto better = [this](const FoundName& a, const FoundName& b) { return before(a, b); };
    ++counts_[static_cast<size_t>(candidate.match)];
    if (limit_ == 0) return;
    if (best_.size() >= limit_) {
      if (!before(candidate, best_.front())) return;
      std::ranges::pop_heap(best_, better);
      best_.pop_back();
    }
    best_.push_back(candidate);
    std::ranges::push_heap(best_, better);
  }

  // Exact ranges, by grammar, for the first files of the answer: as many as the time allows.
  void refine(std::vector<Symbol>* symbols) const {
    const SyntaxBudget budget(kFindSyntaxTime);
    std::map<std::string_view, std::vector<size_t>> by_path;
    std::vector<std::string_view> order;
    for (size_t i = 0; i < symbols->size(); ++i) {
      auto& places = by_path[(*symbols)[i].path];
      if (places.empty()) order.push_back((*symbols)[i].path);
      places.push_back(i);
    }
    for (size_t n = 0; n < std::min(order.size(), kSyntaxFiles) && !budget.spent(); ++n) {
      const auto ref = state_.find(order[n]);
      if (!ref) continue;
      const Segment::File file = state_.file(*ref);
      const auto language = static_cast<Language>(file.record->language);
      const auto tree = SyntaxTree::parse(language, file.path, file.text.text(), budget, stop_);
      if (!tree) continue;
      const auto definitions = tree->definitions();
      for (const size_t i : by_path[order[n]]) refine((*symbols)[i], definitions);
    }
  }

  static void refine(Symbol& symbol, const std::vector<Definition>& definitions) {
    for (const Definition& d : definitions) {
      if (d.name != symbol.name || static_cast<int>(d.line) != symbol.line) continue;
      symbol.tier = Tier::kSyntax;
      symbol.start_line = static_cast<int>(d.start_line);
      symbol.end_line = static_cast<int>(d.end_line);
      return;
    }
  }

  SymbolsFound answer() {
    std::ranges::sort(best_, [this](const FoundName& a, const FoundName& b) { return before(a, b); });
    SymbolsFound found;
    found.total = total();
    if (query_.best_only && !best_.empty()) {
      const NameMatch best = best_.front().match;
      std::erase_if(best_, [best](const FoundName& c) { return c.match != best; });
      found.total = counts_[static_cast<size_t>(best)];
    }
    for (const FoundName& c : best_) {
      Symbol symbol = symbol_of(state_, c.file, c.definition);
      symbol.match = c.match;
      symbol.score = c.score;
      if (query_.comments) add_comment(c, &symbol);
      found.symbols.push_back(std::move(symbol));
    }
    refine(&found.symbols);
    if (!best_.empty() && best_.front().match == NameMatch::kFuzzy) {
      found.note = "no definition is named like \"" + query_.name + "\"; these names are similar";
    }
    return found;
  }

  void add_comment(const FoundName& c, Symbol* symbol) const {
    const Segment::File file = state_.file(c.file);
    const auto d = state_.segments()[c.file.segment]->lexical().definition(c.definition);
    symbol->comment = definition_comment(file.text, static_cast<Language>(file.record->language),
                                         {d.line, d.start_line, d.end_line, d.doc_line});
  }

  // No definition has the name: where it stands. When similar definitions were found, only in languages whose
  // definitions are not known.
  void add_textual(SymbolsFound* found) {
    const bool all = counts_[0] + counts_[1] + counts_[2] == 0;
    auto places = find_occurrences(state_, query_.name, false, wanted_, stop_);
    if (places.empty()) places = find_occurrences(state_, query_.name, true, wanted_, stop_);
    std::set<std::string_view> unknown;
    uint64_t count = 0;
    for (const FileOccurrences& in_file : places) {
      const auto language = static_cast<Language>(state_.file(in_file.file).record->language);
      const bool supported = has_definitions(language);
      if (!supported) unknown.insert(language_name(language));
      if (supported && !all) continue;
      count += add_lines(in_file, found);
    }
    found->total += count;
    found->note = textual_note(all, found->total == 0, count, unknown, found->note);
  }

  // One result a line.
  uint64_t add_lines(const FileOccurrences& in_file, SymbolsFound* found) {
    const Segment::File file = state_.file(in_file.file);
    uint32_t last = 0;
    uint64_t count = 0;
    for (const uint32_t offset : in_file.offsets) {
      const uint32_t line = file.text.line_at(offset);
      if (line == last) continue;
      last = line;
      ++count;
      if (found->symbols.size() >= query_.limit) continue;
      const std::string text = line_text(file.text, line, 200);
      found->symbols.push_back(
          {.path = std::string(file.path),
           .name = query_.name,
           .kind = "text",
           .scope = enclosing_name(state_.segments()[in_file.file.segment]->lexical(), in_file.file.file, line),
           .line = static_cast<int>(line),
           .start_line = static_cast<int>(line),
           .end_line = static_cast<int>(line),
           .signature = std::string(base::trim(text)),
           .comment = {},
           .tier = Tier::kTextual,
           .match = NameMatch::kText,
           .score = 0.1});
    }
    return count;
  }

  std::string textual_note(bool all, bool found_nothing, uint64_t count, const std::set<std::string_view>& unknown,
                           const std::string& note) const {
    std::string languages;
    for (const std::string_view name : unknown) languages.append(languages.empty() ? "" : ", ").append(name);
    const std::string because = languages.empty() ? "" : " (definitions in " + languages + " are not known)";
    if (count == 0 && found_nothing) {
      const bool known = !query_.files.language || has_definitions(*query_.files.language);
      return "\"" + query_.name + "\" is neither defined nor found as a word in the files that were asked for" +
             (known ? ""
                    : " (definitions in " + std::string(language_name(*query_.files.language)) + " are not known)");
    }
    if (count == 0) return note;
    if (all) {
      return "no definition of \"" + query_.name + "\" is known; tier textual is where the word stands" + because +
             (note.empty() ? "" : "; " + note);
    }
    return (note.empty() ? "" : note + "; ") + std::string("tier textual: where the word stands") + because;
  }

  const TreeState& state_;
  const SymbolQuery& query_;
  const async::StopFlag& stop_;
  const std::vector<std::string_view> parts_;
  WantedFiles wanted_;
  size_t limit_;  // of definitions
  std::vector<FoundName> best_;
  std::array<uint64_t, 4> counts_{};  // by NameMatch
};

}  // namespace

SymbolsFound find_symbols(const TreeState& state, const SymbolQuery& query, const async::StopFlag& stop) {
  return SymbolFinder(state, query, stop).run();
}

Symbol symbol_of(const TreeState& state, FileRef ref, uint32_t definition) {
  const LexicalIndex& index = state.segments()[ref.segment]->lexical();
  const LexicalDefinitionInfo info = index.definition(definition);
  return {.path = std::string(state.path(ref)),
          .name = std::string(info.name),
          .kind = std::string(kind_name(info.kind)),
          .scope = index.scope(definition),
          .line = static_cast<int>(info.line),
          .start_line = static_cast<int>(info.start_line),
          .end_line = static_cast<int>(info.end_line),
          .signature = std::string(info.signature),
          .comment = {}};
}

std::vector<std::string_view> name_parts(std::string_view name) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = name.find_first_of(":.#");
    if (const auto part = name.substr(0, end); !part.empty()) parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    name.remove_prefix(end + 1);
  }
}

bool scope_ends_with(std::string_view scope, const std::vector<std::string_view>& parts) {
  const auto have = name_parts(scope);
  const size_t wanted = parts.size() - 1;
  if (have.size() < wanted) return false;
  return std::equal(parts.begin(), parts.end() - 1, have.end() - static_cast<std::ptrdiff_t>(wanted), base::iequals);
}

}  // namespace promethean::search
