// ArtifactWriter: writes exchanges down on a thread of its own, so that no answer ever waits for a disk.
//
//   writer->put(std::move(exchange));      // any thread; when too much is queued it is dropped, and counted
//
// With texts an exchange becomes <id>.md and a line of exchanges.jsonl, without them only the line. The first one after
// a while is written at once, those that follow it together, 20 times a second. The folder is swept at the start, every
// hour and whenever it has grown over its limit. Metrics: promethean_artifacts_written_total, _dropped_total (the queue
// was full) and _failed_total (the disk would not take it; the log says why).
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "context/artifact_folder.h"
#include "context/exchange.h"
#include "telemetry/registry.h"

namespace promethean::context {

struct ArtifactOptions {
  std::string directory;  // absolute
  bool texts = false;     // keep them: exchanges may have texts
  int64_t days = 30;
  int64_t max_bytes = 512 << 20;
  size_t max_queued = 1024;            // exchanges
  size_t max_queued_bytes = 64 << 20;  // of their texts, about
};

class ArtifactWriter {
 public:
  // Errors as ArtifactFolder::open. `metrics` outlives the writer.
  static base::Result<std::unique_ptr<ArtifactWriter>> open(ArtifactOptions options, telemetry::Registry& metrics,
                                                            base::Log log);
  ~ArtifactWriter();  // writes what is queued

  bool keeps_texts() const { return options_.texts; }
  void put(Exchange exchange);

 private:
  ArtifactWriter(ArtifactOptions options, ArtifactFolder folder, telemetry::Registry& metrics, base::Log log);
  void run();
  bool much_waits() const;  // the lock is held
  void write(const std::deque<Exchange>& exchanges);
  base::Result<void> write_texts(const Exchange& exchange, const json::Object& record);
  void append(const std::string& id, std::string_view lines, uint64_t exchanges);
  void sweep();
  void tell(const base::Result<void>& done, uint64_t exchanges);

  const ArtifactOptions options_;
  base::Log log_;
  telemetry::Counter& written_;
  telemetry::Counter& dropped_;
  telemetry::Counter& failed_;

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<Exchange> queue_;
  size_t queued_bytes_ = 0;
  bool idle_ = false;  // the thread waits for the first exchange
  bool stopping_ = false;

  // The thread's own.
  ArtifactFolder folder_;
  int64_t folder_bytes_ = 0;  // since the last sweep, about
  bool failing_ = false;      // so that a full disk is told once, not with every exchange
  std::thread thread_;
};

}  // namespace promethean::context
