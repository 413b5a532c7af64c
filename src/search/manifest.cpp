#include "search/manifest.h"

#include <cstring>

#include "base/hash.h"
#include "search/segment_format.h"

namespace promethean::search {

namespace {

constexpr std::string_view kMagic = "PMTHMAN1";
constexpr uint32_t kRacy = 1, kGone = 2;

struct ManifestHeader {
  char magic[8];
  uint32_t version;
  uint32_t segment_count;
  uint64_t generation;
  int64_t as_of_ns;
  uint64_t ignored;
  uint64_t not_regular;
  uint64_t unreadable_directories;
  uint64_t left_out_count;
};
static_assert(sizeof(ManifestHeader) == 64);

struct SegmentEntry {
  uint64_t id;
  uint64_t file_count;
};

struct SlotRecord {
  uint64_t size;
  int64_t mtime_ns;
  int64_t ctime_ns;
  uint64_t inode;
  uint32_t flags;
  uint32_t path_size;  // left-out files only: the path follows the record
  uint32_t reason;     // left-out files only
  uint32_t reserved;
};
static_assert(sizeof(SlotRecord) == 48);

template <class T>
void append(std::string* out, const T& record) {
  out->append(bytes_of(&record, 1));
}

SlotRecord encode_seen(const SeenFile& seen) {
  return {.size = seen.stat.size,
          .mtime_ns = seen.stat.mtime_ns,
          .ctime_ns = seen.stat.ctime_ns,
          .inode = seen.stat.inode,
          .flags = seen.racy ? kRacy : 0};
}

SeenFile decode_seen(const SlotRecord& slot) {
  return {{slot.size, slot.mtime_ns, slot.ctime_ns, slot.inode}, (slot.flags & kRacy) != 0};
}

// Takes records from the front; says false when there are not enough bytes.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  bool read(T* record) {
    if (bytes_.size() < sizeof(T)) return false;
    std::memcpy(record, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return true;
  }
  bool read(std::string* text, size_t size) {
    if (bytes_.size() < size) return false;
    *text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  size_t left() const { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

bool read_segment(Reader* in, SegmentState* state) {
  SegmentEntry entry;
  if (!in->read(&entry) || entry.file_count > in->left() / sizeof(SlotRecord)) return false;
  *state = SegmentState::make(entry.id, std::vector<SeenFile>(entry.file_count));
  for (uint32_t i = 0; i < entry.file_count; ++i) {
    SlotRecord slot;
    in->read(&slot);
    state->seen[i] = decode_seen(slot);
    if (slot.flags & kGone) state->remove(i);
  }
  return true;
}

bool read_left_out(Reader* in, LeftOutFile* file) {
  SlotRecord slot;
  if (!in->read(&slot) || !in->read(&file->path, slot.path_size)) return false;
  if (slot.reason < 1 || slot.reason > static_cast<uint32_t>(LeftOutReason::kRemoved)) return false;
  file->reason = static_cast<LeftOutReason>(slot.reason);
  file->seen = decode_seen(slot);
  return true;
}

std::unexpected<base::Error> damaged() {
  return base::fail(base::Code::kInvalidArgument, "damaged manifest");
}

}  // namespace

std::string_view reason_name(LeftOutReason reason) {
  switch (reason) {
    case LeftOutReason::kBinary:
      return "binary";
    case LeftOutReason::kGenerated:
      return "generated";
    case LeftOutReason::kVendored:
      return "vendored";
    case LeftOutReason::kTooLarge:
      return "too_large";
    case LeftOutReason::kUnreadable:
      return "unreadable";
    case LeftOutReason::kRemoved:
      return "removed";
  }
  return "unknown";
}

SegmentState SegmentState::make(uint64_t id, std::vector<SeenFile> seen) {
  SegmentState state{.id = id, .seen = std::move(seen), .gone = {}};
  state.gone.resize((state.seen.size() + 63) / 64);
  return state;
}

std::string encode_manifest(const Manifest& manifest) {
  ManifestHeader header{};
  std::memcpy(header.magic, kMagic.data(), sizeof(header.magic));
  header.version = kSegmentVersion;
  header.segment_count = static_cast<uint32_t>(manifest.segments.size());
  header.generation = manifest.generation;
  header.as_of_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(manifest.as_of.time_since_epoch()).count();
  header.ignored = manifest.ignored;
  header.not_regular = manifest.not_regular;
  header.unreadable_directories = manifest.unreadable_directories;
  header.left_out_count = manifest.left_out.size();

  std::string out;
  append(&out, header);
  for (const SegmentState& segment : manifest.segments) {
    append(&out, SegmentEntry{segment.id, segment.seen.size()});
    for (uint32_t i = 0; i < segment.seen.size(); ++i) {
      SlotRecord slot = encode_seen(segment.seen[i]);
      if (!segment.alive(i)) slot.flags |= kGone;
      append(&out, slot);
    }
  }
  for (const LeftOutFile& file : manifest.left_out) {
    SlotRecord slot = encode_seen(file.seen);
    slot.path_size = static_cast<uint32_t>(file.path.size());
    slot.reason = static_cast<uint32_t>(file.reason);
    append(&out, slot);
    out += file.path;
  }
  append(&out, base::hash64(out));
  return out;
}

base::Result<Manifest> decode_manifest(std::string_view bytes) {
  uint64_t checksum = 0;
  if (bytes.size() < sizeof(ManifestHeader) + sizeof(checksum)) return damaged();
  std::memcpy(&checksum, bytes.data() + bytes.size() - sizeof(checksum), sizeof(checksum));
  bytes.remove_suffix(sizeof(checksum));
  if (checksum != base::hash64(bytes)) return damaged();

  Reader in(bytes);
  ManifestHeader header;
  in.read(&header);
  if (std::string_view(header.magic, sizeof(header.magic)) != kMagic) return damaged();
  if (header.version != kSegmentVersion) {
    return base::fail(base::Code::kInvalidArgument, "index of another version: " + std::to_string(header.version));
  }
  Manifest manifest;
  manifest.generation = header.generation;
  manifest.as_of =
      base::WallTime(std::chrono::duration_cast<base::WallTime::duration>(std::chrono::nanoseconds(header.as_of_ns)));
  manifest.ignored = header.ignored;
  manifest.not_regular = header.not_regular;
  manifest.unreadable_directories = header.unreadable_directories;
  for (uint32_t i = 0; i < header.segment_count; ++i) {
    if (!read_segment(&in, &manifest.segments.emplace_back())) return damaged();
  }
  for (uint64_t i = 0; i < header.left_out_count; ++i) {
    if (!read_left_out(&in, &manifest.left_out.emplace_back())) return damaged();
    const size_t n = manifest.left_out.size();
    if (n > 1 && manifest.left_out[n - 2].path >= manifest.left_out[n - 1].path) return damaged();
  }
  if (in.left() != 0) return damaged();
  return manifest;
}

}  // namespace promethean::search
