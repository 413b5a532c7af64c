#include "search/grep.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "async/runtime.h"
#include "search/grep_file.h"

namespace promethean::search {

namespace {

constexpr uint64_t kGroupBytes = 512 << 10;  // what a thread takes at once
constexpr uint64_t kDiskFileCost = 32 << 10;
constexpr size_t kMostMatches = SIZE_MAX / 2;

using KeptFiles = std::vector<std::shared_ptr<const LoadedFile>>;

// What a GrepResult's views point into, beside the state.
struct KeptForGrep {
  std::shared_ptr<const void> candidates;
  KeptFiles files;
};

// The files of the question, cut into groups that threads take in order. Results are kept by group, so they come out in
// the order of paths; work ends when the groups finished without a gap hold enough.
class GrepRun {
 public:
  GrepRun(const GrepTree& tree, const GrepPattern& pattern, const GrepOptions& options, const ClassFilter& classes,
          GrepCandidates candidates, GrepStop stop)
      : tree_(tree),
        pattern_(pattern),
        options_(options),
        classes_(classes),
        candidates_(std::move(candidates)),
        stop_(std::move(stop)) {
    make_groups();
  }

  GrepResult run();

 private:
  struct Group {
    size_t first = 0, last = 0;  // of the candidates
    bool done = false;
    std::vector<GrepMatch> matches;
    std::vector<GrepFileCount> files;
    KeptFiles kept;
    uint64_t searched = 0;
    uint64_t unreadable = 0;
  };
  void make_groups();
  void work();
  void search(const GrepCandidate& candidate, FileGrep* grep, Group* group) const;
  void search_text(const FileGrep::File& file, FileGrep* grep, Group* group) const;
  size_t found_in(const Group& group) const;
  bool finish(size_t group, bool whole);
  GrepResult gather();

  const GrepTree& tree_;
  const GrepPattern& pattern_;
  const GrepOptions& options_;
  const ClassFilter& classes_;
  const GrepCandidates candidates_;
  const GrepStop stop_;
  std::vector<Group> groups_;

