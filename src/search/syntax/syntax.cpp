#include "search/syntax.h"

#include <tree_sitter/api.h>

#include <algorithm>

#include "search/syntax/rules.h"
#include "search/syntax/walker.h"

namespace promethean::search {

namespace {

constexpr uint32_t kChunkBytes = 4'096;  // between two looks at the stop flag

struct ParserDelete {
  void operator()(TSParser* parser) const { ts_parser_delete(parser); }
};
struct TreeDelete {
  void operator()(TSTree* tree) const { ts_tree_delete(tree); }
};
using TreePointer = std::unique_ptr<TSTree, TreeDelete>;

// Hands the text out in chunks, and tells the parser to give up when the answer is not wanted any more.
struct Source {
  std::string_view text;
  const async::StopFlag& stop;
  size_t given_up = 0;

  static const char* read(void* payload, uint32_t at, TSPoint, uint32_t* size) {
    auto& source = *static_cast<Source*>(payload);
    if (source.stop.stopped()) __atomic_store_n(&source.given_up, 1, __ATOMIC_RELAXED);
    const size_t begin = std::min<size_t>(at, source.text.size());
    *size = static_cast<uint32_t>(std::min<size_t>(kChunkBytes, source.text.size() - begin));
    return source.text.data() + begin;
  }
};

// One attempt: libtree-sitter 0.20 can crash when a parse that ran out of time is taken up again.
TreePointer parse_text(const syntax::Grammar& grammar, std::string_view text, const SyntaxBudget& budget,
                       const async::StopFlag& stop) {
  const std::unique_ptr<TSParser, ParserDelete> parser(ts_parser_new());
  if (!ts_parser_set_language(parser.get(), grammar.parser())) return nullptr;
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(budget.left()).count();
  if (left <= 0 || stop.stopped()) return nullptr;
  Source source{.text = text, .stop = stop};
  ts_parser_set_timeout_micros(parser.get(), static_cast<uint64_t>(left));
  ts_parser_set_cancellation_flag(parser.get(), &source.given_up);
  const TSInput input{.payload = &source, .read = Source::read, .encoding = TSInputEncodingUTF8};
  return TreePointer(ts_parser_parse(parser.get(), nullptr, input));
}

// What a node says about the text in it; empty: look at what encloses it.
std::string_view within_node(std::string_view type) {
  if (type == "template_substitution" || type == "interpolation" || type == "string_interpolation") return "code";
  if (type.find("comment") != std::string_view::npos) return "comment";
  if (type.find("string") != std::string_view::npos || type == "char_literal" || type == "character_literal" ||
      type == "rune_literal" || type == "regex" || type == "jsx_text")
    return "literal";
  return {};
}

}  // namespace

struct SyntaxTree::State {
  const syntax::Grammar& grammar;
  std::string_view text;
  TreePointer tree;
};

bool has_grammar(Language language) {
  return syntax::grammar_of(language, "") != nullptr;
}

std::optional<SyntaxTree> SyntaxTree::parse(Language language, std::string_view path, std::string_view text,
                                            const SyntaxBudget& budget, const async::StopFlag& stop) {
  const syntax::Grammar* grammar = syntax::grammar_of(language, path);
  if (grammar == nullptr || text.size() >= UINT32_MAX || !budget.allows(text.size())) return std::nullopt;
  TreePointer tree = parse_text(*grammar, text, budget, stop);
  if (!tree) return std::nullopt;
  return SyntaxTree(std::make_unique<State>(*grammar, text, std::move(tree)));
}

SyntaxTree::SyntaxTree(std::unique_ptr<State> state) : state_(std::move(state)) {}
SyntaxTree::SyntaxTree(SyntaxTree&&) noexcept = default;
SyntaxTree::~SyntaxTree() = default;

bool SyntaxTree::has_errors() const {
  return ts_node_has_error(ts_tree_root_node(state_->tree.get()));
}

std::vector<Definition> SyntaxTree::definitions() const {
  return syntax::walk(state_->grammar, ts_tree_root_node(state_->tree.get()), state_->text);
}

std::string_view SyntaxTree::within(size_t offset) const {
  // From the root down; the innermost node that says something decides.
  const auto at = static_cast<uint32_t>(offset);
  std::string_view within = "code";
  TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(state_->tree.get()));
  for (;;) {
    const TSNode node = ts_tree_cursor_current_node(&cursor);
    if (ts_node_start_byte(node) > at || ts_node_end_byte(node) <= at) break;
    const std::string_view type = ts_node_type(node);
    // The text of a macro and what does not fit the grammar have no structure.
    const bool loose = type == "ERROR" || type == "preproc_arg" || type == "preproc_call";
    if (loose) within = {};
    if (const auto said = within_node(type); !said.empty()) within = said;
    if (ts_tree_cursor_goto_first_child_for_byte(&cursor, at) < 0) break;
  }
  ts_tree_cursor_delete(&cursor);
  return within;
}

}  // namespace promethean::search
