#include "http/message.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::http {

namespace {
constexpr std::pair<Method, std::string_view> kMethods[] = {
    {Method::kGet, "GET"},     {Method::kHead, "HEAD"},     {Method::kPost, "POST"},       {Method::kPut, "PUT"},
    {Method::kPatch, "PATCH"}, {Method::kDelete, "DELETE"}, {Method::kOptions, "OPTIONS"},
};
constexpr std::pair<Scope, std::string_view> kScopes[] = {
    {Scope::kNone, "none"},     {Scope::kAny, "any"},   {Scope::kRead, "read"},   {Scope::kWrite, "write"},
    {Scope::kAgents, "agents"}, {Scope::kExec, "exec"}, {Scope::kAdmin, "admin"},
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

std::string_view method_name(Method method) {
  for (const auto& [known, name] : kMethods) {
    if (known == method) return name;
  }
  return "OTHER";
}

Method parse_method(std::string_view text) {
  for (const auto& [method, name] : kMethods) {
    if (name == text) return method;
  }
  return Method::kOther;
}

std::string_view scope_name(Scope scope) {
  for (const auto& [known, name] : kScopes) {
    if (known == scope) return name;
  }
  return "none";
}

std::optional<Scope> parse_scope(std::string_view name) {
  for (const auto& [scope, known] : kScopes) {
    if (known == name && scope != Scope::kNone && scope != Scope::kAny) return scope;
  }
  return std::nullopt;
}

std::vector<Scope> all_scopes() {
  return {Scope::kRead, Scope::kWrite, Scope::kAgents, Scope::kExec, Scope::kAdmin};
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(fields_, [&name](const Field& field) { return base::iequals(field.first, name); });
  add(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (base::iequals(field.first, name)) return field.second;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (base::iequals(field.first, name)) values.emplace_back(field.second);
  }
  return values;
}

bool Principal::has(Scope scope) const {
  if (scope == Scope::kNone || scope == Scope::kAny) return true;
  return std::ranges::any_of(scopes, [scope](Scope own) { return own == scope || own == Scope::kAdmin; });
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& [known, value] : params) {
    if (known == name) return value;
  }
  return {};
}

Response Response::text(int status, std::string body, std::string content_type) {
  Response response;
  response.status = status;
  response.headers.add("content-type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

Response Response::json(int status, const json::Value& value) {
  return text(status, json::write(value), "application/json");
}

Response Response::stream(std::unique_ptr<BodyStream> body, std::string content_type) {
  Response response;
  response.headers.add("content-type", std::move(content_type));
  response.headers.add("cache-control", "no-store");  // also keeps proxies from buffering it
  response.body = std::move(body);
  return response;
}

void name_request(Response& response, const std::string& id) {
  response.headers.set("x-request-id", id);
  auto* body = std::get_if<std::string>(&response.body);
  if (!response.names_request || body == nullptr || !body->ends_with('}')) return;
  response.headers.set("request-id", id);
  body->insert(body->size() - 1, ",\"request_id\":" + json::quote(id));
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) c = ' ';
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!base::is_valid_utf8(out)) return std::nullopt;
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace promethean::http
