#include "http/rate_limit.h"

#include <algorithm>

#include "base/check.h"

namespace promethean::http {

RateLimiter::RateLimiter(double per_second, double burst, size_t max_callers)
    : per_second_(per_second), burst_(burst), max_per_shard_(std::max<size_t>(1, max_callers / kShards)) {
  CHECK(per_second > 0 && burst > 0);
  for (Shard& shard : shards_) shard.overflow = {burst_, {}};
}

void RateLimiter::refill(Bucket& bucket, base::SteadyTime now) const {
  if (now <= bucket.filled) return;
  const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min(burst_, bucket.tokens + seconds * per_second_);
  bucket.filled = now;
}

RateLimiter::Bucket& RateLimiter::bucket(Shard& shard, std::string_view caller, base::SteadyTime now) {
  if (const auto known = shard.buckets.find(caller); known != shard.buckets.end()) return known->second;
  // A full bucket says no more than no bucket. Sweeping looks at all of them, so not more than once a second.
  if (shard.buckets.size() >= max_per_shard_ && now - shard.swept >= std::chrono::seconds(1)) {
    shard.swept = now;
    std::erase_if(shard.buckets, [this, now](const auto& entry) {
      Bucket copy = entry.second;
      refill(copy, now);
      return copy.tokens >= burst_;
    });
  }
  if (shard.buckets.size() >= max_per_shard_) return shard.overflow;
  return shard.buckets.emplace(caller, Bucket{burst_, now}).first->second;
}

double RateLimiter::take(std::string_view caller, double cost, base::SteadyTime now) {
  Shard& shard = shards_[Hash()(caller) % kShards];
  const std::lock_guard lock(shard.mutex);
  Bucket& own = bucket(shard, caller, now);
  refill(own, now);
  const double wanted = std::min(cost, burst_);
  if (own.tokens < wanted) return (wanted - own.tokens) / per_second_;
  own.tokens -= wanted;
  return 0;
}

}  // namespace promethean::http
