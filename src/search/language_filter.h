// LanguageFilter: files of some languages, by the names that people and `rg -t` use: "py", "c++", "rust", "docker".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "search/language.h"

namespace promethean::search {

class LanguageFilter {
 public:
  // No names: every file. kInvalidArgument for a name that is none, with the nearest one.
  static base::Result<LanguageFilter> parse(const std::vector<std::string>& names);

  bool empty() const { return languages_.empty() && !headers_; }
  // A `.h` belongs to C and to C++, whatever it holds, as it does for ripgrep.
  bool accepts(Language language, std::string_view path) const;

 private:
  std::vector<bool> languages_;  // by number
  bool headers_ = false;         // "h": headers of C and C++
};

}  // namespace promethean::search
