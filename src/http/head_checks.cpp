#include "http/head_checks.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::http {

namespace {
using base::Code;

// "localhost:3210" -> "localhost", "[::1]:80" -> "[::1]"; empty when the text is no host with an optional port.
std::string_view without_port(std::string_view authority) {
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return {};
  const size_t colon = authority.find(':', bracket);
  if (colon == std::string_view::npos) return authority;
  const std::string_view port = authority.substr(colon + 1);
  const bool digits = port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
  return digits ? authority.substr(0, colon) : std::string_view();
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::any_of(list, [text](const std::string& item) { return base::iequals(item, text); });
}

// Host leaves the default port out or not, as the client likes; an origin always leaves it out.
std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  return authority.ends_with(port) ? authority.substr(0, authority.size() - port.size()) : authority;
}

bool is_unsafe(Method method) {
  return method != Method::kGet && method != Method::kHead && method != Method::kOptions;
}

bool has_body(const RequestHead& head) {
  return head.headers.get("transfer-encoding").has_value() || head.headers.get("content-length").value_or("0") != "0";
}

bool is_json(std::string_view media_type) {
  const std::string type = base::to_lower(base::trim(media_type));
  return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

bool is_utf8(std::string_view parameter) {
  const std::string text = base::to_lower(base::trim(parameter));
  if (!text.starts_with("charset=")) return true;
  return text == "charset=utf-8" || text == "charset=\"utf-8\"" || text == "charset=utf8";
}
}  // namespace

base::Result<void> check_host(const RequestHead& head, const std::vector<std::string>& allowed) {
  size_t hosts = 0;
  std::string_view host;
  for (const auto& [name, value] : head.headers.fields()) {
    if (!base::iequals(name, "host")) continue;
    ++hosts;
    host = value;
  }
  if (hosts != 1) return base::fail(Code::kInvalidArgument, "a request needs exactly one Host header");
  const std::string_view name = without_port(host);
  if (!name.empty() && contains(allowed, name)) return {};
  return base::fail(Code::kPermissionDenied, "this Host is not served here",
                    "use the address the server listens on, or configure the public name");
}

Origin classify_origin(const RequestHead& head, const std::vector<std::string>& allowed) {
  size_t origins = 0;
  std::string_view origin;
  for (const auto& [name, value] : head.headers.fields()) {
    if (!base::iequals(name, "origin")) continue;
    ++origins;
    origin = value;
  }
  if (origins == 0) return Origin::kAbsent;
  if (origins > 1) return Origin::kForeign;
  if (contains(allowed, origin)) return Origin::kListed;
  const size_t mark = origin.find("://");
  if (mark == std::string_view::npos) return Origin::kForeign;
  const std::string scheme = base::to_lower(origin.substr(0, mark));
  if (scheme != "http" && scheme != "https") return Origin::kForeign;
  const std::string_view own = head.headers.get("host").value_or("");
  const std::string_view theirs = origin.substr(mark + 3);
  if (own.empty() || theirs.empty()) return Origin::kForeign;
  const bool same = base::iequals(without_default_port(own, scheme), without_default_port(theirs, scheme));
  return same ? Origin::kOwn : Origin::kForeign;
}

std::optional<HeadFailure> check_content_type(const RequestHead& head) {
  if (!is_unsafe(head.method) || !has_body(head)) return std::nullopt;
  const auto refuse = [](std::string message, std::string hint) {
    return HeadFailure{415, base::Error(Code::kInvalidArgument, std::move(message), std::move(hint))};
  };
  const std::string_view encoding = head.headers.get("content-encoding").value_or("identity");
  if (!base::iequals(encoding, "identity")) return refuse("compressed bodies are not taken", "send the body as it is");
  const auto type = head.headers.get("content-type");
  const auto parts = base::split(type.value_or(""), ';');
  if (!is_json(parts[0])) {
    return refuse(type ? "the content type is not JSON" : "the content type is missing",
                  "send content-type: application/json");
  }
  if (!std::ranges::all_of(parts.begin() + 1, parts.end(), is_utf8)) {
    return refuse("the charset is not UTF-8", "send content-type: application/json");
  }
  return std::nullopt;
}

size_t announced_body(const RequestHead& head) {
  const auto length = base::parse_int(head.headers.get("content-length").value_or("0"));
  return length && *length > 0 ? static_cast<size_t>(*length) : 0;
}

}  // namespace promethean::http
