// NameMatcher: how well names fit what somebody typed.
//
//   NameMatcher matcher("parseReq", NameMatch::kFuzzy);
//   matcher.may_match(letters, size)       // quick: cannot fit when false
//   matcher.match("parse_http_request")    // {kFuzzy, 0.2}
//
// Scores lie in bands, so that a tighter kind of match is never below a looser one: exact 0.96 to 1, prefix 0.7 to
// 0.82, a part at the start of a word 0.5 to 0.64, inside of one 0.38 to 0.48, fuzzy up to 0.34. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/symbols.h"

namespace promethean::search {

struct NameScore {
  NameMatch match = NameMatch::kExact;
  double score = 0;
};

class NameMatcher {
 public:
  NameMatcher(std::string_view query, NameMatch loosest);

  const std::string& folded() const { return folded_; }
  // Whether a name with these letters (name_letters) and this many bytes can fit at all.
  bool may_match(uint32_t letters, size_t size) const;
  // `name` as it is written.
  std::optional<NameScore> match(std::string_view name) const;

 private:
  std::optional<double> fuzzy(std::string_view name, std::string_view folded) const;
  std::optional<double> by_words(std::string_view name) const;
  std::optional<double> by_letters(std::string_view name, std::string_view folded) const;

  std::string query_;
  std::string folded_;
  std::vector<std::string> words_;  // of the query, in lower case
  NameMatch loosest_;
  uint32_t letters_;
  int edits_;  // that a whole name may be away
};

}  // namespace promethean::search
