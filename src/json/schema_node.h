// The compiled form of a JSON Schema; only schema.cpp makes it and schema_check.cpp reads it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "json/json.h"
#include "json/schema.h"

namespace promethean::json {

// Bits for the types of a value. A number without a fraction is an integer too.
enum TypeBit : unsigned {
  kNullBit = 1,
  kBoolBit = 2,
  kIntegerBit = 4,
  kFractionBit = 8,
  kStringBit = 16,
  kArrayBit = 32,
  kObjectBit = 64,
  kNumberBits = kIntegerBit | kFractionBit,
};

// One (sub)schema. Absent keywords are empty; pointers lead into the same compiled schema.
struct SchemaNode {
  bool never = false;                    // the schema `false`
  unsigned types = 0;                    // 0: any
  const Array* one_of_values = nullptr;  // enum
  const Value* constant = nullptr;       // const

  std::optional<double> minimum, maximum, above, below, multiple_of;
  std::optional<uint64_t> min_length, max_length;
  std::optional<uint64_t> min_items, max_items;
  std::optional<uint64_t> min_members, max_members;
  bool unique_items = false;

  const SchemaNode* items = nullptr;
  std::map<std::string, const SchemaNode*, std::less<>> properties;
  std::vector<std::string> required;
  const SchemaNode* additional = nullptr;

  const SchemaNode* reference = nullptr;
  std::vector<const SchemaNode*> all_of, any_of, exactly_one_of;
  const SchemaNode* not_this = nullptr;
};

struct Schema::Compiled {
  Value document;
  std::vector<std::unique_ptr<SchemaNode>> nodes;
  const SchemaNode* root = nullptr;
};

std::optional<Violation> check_node(const SchemaNode& root, const Value& document);

// "a string", "a string or an array": how people name a set of types.
std::string describe_types(unsigned types);

}  // namespace promethean::json
