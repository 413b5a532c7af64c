// Schema: a compiled JSON Schema (draft 7) that says where a document breaks it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "json/json.h"

namespace promethean::json {

// The first violation: `path` as a client writes it ("messages[0].role", "" for the document), and why.
struct Violation {
  std::string path;
  std::string reason;
};

// Immutable and shared between threads once compiled.
class Schema {
 public:
  // kInvalidArgument when the text is no JSON, or uses a keyword that this validator would silently ignore.
  static base::Result<Schema> compile(std::string_view schema_text);

  std::optional<Violation> check(const Value& document) const;
  const Value& document() const;  // the schema itself, for OpenAPI

 private:
  struct Compiled;
  explicit Schema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace promethean::json
