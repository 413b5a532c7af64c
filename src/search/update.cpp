#include "search/update.h"

#include <algorithm>
#include <optional>
#include <set>

#include "async/runtime.h"
#include "search/pipeline.h"
#include "search/update_merge.h"
#include "search/update_meter.h"
#include "search/update_read.h"

namespace promethean::search {

namespace {

constexpr size_t kWindow = 64;              // files read ahead
constexpr uint64_t kGatherBytes = 8 << 20;  // more new text than this goes straight to segments of its own
constexpr std::chrono::seconds kCheckpointEvery{2};

// A file that must be looked at.
struct Candidate {
  std::string_view path;       // of the walk
  std::optional<FileRef> old;  // where the index has it
  bool known_left_out = false;
};

// A new text with what is remembered of its file.
struct NewFile {
  std::unique_ptr<PreparedFile> file;
  SeenFile seen;
};

class Updater {
 public:
  Updater(const TreeState& current, const Store& store, const UpdateRequest& request, const Sweep& sweep)
      : current_(current),
        store_(store),
        request_(request),
        sweep_(sweep),
        looks_(request.scope.looks),
        meter_(request.progress),
        threads_(std::min(async::available_cores(), 16)),
        manifest_(current.manifest()),
        segments_(current.segments().begin(), current.segments().end()) {
    manifest_.left_out.clear();
    for (const auto& segment : sweep.before->segments()) known_segments_.insert(segment->id());
  }

  base::Result<UpdateOutcome> run();

 private:
  void count_left_out();
  bool looked_at(std::string_view path) const { return request_.scope.looks.empty() || looks_.cover(path); }
  void compare();
  void compare(const repo::WalkEntry& entry, std::optional<FileRef> indexed, const LeftOutFile* left_out);
  void take_out(const repo::WalkEntry& entry, std::optional<FileRef> indexed, const LeftOutFile* left_out);
  void not_there(FileRef ref);
  bool unchanged(const SeenFile& seen, const repo::WalkEntry& entry) const;
  bool still_left_out(const LeftOutFile& file, const repo::WalkEntry& entry) const;
  base::Result<void> read();
  base::Result<void> take(const Candidate& candidate, ReadResult result);
  void drop_old(const Candidate& candidate);
  base::Result<void> add(NewFile file);
  base::Result<void> append(const PreparedFile& file, const SeenFile& seen);
  base::Result<void> flush();
  base::Result<void> merge_small();
  void drop_segments(const std::vector<uint32_t>& merged);
  base::Result<void> checkpoint();
  base::Result<UpdateOutcome> finish();

  const TreeState& current_;
  const Store& store_;
  const UpdateRequest& request_;
  const Sweep& sweep_;
  const repo::Looks looks_;
  std::set<uint64_t> known_segments_;  // when the tree was looked at
  ProgressMeter meter_;
  const int threads_;

  Manifest manifest_;  // what will be published
  std::vector<std::shared_ptr<const Segment>> segments_;
  std::vector<Candidate> candidates_;
  UpdateReport report_;
  bool changed_ = false;

