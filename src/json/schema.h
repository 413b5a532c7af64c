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
//
// Keywords: type enum const properties required additionalProperties items minItems maxItems uniqueItems minLength
// maxLength minProperties maxProperties minimum maximum exclusiveMinimum exclusiveMaximum multipleOf allOf anyOf oneOf
// not $ref (within the document) definitions $defs, and annotations. Any other is refused at compile(): pattern and
// format would need an engine that cannot be made slow by a document.
class Schema {
 public:
  // kInvalidArgument when the text is no JSON, or uses a keyword that this validator would silently ignore.
  static base::Result<Schema> compile(std::string_view schema_text);

  std::optional<Violation> check(const Value& document) const;
  const Value& document() const;  // the schema itself, for OpenAPI

  struct Compiled;  // schema_node.h

 private:
  explicit Schema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace promethean::json
