// Manifests: the checksum at the end is supplied, and what is accepted must survive a round trip.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/hash.h"
#include "search/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  (void)search::decode_manifest(bytes);
  const uint64_t checksum = base::hash64(bytes);
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  const auto manifest = search::decode_manifest(bytes);
  if (!manifest) return 0;
  const std::string again = search::encode_manifest(*manifest);
  const auto twice = search::decode_manifest(again);
  if (!twice || search::encode_manifest(*twice) != again) __builtin_trap();
  return 0;
}
