// Host, Origin, cookies and trace headers of any bytes: every check ends with an answer, and a foreign name is never
// let in.
#include <cstdint>

#include "base/check.h"
#include "base/strings.h"
#include "http/auth.h"
#include "http/head_checks.h"
#include "telemetry/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean;
  const std::string input(reinterpret_cast<const char*>(data), size);
  static const http::Authenticator auth({.extra_tokens = {"zz-the-token"}, .cookie_name = "sid"}, "/nonexistent");
  http::RequestHead head;
  head.method = http::Method::kPost;
  head.headers.add("host", input);
  head.headers.add("origin", "http://" + input);
  head.headers.add("content-type", input);
  head.headers.add("content-length", input);
  head.headers.add("cookie", input);
  if (http::check_host(head, {"localhost"})) CHECK(base::iequals(input.substr(0, 9), "localhost"));
  (void)http::classify_origin(head, {"https://app.example"});
  (void)http::check_content_type(head);
  (void)http::announced_body(head);
  if (auth.authenticate(head)) CHECK(input.find("zz-the-token") != std::string::npos);
  if (const auto context = telemetry::parse_traceparent(input)) {
    CHECK(telemetry::parse_traceparent(telemetry::format_traceparent(*context)) == context);
  }
  return 0;
}
