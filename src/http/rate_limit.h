// RateLimiter: a token bucket for each caller. A bucket holds `burst` tokens and gains `per_second` of them.
//
// The table is bounded: when it is full of callers who are not at rest, new callers share one bucket instead of getting
// a fresh one, so flooding it with names gains nothing. Threads: any; callers are spread over shards.
#pragma once

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace promethean::http {

class RateLimiter {
 public:
  RateLimiter(double per_second, double burst, size_t max_callers = 65'536);

  // Takes `cost` tokens of `caller`: 0 when there were enough, else the seconds until there will be (nothing is taken).
  // A cost above `burst` counts as `burst`. A `now` before an earlier one gains nothing.
  double take(std::string_view caller, double cost, base::SteadyTime now);

 private:
  struct Bucket {
    double tokens;
    base::SteadyTime filled;  // when `tokens` was true
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  static constexpr size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Bucket, Hash, std::equal_to<>> buckets;
    Bucket overflow;
    base::SteadyTime swept;
  };

  Bucket& bucket(Shard& shard, std::string_view caller, base::SteadyTime now);
  void refill(Bucket& bucket, base::SteadyTime now) const;

  double per_second_;
  double burst_;
  size_t max_per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace promethean::http
