// One request and its answer, as the three files of Connection share them.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <string>

#include "net/connection.h"

namespace promethean::net {

using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

// What a request came as. Given back before a stream is sent: that may idle for hours, and there may be thousands.
struct Connection::Incoming {
  Parser parser;
  http::Request request;
  http::Admission admission;
  std::optional<http::Response> refusal;  // decided before the body was read
};

struct Connection::Exchange {
  std::unique_ptr<Incoming> in = std::make_unique<Incoming>();
  const http::Route* route = nullptr;
  std::string request_id;
  std::string what;  // "GET /path", for the log
  base::SteadyTime started = base::steady_now();
  unsigned version = 11;
  bool head_only = false;
  bool keep_alive = false;
  int status = 0;
  uint64_t bytes_sent = 0;
};

}  // namespace promethean::net
