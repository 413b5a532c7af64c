#include <fmt/format.h>

#include "base/strings.h"
#include "cli/config.h"

namespace promethean::cli {

std::optional<Address> parse_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = base::parse_int(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return std::nullopt;

  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // ::1:80 could be read in two ways
  }
  if (host.empty() || host.find_first_of(" \t\r\n/[]@") != std::string_view::npos) return std::nullopt;
  return Address{std::string(host), static_cast<uint16_t>(*port)};
}

std::string to_string(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", address.host, address.port) : fmt::format("{}:{}", address.host, address.port);
}

// 127.a.b.c as four decimal parts; "127.0.0.1.example" is somebody else's machine.
static bool is_v4_loopback(std::string_view host) {
  const auto parts = base::split(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (const auto part : parts) {
    const auto number = base::parse_int(part);
    if (!number || *number < 0 || *number > 255) return false;
  }
  return true;
}

bool is_loopback(std::string_view host) {
  return base::iequals(host, "localhost") || host == "::1" || is_v4_loopback(host);
}

}  // namespace promethean::cli
