#include "search/references.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "search/definitions_lexer.h"
#include "search/occurrences.h"
#include "search/symbol_find.h"
#include "search/symbol_text.h"
#include "search/syntax.h"
#include "search/terms.h"

namespace promethean::search {

namespace {

constexpr std::chrono::milliseconds kRefsSyntaxTime{100};  // for telling code by grammar; the lexer is quicker
constexpr size_t kMaxDefinitionsRead = 10'000;  // definitions of one name whose files are scanned for its places
constexpr size_t kShownDefinitions = 10;
constexpr size_t kImportBytes = 64 << 10;  // of a file that are searched for imports

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view stem_of(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.substr(0, std::max<size_t>(name.find('.'), 1));
}

// A line that brings another file's names in, in one of the common languages.
bool is_import(std::string_view line) {
  line = base::trim(line);
  for (const std::string_view start : {"#include", "import", "from ", "use ", "pub use ", "using ", "require",
                                       "export ", "mod ", "pub mod ", "\"", "const ", "let ", "var "}) {
    if (!line.starts_with(start)) continue;
    const bool binding = start == "const " || start == "let " || start == "var ";
    return !binding || line.find("require(") != std::string_view::npos ||
           line.find("import(") != std::string_view::npos;
  }
  return false;
}

bool has_word(std::string_view line, std::string_view word) {
  for (size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !is_word_byte(line[at - 1])) && (end == line.size() || !is_word_byte(line[end]))) return true;
  }
  return false;
}

// One occurrence, before it is known whether it is shown.
struct Use {
  uint32_t offset = 0;
  bool syntactic = false;
  std::string_view within;
};

struct UsingFile {
  FileRef file;
  Relation relation = Relation::kOther;
  bool aside = false;  // tests and examples come after the rest
  std::string_view path;
  std::vector<uint32_t> offsets;  // without definitions
};

class References {
 public:
  References(const TreeState& state, const ReferenceQuery& query, const async::StopFlag& stop)
      : state_(state), query_(query), stop_(stop), parts_(name_parts(query.name)), wanted_(state, query.files) {}

  ReferencesFound run() {
    if (parts_.empty()) return {.note = "\"" + query_.name + "\" holds no name"};
    find_definitions();
    gather();
    read();
    if (found_.total == 0) add_note();
    return std::move(found_);
  }

 private:
  std::string_view name() const { return parts_.back(); }

  // All definitions of the name: their places are left out, the chosen ones' files give the relations.
  void find_definitions() {
    for (uint32_t s = 0; s < state_.segments().size(); ++s) {
      const LexicalIndex& index = state_.segments()[s]->lexical();
      for (const uint32_t number : index.find_definitions(name(), kMaxDefinitionsRead)) {
        const LexicalDefinitionInfo d = index.definition(number);
        if (d.name != name() || !state_.manifest().segments[s].alive(d.file)) continue;
        defining_.insert({s, d.file});
        if (parts_.size() > 1 && !scope_ends_with(index.scope(number), parts_)) continue;
        const std::string_view path = state_.path({s, d.file});
        paths_.insert(path);
        folders_.insert(folder_of(path));
        stems_.insert(stem_of(path));
        if (found_.definitions.size() < kShownDefinitions) {
          found_.definitions.push_back(symbol_of(state_, {s, d.file}, number));
        }
      }
    }
    std::ranges::sort(found_.definitions, {}, [](const Symbol& s) { return std::pair(s.path, s.line); });
  }

  void gather() {
    for (FileOccurrences& in_file : find_occurrences(state_, name(), false, wanted_, stop_)) {
      const Segment::File file = state_.file(in_file.file);
      leave_out_definitions(file, &in_file);
      if (in_file.offsets.empty()) continue;
      found_.total += in_file.offsets.size();
      const bool aside =
          file.record->role == static_cast<uint8_t>(Role::kTests) || (file.record->flags & FileRecord::kSideline) != 0;
      files_.push_back({in_file.file, relation_of(file), aside, file.path, std::move(in_file.offsets)});
    }
    found_.files = files_.size();
    std::ranges::sort(files_, {}, [](const UsingFile& f) { return std::make_tuple(f.relation, f.aside, f.path); });
  }

  void leave_out_definitions(const Segment::File& file, FileOccurrences* in_file) const {
    if (!defining_.contains({in_file->file.segment, in_file->file.file})) return;
    std::set<uint32_t> places;
    const std::string_view text = file.text.text();
    for (const Definition& d : scan_definitions(static_cast<Language>(file.record->language), text)) {
      if (d.name == name()) places.insert(static_cast<uint32_t>(d.name.data() - text.data()));
    }
    std::erase_if(in_file->offsets, [&places](uint32_t offset) { return places.contains(offset); });
  }

