// ordered_parallel: does work on several threads and hands the results to one consumer in order.
//
// Workers run at most `window` items ahead of the consumer, so memory is bounded. Blocks until all is done, the
// consumer says false, or `stop` is set; then it returns whether everything was consumed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "async/context.h"

namespace promethean::search {

// work(size_t index) -> T, from any worker thread; consume(size_t index, T) -> bool, on the calling thread.
template <class Work, class Consume>
bool ordered_parallel(size_t count, int threads, size_t window, const async::StopFlag& stop, Work work,
                      Consume consume) {
  using T = decltype(work(size_t{0}));
  std::mutex mutex;
  std::condition_variable produced, consumed;
  std::vector<std::optional<T>> slots(window);
  size_t next = 0, done = 0;  // the next item to start, the number consumed
  bool ended = false;

  const auto worker = [&] {
    for (;;) {
      size_t index = 0;
      {
        std::unique_lock lock(mutex);
        consumed.wait(lock, [&] { return ended || next >= count || next < done + window; });
        if (ended || next >= count) return;
        index = next++;
      }
      T value = work(index);
      const std::lock_guard lock(mutex);
      slots[index % window].emplace(std::move(value));
      produced.notify_one();
    }
  };
  std::vector<std::thread> pool;
  for (int i = 0; i < threads; ++i) pool.emplace_back(worker);

  bool complete = true;
  for (size_t index = 0; index < count && complete; ++index) {
    std::optional<T> value;
    {
      std::unique_lock lock(mutex);
      produced.wait(lock, [&] { return slots[index % window].has_value(); });
      value.swap(slots[index % window]);
      done = index + 1;
      consumed.notify_all();
    }
    complete = !stop.stopped() && consume(index, std::move(*value));
  }
  {
    const std::lock_guard lock(mutex);
    ended = true;
    consumed.notify_all();
  }
  for (auto& thread : pool) thread.join();
  return complete;
}

}  // namespace promethean::search
