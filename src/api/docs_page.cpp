#include "api/docs_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"

namespace promethean::api {

namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:#b4451f}
*{box-sizing:border-box}
body{margin:0;font:16px/1.5 system-ui,sans-serif;display:grid;grid-template-columns:17rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem;border-right:1px solid var(--line);font-size:.875rem}
nav ul{list-style:none;margin:.25rem 0 1rem;padding:0}
nav li a{display:block;padding:.125rem 0;overflow-wrap:anywhere}
main{padding:1.5rem 2rem 4rem;max-width:60rem}
h1{margin:0}h2{margin:2.5rem 0 .25rem;padding-top:.5rem}h4{margin:1rem 0 .25rem}
a{color:inherit}a:hover{color:var(--accent)}
code,pre{font:.875em/1.5 ui-monospace,monospace}
code{background:var(--soft);padding:.1em .25em;border-radius:.25em;overflow-wrap:anywhere}
pre{background:var(--soft);padding:.75rem;border-radius:.375rem;overflow:auto}
pre code{background:none;padding:0}
details{border:1px solid var(--line);border-radius:.375rem;margin:.5rem 0;padding:0 1rem}
details:has(:target){border-color:var(--accent)}
[id]{scroll-margin-top:4rem}
summary{cursor:pointer;padding:.5rem 0;overflow-wrap:anywhere}
summary b{display:inline-block;min-width:4rem;font:600 .8rem ui-monospace,monospace;color:var(--accent)}
summary span{opacity:.75;margin-left:.75rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
td:first-child code{white-space:nowrap}
small{opacity:.75}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto;border:0}main{padding:1rem}}
)";

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

// Descriptions have `code` in backticks, and lists whose lines begin with a dash.
std::string prose(std::string_view text) {
  std::string out;
  const auto parts = base::split(text, '`');
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool code = i % 2 == 1 && i + 1 < parts.size();
    out += code ? "<code>" + escape(parts[i]) + "</code>" : escape(parts[i]);
  }
  return out;
}

std::string paragraphs(std::string_view text) {
  std::string out;
  bool in_list = false;
  for (const std::string_view line : base::split(text, '\n')) {
    const bool item = line.starts_with("- ");
    if (item != in_list) out += item ? "<ul>" : "</ul>";
    in_list = item;
    if (line.empty()) continue;
    out += item ? "<li>" + prose(line.substr(2)) + "</li>" : "<p>" + prose(line) + "</p>";
  }
  return in_list ? out + "</ul>" : out;
}

std::string_view text_at(json::Whose value, std::string_view key) {
  return json::string_at(value, key).value_or("");
}

std::string_view component_of(const json::Object& schema) {
  const std::string_view reference = text_at(schema, "$ref");
  return reference.substr(reference.rfind('/') + 1);
}

// ---- one operation ----

struct Operation {
  std::string method;  // upper case
  std::string_view path;
  const json::Object& data;
};

class DocsPage {
 public:
  explicit DocsPage(const json::Object& document)
      : document_(document), components_(*json::object_at(document, "components")) {
    for (const auto& path : document.at("paths").as_object()) {
      for (const auto& method : path.value().as_object())
        operations_.push_back({upper(method.key()), path.key(), method.value().as_object()});
    }
  }

