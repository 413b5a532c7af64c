#include "json/schema.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/strings.h"
#include "json/schema_node.h"

namespace promethean::json {

namespace {
using base::Code;
using base::Result;

std::optional<unsigned> type_bits(std::string_view name) {
  if (name == "null") return kNullBit;
  if (name == "boolean") return kBoolBit;
  if (name == "integer") return kIntegerBit;
  if (name == "number") return kNumberBits;
  if (name == "string") return kStringBit;
  if (name == "array") return kArrayBit;
  if (name == "object") return kObjectBit;
  return std::nullopt;
}

// Says something about the schema, not about documents.
bool is_annotation(std::string_view keyword) {
  constexpr std::string_view kAnnotations[] = {"$schema",     "$id",        "$comment",    "title",
                                               "description", "default",    "examples",    "readOnly",
                                               "writeOnly",   "deprecated", "definitions", "$defs"};
  return std::ranges::find(kAnnotations, keyword) != std::end(kAnnotations);
}

// Turns one document into nodes. Problems are thrown as Error inside this file only; compile() catches them.
class Compiler {
 public:
  explicit Compiler(Schema::Compiled& out) : out_(out) {}

  const SchemaNode* compile(const Value& schema) {
    // Equal addresses are equal schemas: a $ref to a schema that is being compiled finds the unfinished node.
    const auto [known, fresh] = done_.try_emplace(&schema, nullptr);
    if (!fresh) return known->second;
    out_.nodes.push_back(std::make_unique<SchemaNode>());
    SchemaNode& node = *out_.nodes.back();
    known->second = &node;
    if (const bool* all = schema.if_bool()) {
      node.never = !*all;
      return &node;
    }
    const Object* object = schema.if_object();
    if (object == nullptr) refuse("a schema must be an object or a boolean");
    for (const auto& member : *object) keyword(node, member.key(), member.value());
    return &node;
  }

 private:
  [[noreturn]] static void refuse(const std::string& why) { throw base::Error(Code::kInvalidArgument, why); }

  void keyword(SchemaNode& node, std::string_view name, const Value& value) {
    if (is_annotation(name)) return;
    if (value_keyword(node, name, value) || range_keyword(node, name, value) || child_keyword(node, name, value))
      return;
    refuse("the schema keyword " + std::string(name) + " is not supported");
  }

  bool value_keyword(SchemaNode& node, std::string_view name, const Value& value) {
    if (name == "type") {
      node.types = types(value);
    } else if (name == "enum") {
      node.one_of_values = &array(name, value);
    } else if (name == "const") {
      node.constant = &value;
    } else if (name == "required") {
      for (const Value& item : array(name, value)) node.required.emplace_back(string(name, item));
    } else if (name == "uniqueItems") {
      if (!value.is_bool()) refuse("uniqueItems must be a boolean");
      node.unique_items = value.get_bool();
    } else {
      return false;
    }
    return true;
  }

  bool range_keyword(SchemaNode& node, std::string_view name, const Value& value) {
    const std::pair<std::string_view, std::optional<double>*> numbers[] = {{"minimum", &node.minimum},
                                                                           {"maximum", &node.maximum},
                                                                           {"exclusiveMinimum", &node.above},
                                                                           {"exclusiveMaximum", &node.below},
                                                                           {"multipleOf", &node.multiple_of}};
    for (const auto& [keyword, place] : numbers) {
      if (keyword == name) return *place = number(name, value), true;
    }
    const std::pair<std::string_view, std::optional<uint64_t>*> counts[] = {
        {"minLength", &node.min_length}, {"maxLength", &node.max_length},      {"minItems", &node.min_items},
        {"maxItems", &node.max_items},   {"minProperties", &node.min_members}, {"maxProperties", &node.max_members}};
    for (const auto& [keyword, place] : counts) {
      if (keyword == name) return *place = count(name, value), true;
    }
    return false;
  }

