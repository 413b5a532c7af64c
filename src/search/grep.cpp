#include "search/grep.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "async/runtime.h"
#include "search/grep_pattern.h"
#include "search/snapshot_filter.h"

namespace promethean::search {

namespace {

constexpr uint64_t kGroupBytes = 512 << 10;  // what a thread takes at once
constexpr size_t kPollEvery = 4096;          // matches between two looks at the stop flag, within one file

// Line numbers of rising offsets: counts on from the last one when that is near, else asks the blocks.
class LineCounter {
 public:
  explicit LineCounter(const FileText& file) : file_(file) {}

  uint32_t line(size_t offset) {
    const std::string_view text = file_.text();
    if (offset < at_ || offset - at_ > kBlockBytes) {
      line_ = file_.line_at(offset);
    } else {
      line_ += static_cast<uint32_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(at_),
                                                text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
    }
    at_ = offset;
    return line_;
  }

 private:
  const FileText& file_;
  size_t at_ = 0;
  uint32_t line_ = 1;
};

// Finds the matches of one file.
class FileGrep {
 public:
  FileGrep(const GrepPattern& pattern, const GrepOptions& options, const async::StopFlag& stop)
      : pattern_(pattern), options_(options), stop_(stop) {}

  // Appends at most `limit` matches.
  void run(const Segment::File& file, size_t limit, std::vector<GrepMatch>* matches) const {
    if (options_.multiline) {
      by_text(file, limit, matches);
    } else {
      by_line(file, limit, matches);
    }
  }

 private:
  void by_line(const Segment::File& file, size_t limit, std::vector<GrepMatch>* matches) const {
    const std::string_view text = file.text.text();
    GrepPattern::Search search(pattern_, text, file.text.ascii());
    LineCounter lines(file.text);
    const size_t end = matches->size() + limit;
    for (size_t from = 0; matches->size() < end && from < text.size();) {
      const auto found = search.next_line(from);
      if (!found) return;
      const uint32_t line = lines.line(found->begin);
      const size_t last = std::max(found->begin + 1, found->end) - 1;
      matches->push_back(make(file, *found, {found->begin, last, line, line}));
      const size_t newline = text.find('\n', found->begin);
      if (newline == std::string_view::npos) return;
      from = newline + 1;
      if (matches->size() % kPollEvery == 0 && stop_.stopped()) return;
    }
  }

  void by_text(const Segment::File& file, size_t limit, std::vector<GrepMatch>* matches) const {
    const std::string_view text = file.text.text();
    GrepPattern::Search search(pattern_, text, file.text.ascii());
    LineCounter lines(file.text);
    const size_t end = matches->size() + limit;
    Span open;  // of the match before, which later ones may extend
    size_t steps = 0;
    for (size_t from = 0; from <= text.size(); ++steps) {
      const auto found = search.next(from);
      if (!found) return;
      Span span{found->begin, std::max(found->begin + 1, found->end) - 1, lines.line(found->begin), 0};
      span.last_line = std::max(span.first_line, file.text.line_at(span.last));
      if (span.first_line <= open.last_line) {
        open.last = std::max(open.last, span.last);
        open.last_line = std::max(open.last_line, span.last_line);
        set_window(file, open, &matches->back());
      } else if (matches->size() == end) {
        return;
      } else {
        matches->push_back(make(file, *found, span));
        open = span;
      }
      from = found->end > found->begin ? found->end : found->end + 1;
      if (steps % kPollEvery == 0 && stop_.stopped()) return;
    }
  }

  // From the first to the last byte of a match, and their lines.
  struct Span {
    size_t first = 0, last = 0;
    uint32_t first_line = 0, last_line = 0;
  };

  static size_t line_begin(std::string_view text, size_t at) {
    const size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    return newline == std::string_view::npos ? 0 : newline + 1;
  }
  // Behind the newline of the line that `at` is on.
  static size_t line_end(std::string_view text, size_t at) {
    const size_t newline = text.find('\n', at);
    return newline == std::string_view::npos ? text.size() : newline + 1;
  }

  GrepMatch make(const Segment::File& file, const GrepPattern::Match& found, const Span& span) const {
    const std::string_view text = file.text.text();
    const size_t begin = line_begin(text, found.begin);
    std::string_view line = text.substr(begin, line_end(text, found.begin) - begin);
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    GrepMatch match;
    match.path = file.path;
    match.line = static_cast<int>(span.first_line);
    match.column = static_cast<int>(found.begin - begin) + 1;
    match.match_length = static_cast<int>(found.end - found.begin);
    match.text = line;
    set_window(file, span, &match);
    return match;
  }

