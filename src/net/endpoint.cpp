#include "net/endpoint.h"

#include "base/strings.h"

namespace promethean::net {

namespace {

constexpr size_t kMaxUnixPath = 107;  // sockaddr_un::sun_path with its NUL

base::Result<Endpoint> parse_unix(std::string_view path, std::string_view whole) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos) {
    return base::fail(base::Code::kInvalidArgument, "bad socket address '" + std::string(whole) + "'",
                      "write unix:/absolute/path.sock");
  }
  if (path.size() > kMaxUnixPath) {
    return base::fail(base::Code::kInvalidArgument, "the socket path is longer than 107 bytes: " + std::string(path),
                      "choose a shorter --state-dir");
  }
  return Endpoint{true, std::string(path), 0};
}

base::Result<Endpoint> parse_host_port(std::string_view text, int default_port) {
  const auto bad = [text] {
    return base::fail(base::Code::kInvalidArgument, "bad address '" + std::string(text) + "'",
                      "write HOST:PORT, as in 127.0.0.1:3210 or [::1]:0");
  };
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return bad();
    host = text.substr(1, close - 1);
    if (close + 1 < text.size()) {
      if (text[close + 1] != ':') return bad();
      port = text.substr(close + 2);
      has_port = true;
    }
  } else if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
    if (host.find(':') != std::string_view::npos) return bad();
  }
  if (host.empty() || host.find_first_of("/?#@ \t\r\n") != std::string_view::npos) return bad();
  if (!has_port && default_port < 0) return bad();
  const auto number = has_port ? base::parse_int(port) : std::optional<int64_t>(default_port);
  if (!number || *number < 0 || *number > 65'535) return bad();
  return Endpoint{false, std::string(host), static_cast<uint16_t>(*number)};
}

}  // namespace

std::string Endpoint::label() const {
  if (is_unix) return "unix:" + host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

base::Result<Endpoint> parse_endpoint(std::string_view text) {
  if (text.starts_with("unix:")) return parse_unix(text.substr(5), text);
  return parse_host_port(text, -1);
}

base::Result<Url> parse_url(std::string_view text) {
  if (text.find_first_of(" \r\n\t") != std::string_view::npos || text.find('\0') != std::string_view::npos) {
    return base::fail(base::Code::kInvalidArgument, "the URL has white space or control characters");
  }
  if (text.starts_with("unix:")) {
    const std::string_view rest = text.substr(5);
    const size_t colon = rest.find(":/");
    const std::string_view path = rest.substr(0, colon);
    auto endpoint = parse_unix(path, text);
    if (!endpoint) return base::fail(std::move(endpoint).error());
    const std::string_view target = colon == std::string_view::npos ? "/" : rest.substr(colon + 1);
    return Url{std::move(*endpoint), std::string(target), "localhost", false};
  }
  const bool tls = text.starts_with("https://");
  if (!tls && !text.starts_with("http://")) {
    return base::fail(base::Code::kInvalidArgument, "bad URL '" + std::string(text) + "'",
                      "write http://host[:port]/path or https://host[:port]/path");
  }
  const std::string_view rest = text.substr(text.find("//") + 2);
  const size_t slash = rest.find_first_of("/?");
  const int own_port = tls ? 443 : 80;
  auto endpoint = parse_host_port(rest.substr(0, slash), own_port);
  if (!endpoint) return base::fail(std::move(endpoint).error());
  std::string target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  if (target.front() == '?') target.insert(0, "/");
  std::string host_header = endpoint->label();
  if (endpoint->port == own_port) host_header.resize(host_header.rfind(':'));
  return Url{std::move(*endpoint), std::move(target), std::move(host_header), tls};
}

}  // namespace promethean::net
