// Symbols: what is asked about names, and what comes back. Snapshot (index.h) answers; outline.h reads one file.
//
// How sure an answer is, is its tier: kSyntax (a parser read it), kScan (our scanner read it), kTextual (the word
// stands there, and nothing knows what it means).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/definitions.h"
#include "search/language.h"

namespace promethean::search {

enum class Tier : uint8_t { kSyntax, kScan, kTextual };
std::string_view tier_name(Tier tier);  // "syntax" "scan" "textual"

// From tight to loose. kText: no definition, the word as it stands in the text.
enum class NameMatch : uint8_t { kExact, kPrefix, kSubstring, kFuzzy, kText };
std::string_view match_name(NameMatch match);  // "exact" "prefix" "substring" "fuzzy" "text"
std::optional<NameMatch> parse_match(std::string_view text);

struct Symbol {
  std::string path;
  std::string name;
  std::string kind;   // "function", "class", "method", ...; "text" for a bare occurrence
  std::string scope;  // "Outer::Inner", may be empty
  int line = 0;       // where the name stands
  int start_line = 0;
  int end_line = 0;
  std::string signature;
  std::string comment;  // the first lines of the comment above it, where it was asked for
  Tier tier = Tier::kScan;
  NameMatch match = NameMatch::kExact;
  double score = 1;  // 0..1, comparable within one answer
};

// Which files a question is about. Empty members do not restrict.
struct SymbolFiles {
  std::string path_part;           // a text that the path contains
  std::vector<std::string> paths;  // globs or prefixes (FileFilter)
  std::optional<Language> language;
};

struct SymbolQuery {
  std::string name;  // a name, or a qualified one: the scope's end must agree, ignoring case
  NameMatch loosest = NameMatch::kSubstring;
  bool best_only = false;        // only the tightest kind of match that there is
  bool fuzzy_if_none = false;    // nothing as tight as `loosest`: similar names
  bool textual_if_none = false;  // no definition: where the word stands
  std::optional<DefinitionKind> kind;
  SymbolFiles files;
  size_t limit = 200;
  bool comments = false;
};

struct SymbolsFound {
  std::vector<Symbol> symbols;  // best first
  uint64_t total = 0;           // how many there are; exact unless stopped
  std::string note;             // what to know about the answer: why it is textual, or empty
};

enum class Relation : uint8_t { kSameFile, kSameFolder, kImporter, kOther };
std::string_view relation_name(Relation relation);  // "same_file" "same_folder" "importer" "other"

struct ReferenceQuery {
  std::string name;  // of a qualified name the last part is looked for, the rest chooses the definitions
  SymbolFiles files;
  size_t limit = 200;
  int context = 0;  // lines around each
};

// A place where the name stands as a whole word, outside of its definitions.
struct Reference {
  std::string path;
  int line = 0;
  int column = 0;  // 1-based, bytes
  std::string text;
  int start_line = 0;  // the window with context
  int end_line = 0;
  std::string snippet;
  std::string scope;        // the definition around it, may be empty
  bool syntactic = false;   // a parser or the lexer says that it is code
  std::string_view within;  // "code" "comment" "literal" "text"
  Relation relation = Relation::kOther;
};

struct ReferencesFound {
  std::vector<Reference> references;  // code first; same file, same folder, importers, others
  uint64_t total = 0;                 // exact unless stopped
  uint64_t files = 0;                 // that hold them
  std::vector<Symbol> definitions;    // the first ones
  std::string note;
};

}  // namespace promethean::search
