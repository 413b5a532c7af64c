// Inside of schema_grammar.h: the walk through one schema, in three files. schema_grammar.cpp has what holds schemas
// together (references, alternatives, types), schema_values.cpp texts, numbers and constants, schema_containers.cpp
// arrays and objects. The first refusal is kept, and everything after it is quick.
#pragma once

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "llm/local/number_grammar.h"
#include "llm/local/schema_grammar.h"

namespace promethean::llm::local {

constexpr size_t kEndless = size_t{1} << 40;  // bytes of what has no end

// `schema` without some keywords; whether it has one that says anything of values.
json::Object schema_without(const json::Object& schema, std::initializer_list<std::string_view> keywords);
bool says_something(const json::Object& schema);

class SchemaTranslator {
 public:
  SchemaTranslator(const json::Value& root, std::string field, GrammarRules& rules)
      : root_(root), field_(std::move(field)), rules_(rules), space_(rules.add(space())) {}

  base::Result<SchemaRule> translate();

 private:
  SchemaRule refuse(const std::string& at, const std::string& why);

  SchemaRule node(const json::Value& schema, const std::string& at, int level);
  SchemaRule plain(const json::Object& schema, const std::string& at, int level);
  SchemaRule of_type(std::string_view type, const json::Object& schema, const std::string& at, int level);
  SchemaRule merged(json::Object base, const json::Value& other, const std::string& at, int level);
  SchemaRule all_of(const json::Object& schema, const std::string& at, int level);
  SchemaRule one_of(const json::Object& schema, const std::string& at, int level);
  SchemaRule reference(std::string_view target, const std::string& at, int level);
  const json::Value* resolve(std::string_view target, const std::string& at);
  const json::Value* behind(const json::Value& schema, const std::string& at);
  bool apart(const json::Value& a, const json::Value& b, const std::string& at);
  SchemaRule either(const std::vector<SchemaRule>& list);

  SchemaRule constants(const json::Object& schema, const std::string& at);
  SchemaRule text(const json::Object& schema, const std::string& at);
  SchemaRule matching(std::string_view pattern, const json::Object& schema, const std::string& at, bool may_ignore);
  SchemaRule integer(const json::Object& schema, const std::string& at);
  SchemaRule number(const json::Object& schema, const std::string& at);
  std::optional<NumberRange> range(const json::Object& schema, const std::string& at);
  SchemaRule array(const json::Object& schema, const std::string& at, int level);
  SchemaRule object(const json::Object& schema, const std::string& at, int level);
  struct Member {
    std::string name;
    const json::Value* schema;
    bool required;
  };
  bool require(const json::Object& schema, std::vector<Member>& members, const std::string& at);
  SchemaRule declared(const std::vector<Member>& members, const std::string& at, int level);
  SchemaRule map(const json::Object& schema, const std::string& at, int level);
  SchemaRule listed(const SchemaRule& one, size_t least, std::optional<size_t> most);
  SchemaRule bracketed(const std::string& inside, size_t shortest, std::string_view brackets);
  std::string comma() { return rules_.add(joined({"", "\",\"", ""})); }
  SchemaRule anything();
  SchemaRule any_text();
  std::string character();
  std::string any_number();
  static std::string space();

  std::optional<size_t> count(const json::Object& schema, std::string_view keyword, const std::string& at);
  std::string joined(std::initializer_list<std::string_view> pieces) const {
    return fmt::format("{}", fmt::join(pieces, " " + space_ + " "));
  }

  const json::Value& root_;
  std::string field_;
  GrammarRules& rules_;
  std::string space_;
  std::optional<base::Error> error_;
  int nodes_ = 0;
  int entered_ = 0;  // references whose body is being translated
  struct Reference {
    std::string rule;
    size_t shortest = kEndless;
  };
  std::map<std::string, Reference, std::less<>> references_;
  std::set<std::string, std::less<>> open_;  // references that are entered without a character in between
};

}  // namespace promethean::llm::local
