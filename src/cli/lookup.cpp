#include "cli/lookup.h"

#include <fmt/format.h>

#include "cli/call.h"
#include "cli/output.h"
#include "cli/server_file.h"
#include "cli/server_lookup.h"

namespace promethean::cli {

using base::Code;
using base::fail;

search::IndexOptions index_options(const Config& config) {
  search::IndexOptions options;
  options.root = config.server.root;
  options.state_dir = config.server.state_dir;
  options.exclude_globs = config.index.exclude_globs;
  options.max_file_bytes = static_cast<uint64_t>(config.index.max_file_bytes);
  return options;
}

base::Result<search::Kind> kind_of(const std::string& text) {
  if (const auto kind = search::parse_kind(text)) return *kind;
  return fail(Code::kInvalidArgument, fmt::format("\"{}\" is no kind of file", text), "use all, code, docs or tests");
}

base::Result<OpenedIndex> open_index(const Invocation& invocation, bool update) {
  const base::LogOptions log_options{.level = base::LogLevel::kWarn};
  auto log = base::Log::open(log_options);
  if (!log) return fail(std::move(log).error());
  auto index = search::Index::open(index_options(invocation.config), *log);
  if (!index) return fail(std::move(index).error());

  OpenedIndex opened{.index = *std::move(index)};
  if (!update) return opened;
  ProgressLine line(invocation);
  const auto progress = [&line](const search::Progress& at) { line.show(at); };
  auto report = opened.index->update(progress, async::StopFlag());
  if (!report) return fail(std::move(report).error());
  opened.report = *report;
  return opened;
}

namespace {

// Answers from the index of this process.
class LocalLookup : public Lookup {
 public:
  explicit LocalLookup(OpenedIndex opened) : opened_(std::move(opened)), snapshot_(opened_.index->snapshot()) {}

  base::Result<SearchAnswer> search(const std::string& query, const search::SearchOptions& options) override {
    return SearchAnswer{snapshot_->search(query, options, async::StopFlag()), freshness()};
  }

  base::Result<GrepAnswer> grep(const std::string& pattern, const search::GrepOptions& options) override {
    auto found = snapshot_->grep(pattern, options, async::StopFlag());
    if (!found) return fail(std::move(found).error());
    return GrepAnswer{.matches = std::move(found->matches),
                      .files = std::move(found->files),
                      .total = found->total,
                      .cut = std::string(search::grep_cut_name(found->cut)),
                      .partial = found->partial(),
                      .left_out = std::move(found->left_out),
                      .freshness = freshness(),
                      .keeps = std::move(found->keeps)};
  }

  base::Result<SymbolsAnswer> symbols(const search::SymbolQuery& query) override {
    return SymbolsAnswer{snapshot_->find_symbols(query, async::StopFlag()), freshness()};
  }

  base::Result<RefsAnswer> references(const search::ReferenceQuery& query) override {
    return RefsAnswer{snapshot_->find_references(query, async::StopFlag()), freshness()};
  }

 private:
  Freshness freshness() const { return {snapshot_->status().generation, base::iso8601(snapshot_->status().as_of)}; }

  OpenedIndex opened_;
  std::shared_ptr<const search::Snapshot> snapshot_;
};

bool answers(const RunningServer& server) {
  const CallRequest request{.url = "http://" + server.address + "/health",
                            .connect_within = std::chrono::milliseconds(500),
                            .deadline = std::chrono::milliseconds(2'000)};
  auto answer = call(request);
  return answer && answer->status == 200;
}

}  // namespace

base::Result<std::unique_ptr<Lookup>> open_lookup(const Invocation& invocation) {
  const auto& server_config = invocation.config.server;
  const auto server = find_server(server_config.state_dir, server_config.root);
  if (server && answers(*server)) return make_server_lookup(*server, find_token(server_config.state_dir).value_or(""));

  auto opened = open_index(invocation, true);
  if (!opened) return fail(std::move(opened).error());
  return std::make_unique<LocalLookup>(*std::move(opened));
}

}  // namespace promethean::cli