  std::vector<NewFile> gathered_;  // new texts, by path, until they are too many to merge
  uint64_t gathered_bytes_ = 0;
  bool streaming_ = false;
  std::optional<SegmentBuilder> builder_;
  std::vector<SeenFile> builder_seen_;
  base::SteadyTime checkpointed_ = base::steady_now();
};

base::Result<UpdateOutcome> Updater::run() {
  const auto begin = base::steady_now();
  manifest_.as_of = std::max(manifest_.as_of, sweep_.as_of);
  if (request_.scope.looks.empty()) count_left_out();
  compare();
  auto done = read();
  if (!done) return base::fail(std::move(done).error());
  meter_.show("write", 0, 0);
  done = streaming_ ? flush() : merge_small();
  if (!done) return base::fail(std::move(done).error());
  auto outcome = finish();
  if (outcome) outcome->report.seconds = std::chrono::duration<double>(base::steady_now() - begin).count();
  return outcome;
}

void Updater::count_left_out() {
  const repo::WalkResult& tree = sweep_.tree;
  changed_ = manifest_.ignored != tree.ignored || manifest_.not_regular != tree.not_regular ||
             manifest_.unreadable_directories != tree.unreadable;
  manifest_.ignored = tree.ignored;
  manifest_.not_regular = tree.not_regular;
  manifest_.unreadable_directories = tree.unreadable;
}

bool Updater::unchanged(const SeenFile& seen, const repo::WalkEntry& entry) const {
  return !request_.scope.read_again && !seen.racy && seen.stat == entry.stat &&
         entry.stat.size <= request_.max_file_bytes;
}

bool Updater::still_left_out(const LeftOutFile& file, const repo::WalkEntry& entry) const {
  const bool too_large = entry.stat.size > request_.max_file_bytes;
  return !request_.scope.read_again && !file.seen.racy && file.seen.stat == entry.stat &&
         too_large == (file.reason == LeftOutReason::kTooLarge);
}

// An indexed file that the walk did not see. One that came into the index after the walk had begun says nothing.
void Updater::not_there(FileRef ref) {
  if (!known_segments_.contains(segments_[ref.segment]->id())) return;
  manifest_.segments[ref.segment].remove(ref.file);
  ++report_.removed;
  changed_ = true;
}

void Updater::take_out(const repo::WalkEntry& entry, std::optional<FileRef> indexed, const LeftOutFile* left_out) {
  manifest_.left_out.push_back({entry.path, LeftOutReason::kRemoved, {.stat = entry.stat}});
  if (indexed) {
    manifest_.segments[indexed->segment].remove(indexed->file);
    ++report_.removed;
  }
  if (left_out == nullptr || left_out->reason != LeftOutReason::kRemoved) changed_ = true;
}

void Updater::compare(const repo::WalkEntry& entry, std::optional<FileRef> indexed, const LeftOutFile* left_out) {
  const bool removed = left_out != nullptr && left_out->reason == LeftOutReason::kRemoved;
  const UpdateScope& scope = request_.scope;
  if (scope.take_out.contains(entry.path) || (removed && !scope.take_in.contains(entry.path))) {
    take_out(entry, indexed, left_out);
  } else if (indexed && unchanged(current_.seen(*indexed), entry)) {
    ++report_.unchanged;
  } else if (!indexed && left_out != nullptr && still_left_out(*left_out, entry)) {
    manifest_.left_out.push_back(*left_out);
  } else {
    candidates_.push_back({entry.path, indexed, left_out != nullptr});
  }
}

// Walk, index and left-out files are all in the order of their paths: one pass over the three. Where the request does
// not look, all stays as it is.
void Updater::compare() {
  const auto indexed = current_.files();
  const auto& left_out = current_.manifest().left_out;
  size_t i = 0, l = 0;
  const auto pass_indexed = [&](FileRef ref) {
    if (looked_at(current_.path(ref))) not_there(ref);
  };
  const auto pass_left_out = [&](const LeftOutFile& file) {
    if (looked_at(file.path)) {
      changed_ = true;
    } else {
      manifest_.left_out.push_back(file);
    }
  };
  for (const repo::WalkEntry& entry : sweep_.tree.files) {
    for (; i < indexed.size() && current_.path(indexed[i]) < entry.path; ++i) pass_indexed(indexed[i]);
    for (; l < left_out.size() && left_out[l].path < entry.path; ++l) pass_left_out(left_out[l]);
    std::optional<FileRef> ref;
    const LeftOutFile* out = nullptr;
    if (i < indexed.size() && current_.path(indexed[i]) == entry.path) ref = indexed[i++];
    if (l < left_out.size() && left_out[l].path == entry.path) out = &left_out[l++];
    compare(entry, ref, out);
  }
  for (; i < indexed.size(); ++i) pass_indexed(indexed[i]);
  for (; l < left_out.size(); ++l) pass_left_out(left_out[l]);
}

base::Result<void> Updater::read() {
  base::Result<void> result;
  const size_t total = candidates_.size();
  const auto work = [this](size_t index) {
    const Candidate& candidate = candidates_[index];
    std::optional<uint64_t> hash;
    if (candidate.old) hash = current_.file(*candidate.old).record->content_hash;
    return read_for_index(request_.root, std::string(candidate.path), request_.max_file_bytes, hash);
  };
  const auto consume = [this, &result, total](size_t index, ReadResult read) {
    result = take(candidates_[index], std::move(read));
    meter_.show("read", index + 1, total);
    return result.has_value();
  };
  const int threads = static_cast<int>(std::min<size_t>(static_cast<size_t>(threads_), total));
  if (!ordered_parallel(total, threads, kWindow, request_.stop, work, consume) && result) {
    return base::fail(base::Code::kCancelled, "the update was stopped");
  }
  std::ranges::sort(manifest_.left_out, {}, &LeftOutFile::path);
  return result;
}

void Updater::drop_old(const Candidate& candidate) {
  changed_ = true;
  if (candidate.old) manifest_.segments[candidate.old->segment].remove(candidate.old->file);
}

base::Result<void> Updater::take(const Candidate& candidate, ReadResult result) {
  using What = ReadResult::What;
  if (result.what == What::kSame) {
    SeenFile& seen = manifest_.segments[candidate.old->segment].seen[candidate.old->file];
    // A file that stays racy is no news; else every update of a fresh tree would write the manifest again.
    if (seen.stat != result.seen.stat || seen.racy != result.seen.racy) changed_ = true;
    seen = result.seen;
    ++report_.unchanged;
    return {};
  }
  if (result.what == What::kText) {
    drop_old(candidate);
    ++(candidate.old ? report_.changed : report_.added);
    return add({std::move(result.file), result.seen});
  }
  if (candidate.old) ++report_.removed;
  const bool news = candidate.old || !candidate.known_left_out || !result.seen.racy;
  if (candidate.old) drop_old(candidate);
  if (news || result.what == What::kGone) changed_ = true;
  if (result.what == What::kLeftOut) {
    manifest_.left_out.push_back({std::string(candidate.path), result.reason, result.seen});
  }
  return {};
}

base::Result<void> Updater::add(NewFile file) {
  if (streaming_) return append(*file.file, file.seen);
  gathered_bytes_ += file.file->text.size();
  gathered_.push_back(std::move(file));
  if (gathered_bytes_ <= kGatherBytes) return {};
  streaming_ = true;
  for (const NewFile& gathered : gathered_) {
    auto appended = append(*gathered.file, gathered.seen);
    if (!appended) return appended;
  }
  gathered_.clear();
  return {};
}

base::Result<void> Updater::append(const PreparedFile& file, const SeenFile& seen) {
  if (!builder_) builder_.emplace();
  builder_->add(file);
  builder_seen_.push_back(seen);
  if (!builder_->full()) return {};
  auto flushed = flush();
  // While segments are merged, what they hold is there twice.
  return flushed && streaming_ ? checkpoint() : flushed;
}

base::Result<void> Updater::flush() {
  if (!builder_) return {};
  auto segment = store_.write_segment(std::move(*builder_));
  builder_.reset();
  if (!segment) return base::fail(std::move(segment).error());
  manifest_.segments.push_back(SegmentState::make((*segment)->id(), std::move(builder_seen_)));
  builder_seen_.clear();
  segments_.push_back(std::move(*segment));
  return {};
}

// What has been taken in so far, as a state of its own.
base::Result<void> Updater::checkpoint() {
  if (!request_.checkpoint || base::steady_now() < checkpointed_ + kCheckpointEvery) return {};
  checkpointed_ = base::steady_now();
  Manifest manifest = manifest_;
  ++manifest.generation;
  std::ranges::sort(manifest.left_out, {}, &LeftOutFile::path);
  auto state = TreeState::make(std::move(manifest), segments_);
  if (!state) return base::fail(std::move(state).error());
  ++manifest_.generation;
  return request_.checkpoint(std::move(*state));
}

// Writes one new segment (more, if they are large) of the gathered texts and the living files of small segments.
base::Result<void> Updater::merge_small() {
  if (gathered_.empty()) {
    drop_segments({});
    return {};
  }
  struct Piece {
    std::string_view path;
    std::optional<FileRef> copy;  // else the next gathered one
    size_t gathered = 0;
  };
  std::vector<Piece> pieces;
  for (size_t g = 0; g < gathered_.size(); ++g) pieces.push_back({gathered_[g].file->path, std::nullopt, g});
  const std::vector<uint32_t> merged = segments_to_merge(manifest_, segments_);
  for (const uint32_t s : merged) {
    for (uint32_t f = 0; f < segments_[s]->file_count(); ++f) {
      if (manifest_.segments[s].alive(f)) pieces.push_back({segments_[s]->path(f), FileRef{s, f}});
    }
  }
  std::ranges::sort(pieces, {}, &Piece::path);

  base::Result<void> result;
  const auto work = [this, &pieces](size_t index) -> std::unique_ptr<PreparedFile> {
    const Piece& piece = pieces[index];
    if (!piece.copy) return std::move(gathered_[piece.gathered].file);
    const auto old = segments_[piece.copy->segment]->file(piece.copy->file);
    std::string text(old.text.text());
    const FileClass file_class = classify(old.path, text);
    return prepare_file(std::string(old.path), std::move(text), old.record->content_hash, file_class);
  };
  const auto consume = [this, &pieces, &result](size_t index, std::unique_ptr<PreparedFile> file) {
    const Piece& piece = pieces[index];
    const SeenFile seen =
        piece.copy ? manifest_.segments[piece.copy->segment].seen[piece.copy->file] : gathered_[piece.gathered].seen;
    result = append(*file, seen);
    return result.has_value();
  };
  const int threads = static_cast<int>(std::min<size_t>(static_cast<size_t>(threads_), pieces.size()));
  if (!ordered_parallel(pieces.size(), threads, kWindow, request_.stop, work, consume) && result) {
    return base::fail(base::Code::kCancelled, "the update was stopped");
  }
  if (result) result = flush();
  drop_segments(merged);
  return result;
}

// Forgets merged segments and those of which nothing is left.
void Updater::drop_segments(const std::vector<uint32_t>& merged) {
  std::vector<SegmentState> states;
  std::vector<std::shared_ptr<const Segment>> segments;
  for (uint32_t s = 0; s < segments_.size(); ++s) {
    bool keep = std::ranges::find(merged, s) == merged.end();
    bool any = false;
    for (uint32_t f = 0; keep && !any && f < segments_[s]->file_count(); ++f) any = manifest_.segments[s].alive(f);
    if (!keep || !any) continue;
    states.push_back(std::move(manifest_.segments[s]));
    segments.push_back(std::move(segments_[s]));
  }
  manifest_.segments = std::move(states);
  segments_ = std::move(segments);
}

base::Result<UpdateOutcome> Updater::finish() {
  UpdateOutcome outcome{.state = nullptr, .report = report_};
  outcome.report.files = current_.files().size();
  if (!changed_) return outcome;
  if (streaming_) drop_segments({});
  ++manifest_.generation;
  auto state = TreeState::make(std::move(manifest_), std::move(segments_));
  if (!state) return base::fail(std::move(state).error());
  outcome.state = std::move(*state);
  outcome.report.files = outcome.state->files().size();
  return outcome;
}

}  // namespace

base::Result<Sweep> sweep_tree(std::shared_ptr<const TreeState> before, const UpdateRequest& request) {
  ProgressMeter meter(request.progress);
  meter.show("walk", 0, 0);
  Sweep sweep{.as_of = base::wall_now(), .before = std::move(before), .tree = {}};
  const repo::WalkOptions options{.exclude_globs = request.exclude_globs,
                                  .threads = std::min(async::available_cores(), 4),
                                  .looks = request.scope.looks,
                                  .on_directory = request.scope.on_directory};
  auto tree =
      repo::walk(request.root, options, request.stop, [&meter](uint64_t files) { meter.show("walk", files, 0); });
  if (!tree) return base::fail(std::move(tree).error());
  sweep.tree = std::move(*tree);
  return sweep;
}

base::Result<UpdateOutcome> update_tree(const TreeState& current, const Store& store, const UpdateRequest& request,
                                        const Sweep& sweep) {
  return Updater(current, store, request, sweep).run();
}

}  // namespace promethean::search
