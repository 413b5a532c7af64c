// The frame of a segment file, shared by its writer and its reader. docs/formats/segment.md describes it.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/hash.h"

namespace promethean::search {

static_assert(std::endian::native == std::endian::little, "segment files are little endian and read in place");

inline constexpr std::string_view kSegmentMagic = "PMTHSEG1";
inline constexpr uint32_t kSegmentVersion = 2;  // raise it when a format, a rule of left-out or a scanner changes

enum class SectionId : uint32_t { kPaths = 1, kFiles = 2, kBlocks = 3, kContent = 4, kLexical = 5 };
inline constexpr uint32_t kSectionCount = 5;

struct SegmentHeader {
  char magic[8];
  uint32_t version;
  uint32_t section_count;
  uint64_t file_size;
  uint64_t table_hash;  // of the section table
};
static_assert(sizeof(SegmentHeader) == 32);

struct SectionEntry {
  uint32_t id;
  uint32_t reserved;
  uint64_t offset;  // multiple of 8
  uint64_t size;
  uint64_t hash;
};
static_assert(sizeof(SectionEntry) == 32);

inline constexpr size_t kSectionsBegin = sizeof(SegmentHeader) + kSectionCount * sizeof(SectionEntry);

template <class T>
std::string_view bytes_of(const T* items, size_t count) {
  return {reinterpret_cast<const char*>(items), count * sizeof(T)};
}

}  // namespace promethean::search