  Relation relation_of(const Segment::File& file) const {
    if (paths_.contains(file.path)) return Relation::kSameFile;
    if (paths_.empty()) return Relation::kOther;
    if (folders_.contains(folder_of(file.path))) return Relation::kSameFolder;
    return imports_a_definition(file.text.text().substr(0, kImportBytes)) ? Relation::kImporter : Relation::kOther;
  }

  // An import that names the file of a definition, or the last folder of its path (a package).
  bool imports_a_definition(std::string_view text) const {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (!is_import(line)) continue;
      for (const std::string_view stem : stems_) {
        if (has_word(line, stem)) return true;
      }
      for (const std::string_view folder : folders_) {
        const std::string_view last = folder.substr(folder.rfind('/') + 1);
        if (!last.empty() && has_word(line, last)) return true;
      }
    }
    return false;
  }

  // Tells code from the rest, file by file, until there is as much code as may be shown.
  void read() {
    std::vector<Reference> quiet;
    for (const UsingFile& using_file : files_) {
      if (stop_.stopped() || found_.references.size() >= query_.limit) break;
      const Segment::File file = state_.file(using_file.file);
      for (const Use& use : classify(file, using_file.offsets)) {
        auto& list = use.syntactic ? found_.references : quiet;
        if (list.size() < query_.limit) list.push_back(show(using_file, file, use));
      }
    }
    for (Reference& reference : quiet) {
      if (found_.references.size() >= query_.limit) break;
      found_.references.push_back(std::move(reference));
    }
  }

  // By grammar while the time lasts, and by the lexer where the grammar cannot say.
  std::vector<Use> classify(const Segment::File& file, const std::vector<uint32_t>& offsets) const {
    std::vector<Use> uses;
    const auto language = static_cast<Language>(file.record->language);
    if (!has_lexer(language)) {
      for (const uint32_t offset : offsets) uses.push_back({offset, false, "text"});
      return uses;
    }
    const std::string_view text = file.text.text();
    const auto tree = SyntaxTree::parse(language, file.path, text, budget_, stop_);
    std::vector<QuietSpan> spans;
    bool lexed = false;
    for (const uint32_t offset : offsets) {
      if (const auto within = tree ? tree->within(offset) : std::string_view(); !within.empty()) {
        uses.push_back({offset, within == "code", within});
        continue;
      }
      if (!lexed) spans = quiet_spans(language, text), lexed = true;
      const auto span = std::ranges::upper_bound(spans, offset, {}, &QuietSpan::end);
      const bool quiet = span != spans.end() && span->begin <= offset;
      uses.push_back({offset, !quiet, !quiet ? "code" : span->comment ? "comment" : "literal"});
    }
    return uses;
  }

  Reference show(const UsingFile& using_file, const Segment::File& file, const Use& use) const {
    const uint32_t line = file.text.line_at(use.offset);
    const auto around = static_cast<uint32_t>(query_.context);
    const uint32_t first = line > around ? line - around : 1;
    const uint32_t last = std::min(line + around, file.text.line_count());
    return {.path = std::string(file.path),
            .line = static_cast<int>(line),
            .column = static_cast<int>(use.offset - file.text.line_begin(line)) + 1,
            .text = line_text(file.text, line),
            .start_line = static_cast<int>(first),
            .end_line = static_cast<int>(last),
            .snippet = around == 0 ? line_text(file.text, line) : std::string(file.text.lines(first, last)),
            .scope = enclosing_name(state_.segments()[using_file.file.segment]->lexical(), using_file.file.file, line),
            .syntactic = use.syntactic,
            .within = use.within,
            .relation = using_file.relation};
  }

  void add_note() {
    found_.note = "\"" + std::string(name()) + "\" does not stand as a word ";
    found_.note += found_.definitions.empty() ? "in the files that were asked for" : "outside of its definitions";
    if (!find_occurrences(state_, name(), true, wanted_, stop_).empty() && found_.definitions.empty())
      found_.note += "; it does in another case";
  }

  const TreeState& state_;
  const ReferenceQuery& query_;
  const async::StopFlag& stop_;
  const std::vector<std::string_view> parts_;
  WantedFiles wanted_;
  std::set<std::pair<uint32_t, uint32_t>> defining_;    // segment and file of every definition of the name
  std::set<std::string_view> paths_, folders_, stems_;  // of the definitions that are meant
  std::vector<UsingFile> files_;
  const SyntaxBudget budget_{kRefsSyntaxTime};
  ReferencesFound found_;
};

}  // namespace

ReferencesFound find_references(const TreeState& state, const ReferenceQuery& query, const async::StopFlag& stop) {
  return References(state, query, stop).run();
}

}  // namespace promethean::search