  std::string render() const {
    const json::Object& info = *json::object_at(document_, "info");
    std::string out = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\"><title>{0}: API</title><style>{1}</style></head>\n<body>",
        escape(text_at(info, "title")), kStyle);
    out += navigation();
    out += fmt::format("<main><h1>{} <small>{}</small></h1>", escape(text_at(info, "title")),
                       escape(text_at(info, "version")));
    out += paragraphs(text_at(info, "description"));
    out +=
        "<p>For programs: <a href=\"/openapi.json\">OpenAPI 3.1</a>, <a href=\"/openapi.json?openapi=3.0\">3.0</a>, <a "
        "href=\"/openapi.json?profile=actions\">for ChatGPT Actions</a>, <a href=\"/llms.txt\">llms.txt</a>.</p>";
    for (const auto& group : document_.at("tags").as_array()) out += section(group.as_object());
    out += "<h2 id=\"schemas\">Schemas</h2>\n";
    for (const auto& schema : components_.at("schemas").as_object())
      out += fmt::format("<details><summary>{0}</summary><pre id=\"schema-{0}\"><code>{1}</code></pre></details>\n",
                         escape(schema.key()), escape(json::write_pretty(schema.value())));
    return out + "</main></body></html>\n";
  }

 private:
  static std::string upper(std::string_view text) {
    std::string out;
    for (const char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return out;
  }

  static bool is_of(const Operation& operation, std::string_view group) {
    return std::string_view(operation.data.at("tags").as_array().front().as_string()) == group;
  }

  std::string navigation() const {
    std::string out = "<nav>";
    for (const auto& group : document_.at("tags").as_array()) {
      const std::string_view name = text_at(group, "name");
      out += fmt::format("<strong>{}</strong><ul>", escape(name));
      for (const Operation& operation : operations_) {
        if (!is_of(operation, name)) continue;
        const std::string id = escape(text_at(operation.data, "operationId"));
        out += fmt::format("<li><a href=\"#{0}\">{0}</a></li>", id);
      }
      out += "</ul>";
    }
    return out + "<a href=\"#schemas\">Schemas</a></nav>\n";
  }

  std::string section(const json::Object& group) const {
    const std::string_view name = text_at(group, "name");
    std::string out = fmt::format("<h2>{}</h2><p>{}</p>\n", escape(name), prose(text_at(group, "description")));
    for (const Operation& operation : operations_) {
      if (is_of(operation, name)) out += details(operation);
    }
    return out;
  }

  // The anchors are inside, because a browser opens what holds the place that it is sent to.
  std::string details(const Operation& operation) const {
    const json::Object& data = operation.data;
    std::string out = fmt::format("<details><summary><b>{}</b> {}<span>{}</span></summary>\n", operation.method,
                                  escape(operation.path), prose(text_at(data, "summary")));
    out += fmt::format("<p id=\"{}\">{}</p><p><small>{}</small></p>", escape(text_at(data, "operationId")),
                       prose(text_at(data, "description")), needs(text_at(data, "x-promethean-scope")));
    if (const json::Array* parameters = json::array_at(data, "parameters")) out += parameter_table(*parameters);
    if (const json::Object* body = json_schema(json::find(data, "requestBody"))) out += "<h4>Body</h4>" + fields(*body);
    out += "<h4>Example</h4><pre><code>" + escape(curl(operation)) + "</code></pre>";
    for (const auto& answer : data.at("responses").as_object()) {
      const json::Object* schema = json_schema(&answer.value());
      if (!answer.key().starts_with('2') || schema == nullptr) continue;
      out += fmt::format("<h4>Answer {}</h4>{}", std::string_view(answer.key()), fields(*schema));
    }
    return out + "</details>\n";
  }

  std::string needs(std::string_view scope) const {
    if (scope == "none" || !document_.contains("security")) return "Needs no credential.";
    if (scope == "any") return "Needs a credential.";
    return fmt::format("Needs a credential with the scope <code>{}</code>.", escape(scope));
  }

  // The schema of the JSON in a request's body or in an answer; null when there is none.
  const json::Object* json_schema(const json::Value* part) const {
    if (part == nullptr) return nullptr;
    const json::Object* content = json::object_at(*part, "content");
    const json::Object* media = content == nullptr ? nullptr : json::object_at(*content, "application/json");
    return media == nullptr ? nullptr : json::object_at(*media, "schema");
  }

  const json::Object& resolved(const json::Object& schema) const {
    const std::string_view name = component_of(schema);
    return name.empty() ? schema : components_.at("schemas").at(name).as_object();
  }

  // ---- tables ----

  static std::string row(std::string_view name, std::string_view type, const std::string& notes) {
    return fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>", escape(name), type, notes);
  }

  std::string parameter_table(const json::Array& parameters) const {
    std::string out = "<h4>Parameters</h4><table>";
    for (const auto& parameter : parameters) {
      const json::Object& schema = *json::object_at(parameter, "schema");
      const bool required = json::bool_at(parameter, "required").value_or(false);
      const std::string where = fmt::format("<small>{}</small> ", escape(text_at(parameter, "in")));
      out += row(text_at(parameter, "name"), where + type_of(schema),
                 prose(text_at(parameter, "description")) + limits(schema, required));
    }
    return out + "</table>";
  }

  std::string fields(const json::Object& schema) const {
    const json::Object& whole = resolved(schema);
    std::string out;
    if (const std::string_view name = component_of(schema); !name.empty())
      out = fmt::format("<p><a href=\"#schema-{0}\">{0}</a></p>", escape(name));
    const json::Object* properties = json::object_at(whole, "properties");
    if (properties == nullptr) return out;
    const json::Array* required = json::array_at(whole, "required");
    out += "<table>";
    for (const auto& property : *properties) {
      const json::Object* own = property.value().if_object();
      if (own == nullptr) continue;
      const json::Value name(property.key());
      const bool needed = required != nullptr && std::ranges::find(*required, name) != required->end();
      out += row(property.key(), type_of(*own), prose(text_at(*own, "description")) + limits(*own, needed));
    }
    return out + "</table>";
  }

  static std::string type_of(const json::Object& schema) {
    if (const std::string_view name = component_of(schema); !name.empty())
      return fmt::format("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    const json::Value* type = json::find(schema, "type");
    if (type == nullptr && schema.contains("const")) return "";
    if (type == nullptr) return schema.contains("enum") ? "one of" : "any";
    if (const json::Array* types = type->if_array()) {
      std::vector<std::string> names;
      for (const auto& one : *types) names.push_back(escape(one.as_string()));
      return base::join(names, " or ");
    }
    const json::Object* items = json::object_at(schema, "items");
    if (*type == "array" && items != nullptr) return "array of " + type_of(*items);
    return escape(type->as_string());
  }

  // What a schema says beside its type, in few words.
  static std::string limits(const json::Object& schema, bool required) {
    std::vector<std::string> notes;
    if (required) notes.emplace_back("required");
    const std::pair<const char*, const char*> kWords[] = {{"default", "default"},
                                                          {"const", "always"},
                                                          {"minimum", "at least"},
                                                          {"maximum", "at most"},
                                                          {"minLength", "characters, at least"},
                                                          {"maxLength", "characters, at most"},
                                                          {"minItems", "items, at least"},
                                                          {"maxItems", "items, at most"}};
    for (const auto& [keyword, words] : kWords) {
      if (const json::Value* value = json::find(schema, keyword))
        notes.push_back(fmt::format("{} <code>{}</code>", words, escape(json::write(*value))));
    }
    if (const json::Array* values = json::array_at(schema, "enum"))
      notes.push_back(fmt::format("<code>{}</code>", escape(json::write(*values))));
    return notes.empty() ? "" : " <small>" + base::join(notes, ", ") + "</small>";
  }

  // ---- examples ----

  static const json::Value* example_of(const json::Object& schema) {
    const json::Array* examples = json::array_at(schema, "examples");
    return examples == nullptr || examples->empty() ? nullptr : &examples->front();
  }

  static std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
  }

  // The path with its parameters filled in, and the query of those that have an example.
  static std::string example_target(const Operation& operation) {
    std::string path(operation.path);
    std::string query;
    const json::Array* parameters = json::array_at(operation.data, "parameters");
    if (parameters == nullptr) return path;
    for (const auto& parameter : *parameters) {
      const json::Value* example = example_of(*json::object_at(parameter, "schema"));
      if (example == nullptr) continue;
      const std::string value = example->is_string() ? std::string(example->get_string()) : json::write(*example);
      const std::string hole = fmt::format("{{{}}}", text_at(parameter, "name"));
      if (const size_t at = path.find(hole); at != std::string::npos) {
        path.replace(at, hole.size(), value);
      } else {
        query += fmt::format("{}{}={}", query.empty() ? '?' : '&', text_at(parameter, "name"), value);
      }
    }
    return path + query;
  }

  std::string curl(const Operation& operation) const {
    std::string out = "curl ";
    if (operation.method != "GET" && operation.method != "POST") out += "-X " + operation.method + " ";
    const bool open = text_at(operation.data, "x-promethean-scope") == "none" || !document_.contains("security");
    if (!open) out += "-H \"Authorization: Bearer $PROMETHEAN_TOKEN\" ";
    const std::string_view server = text_at(document_.at("servers").as_array().front(), "url");
    out += quoted(std::string(server) + example_target(operation));
    const json::Object* body = json_schema(json::find(operation.data, "requestBody"));
    if (body == nullptr) return out;
    const json::Value* example = example_of(resolved(*body));
    const std::string text = example == nullptr ? "{}" : json::write(*example);
    return out + " \\\n  -H 'Content-Type: application/json' -d " + quoted(text);
  }

  const json::Object& document_;
  const json::Object& components_;
  std::vector<Operation> operations_;
};

}  // namespace

std::string docs_page(const json::Object& document) {
  return DocsPage(document).render();
}

std::string docs_policy() {
  return fmt::format(
      "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      base::sha256_base64(kStyle));
}

}  // namespace promethean::api
