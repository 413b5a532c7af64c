#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "json/schema_node.h"

namespace promethean::json {

namespace {
// The way from the document to the value being checked, kept on the stack and written out only for a violation.
struct At {
  const At* parent = nullptr;
  std::string_view key;
  size_t index = 0;
  bool in_array = false;
};
using Found = std::optional<Violation>;

bool is_plain(std::string_view key) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !key.empty() && std::ranges::all_of(key, plain);
}

std::string path_of(const At& at) {
  if (at.parent == nullptr) return {};
  std::string out = path_of(*at.parent);
  if (at.in_array) return out + fmt::format("[{}]", at.index);
  if (!is_plain(at.key)) return out + "[" + quote(at.key) + "]";
  if (!out.empty()) out += '.';
  return out + std::string(at.key);
}

Found broken(const At& at, std::string reason) {
  return Violation{path_of(at), std::move(reason)};
}

unsigned type_of(const Value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return kNullBit;
    case boost::json::kind::bool_:
      return kBoolBit;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
      return kIntegerBit;
    case boost::json::kind::double_:
      return std::trunc(value.get_double()) == value.get_double() ? kIntegerBit : kFractionBit;
    case boost::json::kind::string:
      return kStringBit;
    case boost::json::kind::array:
      return kArrayBit;
    case boost::json::kind::object:
      return kObjectBit;
  }
  return 0;
}

// Equality as JSON Schema sees it: 1 and 1.0 are one number, the order of members does not count.
bool same(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_double() || b.is_double()) return a.to_number<double>() == b.to_number<double>();
    return a == b;
  }
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), same);
  if (!a.is_object() || !b.is_object()) return a == b;
  if (a.get_object().size() != b.get_object().size()) return false;
  return std::ranges::all_of(a.get_object(), [&b](const auto& member) {
    const Value* other = b.get_object().if_contains(member.key());
    return other != nullptr && same(member.value(), *other);
  });
}

// A value in a sentence: strings without quotes where that reads well.
std::string shown(const Value& value) {
  if (value.is_string() && is_plain(value.get_string())) return std::string(value.get_string());
  return write(value);
}

std::string listed(const Array& values) {
  constexpr size_t kMost = 20;
  std::vector<std::string> names;
  for (const Value& value : values) {
    if (names.size() == kMost) return base::join(names, ", ") + ", …";
    names.push_back(shown(value));
  }
  return base::join(names, ", ");
}

