#include "search/symbol_files.h"

namespace promethean::search {

WantedFiles::WantedFiles(const TreeState& state, const SymbolFiles& files)
    : state_(state), files_(files), filter_(Kind::kAll, files.paths), known_(state.segments().size()) {
  for (size_t s = 0; s < known_.size(); ++s) known_[s].assign(state.segments()[s]->file_count(), kUnknownYet);
}

bool WantedFiles::accepts(FileRef ref) {
  auto& files = known_[ref.segment];
  if (ref.file >= files.size()) return false;
  int8_t& known = files[ref.file];
  if (known == kUnknownYet) known = decide(ref) ? kYes : kNo;
  return known == kYes;
}

bool WantedFiles::decide(FileRef ref) const {
  if (!state_.manifest().segments[ref.segment].alive(ref.file)) return false;
  const Segment::File file = state_.file(ref);
  if (!accepts_language(static_cast<Language>(file.record->language))) return false;
  if (file.path.find(files_.path_part) == std::string_view::npos) return false;
  return filter_.accepts_path(file.path);
}

}  // namespace promethean::search