  bool child_keyword(SchemaNode& node, std::string_view name, const Value& value) {
    if (name == "properties") {
      if (!value.is_object()) refuse("properties must be an object");
      for (const auto& member : value.get_object()) node.properties[member.key()] = compile(member.value());
    } else if (name == "additionalProperties") {
      node.additional = compile(value);
    } else if (name == "items") {
      if (value.is_array()) refuse("items as a list is not supported");
      node.items = compile(value);
    } else if (name == "not") {
      node.not_this = compile(value);
    } else if (name == "$ref") {
      node.reference = compile(resolve(string(name, value)));
    } else if (name == "allOf" || name == "anyOf" || name == "oneOf") {
      auto& list = name == "allOf" ? node.all_of : name == "anyOf" ? node.any_of : node.exactly_one_of;
      for (const Value& item : array(name, value)) list.push_back(compile(item));
    } else {
      return false;
    }
    return true;
  }

  unsigned types(const Value& value) {
    if (!value.is_array()) return one_type(string("type", value));
    unsigned bits = 0;
    for (const Value& item : array("type", value)) bits |= one_type(string("type", item));
    return bits;
  }
  unsigned one_type(std::string_view name) {
    const auto bits = type_bits(name);
    if (!bits) refuse("there is no type " + std::string(name));
    return *bits;
  }

  // "#", "#/definitions/message": references within the document only.
  const Value& resolve(std::string_view reference) {
    if (!reference.starts_with('#')) refuse("$ref " + std::string(reference) + " leads outside the schema");
    boost::system::error_code ec;
    const Value* found = out_.document.find_pointer(reference.substr(1), ec);
    if (found == nullptr) refuse("$ref " + std::string(reference) + " leads nowhere");
    return *found;
  }

  static const Array& array(std::string_view name, const Value& value) {
    if (!value.is_array() || value.get_array().empty()) refuse(std::string(name) + " must be a list that is not empty");
    return value.get_array();
  }
  static std::string_view string(std::string_view name, const Value& value) {
    if (!value.is_string()) refuse(std::string(name) + " must be a string");
    return value.get_string();
  }
  static double number(std::string_view name, const Value& value) {
    if (!value.is_number()) refuse(std::string(name) + " must be a number");
    const double number = value.to_number<double>();
    if (name == "multipleOf" && number <= 0) refuse("multipleOf must be above 0");
    return number;
  }
  static uint64_t count(std::string_view name, const Value& value) {
    const double number = value.is_number() ? value.to_number<double>() : -1;
    if (number < 0 || number != std::trunc(number) || number > 1e15) refuse(std::string(name) + " must be a count");
    return static_cast<uint64_t>(number);
  }

  Schema::Compiled& out_;
  std::map<const Value*, const SchemaNode*> done_;
};

// Schemas that apply to the same value as `node`: a cycle of these would never end.
std::vector<const SchemaNode*> in_place(const SchemaNode& node) {
  std::vector<const SchemaNode*> out;
  for (const auto* list : {&node.all_of, &node.any_of, &node.exactly_one_of}) {
    out.insert(out.end(), list->begin(), list->end());
  }
  if (node.reference != nullptr) out.push_back(node.reference);
  if (node.not_this != nullptr) out.push_back(node.not_this);
  return out;
}

bool never_ends(const SchemaNode& node, std::set<const SchemaNode*>& open, std::set<const SchemaNode*>& good) {
  if (good.contains(&node)) return false;
  if (!open.insert(&node).second) return true;
  for (const SchemaNode* next : in_place(node)) {
    if (never_ends(*next, open, good)) return true;
  }
  open.erase(&node);
  good.insert(&node);
  return false;
}
}  // namespace

Result<Schema> Schema::compile(std::string_view schema_text) {
  auto document = parse(schema_text);
  if (!document) return base::fail(document.error().wrap("the schema"));
  auto compiled = std::make_shared<Compiled>();
  compiled->document = std::move(*document);
  try {
    Compiler compiler(*compiled);
    compiled->root = compiler.compile(compiled->document);
  } catch (base::Error& error) {
    return base::fail(std::move(error));
  }
  std::set<const SchemaNode*> open, good;
  for (const auto& node : compiled->nodes) {
    if (never_ends(*node, open, good))
      return base::fail(Code::kInvalidArgument, "the schema refers to itself in place");
  }
  return Schema(std::move(compiled));
}

std::optional<Violation> Schema::check(const Value& document) const {
  return check_node(*compiled_->root, document);
}

const Value& Schema::document() const {
  return compiled_->document;
}

}  // namespace promethean::json