  // The lines of the span with the context asked for, cut to the file.
  void set_window(const Segment::File& file, const Span& span, GrepMatch* match) const {
    const std::string_view text = file.text.text();
    size_t begin = line_begin(text, span.first), end = line_end(text, span.last);
    uint32_t start_line = span.first_line, end_line = span.last_line;
    for (int i = 0; i < options_.context && begin > 0; ++i, --start_line) begin = line_begin(text, begin - 1);
    for (int i = 0; i < options_.context && end < text.size(); ++i, ++end_line) end = line_end(text, end);
    match->start_line = static_cast<int>(start_line);
    match->end_line = static_cast<int>(end_line);
    match->snippet = text.substr(begin, end - begin);
  }

  const GrepPattern& pattern_;
  const GrepOptions& options_;
  const async::StopFlag& stop_;
};

// The files of the question, cut into groups that threads take in order. Results are kept by group, so they come out in
// the order of paths; work ends when the groups finished without a gap hold enough.
class GrepRun {
 public:
  GrepRun(const TreeState& state, const GrepPattern& pattern, const GrepOptions& options, const async::StopFlag& stop)
      : state_(state), options_(options), stop_(stop), file_grep_(pattern, options, stop) {
    choose_files();
  }

  GrepResult run();

 private:
  struct Group {
    size_t first = 0, last = 0;  // of files_
    bool done = false;
    std::vector<GrepMatch> matches;
    uint64_t files = 0;
  };
  void choose_files();
  void work();
  void finish(size_t group);

  const TreeState& state_;
  const GrepOptions& options_;
  const async::StopFlag& stop_;
  const FileGrep file_grep_;
  std::vector<FileRef> files_;
  std::vector<Group> groups_;

  std::mutex mutex_;
  size_t next_ = 0;      // group to take
  size_t finished_ = 0;  // groups done without a gap
  size_t in_order_ = 0;  // matches in those
  bool enough_ = false;
};

void GrepRun::choose_files() {
  const FileFilter filter(options_.kind, options_.paths);
  const bool all = options_.kind == Kind::kAll && options_.paths.empty() && options_.hidden;
  uint64_t bytes = kGroupBytes;
  for (const FileRef ref : state_.files()) {
    const Segment::File file = state_.file(ref);
    const bool hidden = (file.record->flags & FileRecord::kHidden) != 0;
    if (!all && ((hidden && !options_.hidden) || !filter.accepts(file.path, *file.record))) continue;
    if (bytes >= kGroupBytes) {
      groups_.emplace_back().first = files_.size();
      bytes = 0;
    }
    files_.push_back(ref);
    bytes += file.record->size + 256;
    groups_.back().last = files_.size();
  }
}

void GrepRun::work() {
  for (;;) {
    size_t taken = 0;
    {
      const std::lock_guard lock(mutex_);
      if (enough_ || next_ == groups_.size()) return;
      taken = next_++;
    }
    Group& group = groups_[taken];
    for (size_t i = group.first; i < group.last; ++i) {
      // One more than wanted, to know that there is more.
      if (stop_.stopped() || group.matches.size() > options_.max_matches) break;
      file_grep_.run(state_.file(files_[i]), options_.max_matches + 1 - group.matches.size(), &group.matches);
      ++group.files;
    }
    finish(taken);
  }
}

void GrepRun::finish(size_t group) {
  const std::lock_guard lock(mutex_);
  groups_[group].done = true;
  for (; finished_ < groups_.size() && groups_[finished_].done; ++finished_) {
    in_order_ += groups_[finished_].matches.size();
  }
  if (in_order_ > options_.max_matches || stop_.stopped()) enough_ = true;
}

GrepResult GrepRun::run() {
  const int threads = static_cast<int>(std::min<size_t>(static_cast<size_t>(async::available_cores()), groups_.size()));
  std::vector<std::thread> pool;
  for (int i = 1; i < threads; ++i) pool.emplace_back([this] { work(); });
  work();
  for (auto& thread : pool) thread.join();

  GrepResult result;
  result.truncated = stop_.stopped();
  for (Group& group : groups_) {
    result.files_searched += group.files;
    for (GrepMatch& match : group.matches) {
      if (result.matches.size() == options_.max_matches) {
        result.truncated = true;
        break;
      }
      result.matches.push_back(std::move(match));
    }
    if (!group.done) break;
  }
  result.total = result.matches.size();
  return result;
}

}  // namespace

base::Result<GrepResult> grep_state(const TreeState& state, std::string_view pattern, const GrepOptions& options,
                                    const async::StopFlag& stop) {
  const auto compiled = GrepPattern::compile(pattern, options);
  if (!compiled) return base::fail(compiled.error());
  return GrepRun(state, **compiled, options, stop).run();
}

}  // namespace promethean::search