std::string plural(uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

size_t code_points(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// The one sentence about a count that is out of range, or nothing.
std::string out_of_range(uint64_t count, std::optional<uint64_t> least, std::optional<uint64_t> most,
                         std::string_view thing) {
  if (least && count < *least) return count == 0 ? "must not be empty" : "must have at least " + plural(*least, thing);
  if (most && count > *most) return fmt::format("must have at most {}, has {}", plural(*most, thing), count);
  return {};
}

Found check(const SchemaNode& node, const Value& value, const At& at);

Found check_number(const SchemaNode& node, const Value& value, const At& at) {
  const double number = value.to_number<double>();
  if (node.minimum && number < *node.minimum) return broken(at, fmt::format("must be at least {}", *node.minimum));
  if (node.maximum && number > *node.maximum) return broken(at, fmt::format("must be at most {}", *node.maximum));
  if (node.above && number <= *node.above) return broken(at, fmt::format("must be above {}", *node.above));
  if (node.below && number >= *node.below) return broken(at, fmt::format("must be below {}", *node.below));
  if (!node.multiple_of) return {};
  const double quotient = number / *node.multiple_of;
  if (std::abs(quotient - std::round(quotient)) < 1e-9) return {};
  return broken(at, fmt::format("must be a multiple of {}", *node.multiple_of));
}

Found check_string(const SchemaNode& node, const Value& value, const At& at) {
  if (!node.min_length && !node.max_length) return {};
  std::string reason = out_of_range(code_points(value.get_string()), node.min_length, node.max_length, "character");
  return reason.empty() ? Found() : broken(at, std::move(reason));
}

Found check_array(const SchemaNode& node, const Array& array, const At& at) {
  std::string reason = out_of_range(array.size(), node.min_items, node.max_items, "item");
  if (!reason.empty()) return broken(at, std::move(reason));
  for (size_t i = 0; i < array.size(); ++i) {
    const At here{&at, {}, i, true};
    if (node.items != nullptr) {
      if (auto found = check(*node.items, array[i], here)) return found;
    }
    if (!node.unique_items) continue;
    const auto before = array.begin() + static_cast<ptrdiff_t>(i);
    const auto twin = std::find_if(array.begin(), before, [&](const Value& other) { return same(other, array[i]); });
    if (twin != before) return broken(here, "is in the list twice");
  }
  return {};
}

Found unknown_member(const SchemaNode& node, std::string_view key, const At& at) {
  std::vector<std::string> known;
  for (const auto& [name, schema] : node.properties) known.push_back(name);
  const auto near = base::nearest(key, known);
  return broken(At{&at, key}, near ? "is not a known field, did you mean " + *near + "?" : "is not a known field");
}

Found check_object(const SchemaNode& node, const Object& object, const At& at) {
  for (const std::string& name : node.required) {
    if (!object.contains(name)) return broken(At{&at, name}, "is required");
  }
  std::string reason = out_of_range(object.size(), node.min_members, node.max_members, "field");
  if (!reason.empty()) return broken(at, std::move(reason));
  if (node.properties.empty() && node.additional == nullptr) return {};
  for (const auto& member : object) {
    const std::string_view key = member.key();
    const auto known = node.properties.find(key);
    const SchemaNode* schema = known != node.properties.end() ? known->second : node.additional;
    if (schema == nullptr) continue;
    if (schema == node.additional && schema->never) return unknown_member(node, key, at);
    if (auto found = check(*schema, member.value(), At{&at, key})) return found;
  }
  return {};
}

// What to say when no branch matches: the branch that got furthest knows best; branches that all refuse the value
// itself are named together.
Found best_of(const std::vector<const SchemaNode*>& branches, const Value& value, const At& at) {
  Found best;
  unsigned types = 0;
  for (const SchemaNode* branch : branches) {
    Found found = check(*branch, value, at);
    if (!found) return {};
    const SchemaNode* named = branch->reference != nullptr ? branch->reference : branch;
    types |= named->types;
    const bool right_type = named->types == 0 || (named->types & type_of(value)) != 0;
    if (right_type && (!best || found->path.size() > best->path.size())) best = std::move(found);
  }
  if (best) return best;
  return broken(at, "must be " + describe_types(types));
}

Found check_branches(const SchemaNode& node, const Value& value, const At& at) {
  if (node.reference != nullptr) {
    if (auto found = check(*node.reference, value, at)) return found;
  }
  for (const SchemaNode* branch : node.all_of) {
    if (auto found = check(*branch, value, at)) return found;
  }
  if (node.not_this != nullptr && !check(*node.not_this, value, at))
    return broken(at, "has a form that is not allowed");
  if (!node.any_of.empty()) {
    if (auto found = best_of(node.any_of, value, at)) return found;
  }
  if (node.exactly_one_of.empty()) return {};
  if (auto found = best_of(node.exactly_one_of, value, at)) return found;
  const auto matches =
      std::ranges::count_if(node.exactly_one_of, [&](const SchemaNode* branch) { return !check(*branch, value, at); });
  return matches > 1 ? broken(at, "matches more than one of the allowed forms") : Found();
}

Found check(const SchemaNode& node, const Value& value, const At& at) {
  if (node.never) return broken(at, "is not allowed");
  const unsigned type = type_of(value);
  if (node.types != 0 && (node.types & type) == 0) return broken(at, "must be " + describe_types(node.types));
  if (node.constant != nullptr && !same(*node.constant, value)) return broken(at, "must be " + shown(*node.constant));
  if (node.one_of_values != nullptr) {
    const bool known = std::ranges::any_of(*node.one_of_values, [&](const Value& one) { return same(one, value); });
    if (!known) return broken(at, "must be one of " + listed(*node.one_of_values));
  }
  Found found;
  if ((type & kNumberBits) != 0) found = check_number(node, value, at);
  if (type == kStringBit) found = check_string(node, value, at);
  if (type == kArrayBit) found = check_array(node, value.get_array(), at);
  if (type == kObjectBit) found = check_object(node, value.get_object(), at);
  return found ? found : check_branches(node, value, at);
}
}  // namespace

std::string describe_types(unsigned types) {
  if (types == 0) return "of another type";
  std::vector<std::string> names;
  if ((types & kStringBit) != 0) names.emplace_back("a string");
  if ((types & kNumberBits) == kNumberBits) {
    names.emplace_back("a number");
  } else if ((types & kIntegerBit) != 0) {
    names.emplace_back("a whole number");
  }
  if ((types & kBoolBit) != 0) names.emplace_back("true or false");
  if ((types & kArrayBit) != 0) names.emplace_back("an array");
  if ((types & kObjectBit) != 0) names.emplace_back("an object");
  if ((types & kNullBit) != 0) names.emplace_back("null");
  std::string out = names.front();
  for (size_t i = 1; i < names.size(); ++i) out += (i + 1 < names.size() ? ", " : " or ") + names[i];
  return out;
}

std::optional<Violation> check_node(const SchemaNode& root, const Value& document) {
  return check(root, document, At{});
}

}  // namespace promethean::json
