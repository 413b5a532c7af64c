#include "http/etag.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"

namespace promethean::http {

namespace {
// "*", or a list with `etag` in it; W/ does not count here (RFC 9110, 13.1.2).
bool names_etag(std::string_view list, std::string_view etag) {
  if (base::trim(list) == "*") return true;
  return std::ranges::any_of(base::split(list, ','), [etag](std::string_view item) {
    item = base::trim(item);
    if (item.starts_with("W/")) item.remove_prefix(2);
    return item == etag;
  });
}
}  // namespace

std::string strong_etag(std::string_view body) {
  return '"' + base::sha256_hex(body).substr(0, 32) + '"';
}

void leave_out_what_is_known(const RequestHead& head, Response& response) {
  const auto etag = response.headers.get("etag");
  if (!etag || response.status != 200) return;
  const auto lists = head.headers.all("if-none-match");
  if (!std::ranges::any_of(lists, [&etag](std::string_view list) { return names_etag(list, *etag); })) return;
  response.status = 304;
}

}  // namespace promethean::http
