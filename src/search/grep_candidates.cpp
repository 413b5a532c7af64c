#include "search/grep_candidates.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "repo/walk.h"
#include "search/snapshot_filter.h"

namespace promethean::search {

namespace {

bool is_hidden_path(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != std::string_view::npos;
}

// Packages that a package manager installed: nobody means them who does not name them.
bool is_installed_package(std::string_view path) {
  return path.starts_with("node_modules/") || path.find("/node_modules/") != std::string_view::npos;
}

class Chooser {
 public:
  Chooser(const GrepTree& tree, const GrepOptions& options, ClassFilter classes, GrepCandidates* out)
      : tree_(tree),
        options_(options),
        classes_(std::move(classes)),
        paths_(Kind::kAll, options.paths, tree.disk == nullptr ? std::string_view() : tree.disk->root.path()),
        globs_(options.globs),
        out_(out) {}

  void indexed();
  void left_out();
  void ignored(const repo::WalkResult& walked);

 private:
  bool accepts_path(std::string_view path, bool hidden) const {
    return (options_.hidden || !hidden || paths_.named(path)) && paths_.accepts_path(path) && globs_.accepts(path);
  }

  const GrepTree& tree_;
  const GrepOptions& options_;
  const ClassFilter classes_;
  const FileFilter paths_;
  const OverrideGlobs globs_;
  GrepCandidates* out_;
};

void Chooser::indexed() {
  const bool all = classes_.everything() && paths_.everything() && globs_.empty() && options_.hidden;
  out_->files.reserve(tree_.state.files().size());
  for (const FileRef ref : tree_.state.files()) {
    const Segment::File file = tree_.state.file(ref);
    const FileRecord& record = *file.record;
    if (!all) {
      if (!accepts_path(file.path, (record.flags & FileRecord::kHidden) != 0)) continue;
      if (!classes_.accepts(file.path, static_cast<Role>(record.role), static_cast<Language>(record.language)))
        continue;
    }
    out_->files.push_back({file.path, ref, false, record.size});
  }
}

void Chooser::left_out() {
  for (const LeftOutFile& file : tree_.state.manifest().left_out) {
    const bool text = file.reason == LeftOutReason::kGenerated || file.reason == LeftOutReason::kVendored ||
                      file.reason == LeftOutReason::kTooLarge;
    const bool wanted = options_.ignored || !is_installed_package(file.path) || paths_.named(file.path);
    if (!text || !wanted || tree_.disk == nullptr) {
      ++out_->left_out[std::string(reason_name(file.reason))];
    } else if (accepts_path(file.path, is_hidden_path(file.path))) {
      out_->files.push_back({file.path, {}, true, 0});
    }
  }
  const Manifest& manifest = tree_.state.manifest();
  if (manifest.ignored > 0 && !options_.ignored) out_->left_out["ignored"] = manifest.ignored;
  if (manifest.unreadable_directories > 0) out_->left_out["unreadable"] += manifest.unreadable_directories;
}

// What the walk finds and the index knows nothing of.
void Chooser::ignored(const repo::WalkResult& walked) {
  const auto& known = tree_.state.manifest().left_out;
  for (const repo::WalkEntry& entry : walked.files) {
    if (!accepts_path(entry.path, entry.hidden) || tree_.state.find(entry.path)) continue;
    if (std::ranges::binary_search(known, entry.path, {}, &LeftOutFile::path)) continue;
    out_->files.push_back({entry.path, {}, true, 0});
  }
}

}  // namespace

base::Result<ClassFilter> ClassFilter::make(const GrepOptions& options) {
  auto languages = LanguageFilter::parse(options.languages);
  if (!languages) return base::fail(std::move(languages).error());
  ClassFilter filter;
  filter.kind_ = options.kind;
  filter.languages_ = *std::move(languages);
  return filter;
}

bool ClassFilter::accepts(std::string_view path, Role role, Language language) const {
  return is_kind(kind_, role) && languages_.accepts(language, path);
}

base::Result<GrepCandidates> choose_candidates(const GrepTree& tree, const GrepOptions& options, const GrepStop& stop) {
  auto classes = ClassFilter::make(options);
  if (!classes) return base::fail(std::move(classes).error());
  GrepCandidates chosen;
  Chooser chooser(tree, options, *std::move(classes), &chosen);
  chooser.indexed();
  auto sorted = static_cast<std::ptrdiff_t>(chosen.files.size());
  const auto merge = [&] {  // each part is sorted by itself
    const auto middle = chosen.files.begin() + sorted;
    std::vector<GrepCandidate> merged(chosen.files.size());
    std::ranges::merge(chosen.files.begin(), middle, middle, chosen.files.end(), merged.begin(), {},
                       &GrepCandidate::path, &GrepCandidate::path);
    chosen.files = std::move(merged);
    sorted = static_cast<std::ptrdiff_t>(chosen.files.size());
  };
  chooser.left_out();
  merge();
  if (options.ignored && tree.disk != nullptr) {
    auto walked =
        repo::walk(tree.disk->root, {.exclude_globs = tree.disk->exclude_globs, .ignore_files = false}, stop.flag);
    if (!walked) return base::fail(std::move(walked).error());
    const auto kept = std::make_shared<const repo::WalkResult>(*std::move(walked));
    chooser.ignored(*kept);
    merge();
    chosen.keeps = kept;
  }
  return chosen;
}

std::shared_ptr<const LoadedFile> load_file(const TreeOnDisk& disk, const std::string& path) {
  const auto fd = disk.root.open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat info{};
  if (!fd || ::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode)) return nullptr;
  const auto text = base::read_all(fd->get(), kMaxLoaded, path);
  if (!text || text->find('\0') != std::string::npos) return nullptr;
  auto file = std::make_shared<LoadedFile>();
  file->file_class = classify(path, *text);
  const auto place = file->content.add(0, *text);
  const std::string_view bytes = std::string_view(file->content.bytes()).substr(0, text->size());
  file->text = FileText(bytes, 0, file->content.blocks(), place.line_count);
  return file;
}

}  // namespace promethean::search
