// What a query asks: its terms, the identifiers it names, and which kinds of files it wants.
//
//   analyze("Where is gitignore matching implemented?")  ->  terms gitignore, match; no identifier
//   analyze("Router::add")                               ->  bare, identifier add in scope Router
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

struct QueryTerm {
  std::string text;       // as the index spells it
  bool compound = false;  // a whole identifier of several parts
  uint16_t word = 0;      // position of the word it came from
};

struct QueryIdentifier {
  std::string name;   // the last part: "add"
  std::string scope;  // what stands before it, without separators: "Router"; may be empty
  bool sure = false;  // its spelling shows that it is code: camelCase, snake_case, A::b, `quoted`
};

struct Query {
  std::vector<QueryTerm> terms;  // distinct, in order
  std::vector<QueryIdentifier> identifiers;
  bool bare = false;  // nothing but one identifier
  bool wants_tests = false;
  bool wants_docs = false;
  bool wants_aside = false;  // examples, legacy code, benchmarks
};

inline constexpr size_t kMaxQueryBytes = 16 << 10;  // the rest is not read
inline constexpr size_t kMaxQueryTerms = 64;

Query analyze(std::string_view text);

}  // namespace promethean::search