  std::mutex mutex_;
  size_t next_ = 0;      // group to take
  size_t finished_ = 0;  // groups done without a gap
  size_t in_order_ = 0;  // results in those
  bool enough_ = false;
  bool cut_short_ = false;  // a file was not searched to its end
  bool hit_limit_ = false;
};

void GrepRun::make_groups() {
  uint64_t bytes = kGroupBytes;
  for (size_t i = 0; i < candidates_.files.size(); ++i) {
    if (bytes >= kGroupBytes) {
      groups_.emplace_back().first = i;
      bytes = 0;
    }
    const GrepCandidate& file = candidates_.files[i];
    bytes += file.on_disk ? kDiskFileCost : file.size + 256;
    groups_.back().last = i + 1;
  }
}

// What the limit is about. A count goes on to the end: its total is exact.
size_t GrepRun::found_in(const Group& group) const {
  return options_.mode == GrepMode::kLines   ? group.matches.size()
         : options_.mode == GrepMode::kFiles ? group.files.size()
                                             : 0;
}

void GrepRun::work() {
  FileGrep grep(pattern_, options_, stop_);
  for (;;) {
    size_t taken = 0;
    {
      const std::lock_guard lock(mutex_);
      hit_limit_ = hit_limit_ || grep.hit_limit();
      if (enough_ || next_ == groups_.size()) return;
      taken = next_++;
    }
    Group& group = groups_[taken];
    bool whole = true;
    for (size_t i = group.first; whole && i < group.last; ++i) {
      // One more than wanted, to know that there is more.
      if (found_in(group) > options_.max_matches) break;
      search(candidates_.files[i], &grep, &group);
      whole = !stop_.stopped();
    }
    if (!finish(taken, whole)) return;
  }
}

void GrepRun::search(const GrepCandidate& candidate, FileGrep* grep, Group* group) const {
  if (!candidate.on_disk) {
    const Segment::File file = tree_.state.file(candidate.ref);
    return search_text({file.path, file.text}, grep, group);
  }
  const auto loaded = load_file(*tree_.disk, std::string(candidate.path));
  if (loaded == nullptr) {
    ++group->unreadable;
    return;
  }
  const FileClass& file_class = loaded->file_class;
  if (!classes_.accepts(candidate.path, file_class.role, file_class.language)) return;
  const size_t before = group->matches.size();
  search_text({candidate.path, loaded->text}, grep, group);
  if (group->matches.size() > before) group->kept.push_back(loaded);
}

void GrepRun::search_text(const FileGrep::File& file, FileGrep* grep, Group* group) const {
  const size_t per_file = options_.max_per_file > 0 ? options_.max_per_file : SIZE_MAX;
  ++group->searched;
  if (options_.mode == GrepMode::kLines) {
    grep->run(file, std::min(per_file, options_.max_matches + 1 - group->matches.size()), &group->matches);
    return;
  }
  const uint64_t count = grep->count(file, options_.mode == GrepMode::kFiles ? 1 : per_file);
  if (count > 0) group->files.push_back({file.path, count});
}

bool GrepRun::finish(size_t group, bool whole) {
  const std::lock_guard lock(mutex_);
  cut_short_ = cut_short_ || !whole;
  groups_[group].done = true;
  for (; finished_ < groups_.size() && groups_[finished_].done; ++finished_) in_order_ += found_in(groups_[finished_]);
  if (in_order_ > options_.max_matches || !whole) enough_ = true;
  return !enough_;
}

GrepResult GrepRun::run() {
  const int threads = static_cast<int>(std::min<size_t>(static_cast<size_t>(async::available_cores()), groups_.size()));
  std::vector<std::thread> pool;
  for (int i = 1; i < threads; ++i) pool.emplace_back([this] { work(); });
  work();
  for (auto& thread : pool) thread.join();
  return gather();
}

GrepResult GrepRun::gather() {
  GrepResult result;
  auto kept = std::make_shared<KeptForGrep>(candidates_.keeps);
  size_t matches = 0;
  for (const Group& group : groups_) matches += group.matches.size();
  result.matches.reserve(std::min(matches, options_.max_matches));
  bool more = false, gap = false;
  result.left_out = candidates_.left_out;
  for (Group& group : groups_) {
    gap = gap || !group.done;
    if (gap && !cut_short_) break;  // there was enough before it
    result.files_searched += group.searched;
    if (group.unreadable > 0) result.left_out["unreadable"] += group.unreadable;
    for (const GrepMatch& match : group.matches) {
      more = more || result.matches.size() == options_.max_matches;
      if (more) break;
      result.matches.push_back(match);
    }
    for (const GrepFileCount& file : group.files) {
      if (options_.mode == GrepMode::kCount) result.total += file.count;
      more = more || result.files.size() == options_.max_matches;
      if (!more) result.files.push_back(file);
    }
    std::ranges::move(group.kept, std::back_inserter(kept->files));
  }
  if (options_.mode != GrepMode::kCount) result.total = result.matches.size() + result.files.size();
  const bool all = std::ranges::all_of(groups_, &Group::done) && !cut_short_;
  result.cut = more           ? GrepCut::kMaxMatches
               : hit_limit_   ? GrepCut::kMatchLimit
               : all          ? GrepCut::kNothing
               : stop_.late() ? GrepCut::kDeadline
                              : GrepCut::kStopped;
  result.keeps = std::move(kept);
  return result;
}

}  // namespace

std::string_view grep_cut_name(GrepCut cut) {
  switch (cut) {
    case GrepCut::kNothing:
      return "";
    case GrepCut::kMaxMatches:
      return "maxMatches";
    case GrepCut::kDeadline:
      return "deadline";
    case GrepCut::kStopped:
      return "stopped";
    case GrepCut::kMatchLimit:
      return "matchLimit";
  }
  return "";
}

base::Result<GrepResult> grep_tree(const GrepTree& tree, std::string_view pattern, const GrepOptions& given,
                                   const async::StopFlag& stop) {
  GrepOptions options = given;
  options.max_matches = std::min(options.max_matches, kMostMatches);
  const auto compiled = GrepPattern::compile(pattern, options);
  if (!compiled) return base::fail(compiled.error());
  const GrepStop stop_when{stop, options.deadline};
  const auto classes = ClassFilter::make(options);
  if (!classes) return base::fail(classes.error());
  auto candidates = choose_candidates(tree, options, stop_when);
  if (!candidates) return base::fail(std::move(candidates).error());
  return GrepRun(tree, **compiled, options, *classes, *std::move(candidates), stop_when).run();
}

}  // namespace promethean::search
