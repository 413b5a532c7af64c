// HTTP as plain values. No socket, no Beast: net/ turns bytes into these and back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "async/context.h"
#include "json/json.h"

namespace promethean::http {

using async::Context;
using async::Task;

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view method_name(Method method);
Method parse_method(std::string_view text);

// Header fields in order; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string name, std::string value);  // replaces all of that name
  void reserve(size_t fields) { fields_.reserve(fields); }
  std::optional<std::string_view> get(std::string_view name) const;  // the first
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// What is known before the body is read.
struct RequestHead {
  Method method = Method::kGet;
  std::string target;  // as received: path?query
  std::string path;    // percent-decoded, without the query
  std::string query;   // raw
  Headers headers;
  std::string remote;  // "127.0.0.1:52110", "unix"
};

// kNone: open to everybody; kAny: any credential, whatever its scopes. The others are what a credential may have.
enum class Scope { kNone, kAny, kRead, kWrite, kAgents, kExec, kAdmin };
std::string_view scope_name(Scope scope);
std::optional<Scope> parse_scope(std::string_view name);  // "read"; nullopt for an unknown name, "none" and "any"
std::vector<Scope> all_scopes();                          // everything but kNone and kAny

// Who asks. `id` names a credential in logs and limits; it is never the credential itself.
struct Principal {
  std::string id = "anonymous";
  std::vector<Scope> scopes;
  bool has(Scope scope) const;  // kNone, kAny: always; kAdmin implies all others
};

struct Request : RequestHead {
  std::string body;
  json::Value json;                                         // the parsed body of a route with a schema
  json::Object arguments;                                   // what path and query say, of a route with parameters
  std::vector<std::pair<std::string, std::string>> params;  // {name} parts of the route's path
  Principal principal;
  Headers answer_headers;  // what the answer says beside its own, whoever makes it

  std::string_view param(std::string_view name) const;  // "" when absent
};

// Chunk: immutable bytes that many connections may share.
using Chunk = std::shared_ptr<const std::string>;
inline Chunk make_chunk(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

// BodyStream: a body that is produced while it is sent. Lives and is awaited on one core.
//
// next() gives the next chunk (never empty), nullptr at the clean end, or an Error: then the connection is cut without
// the terminating chunk, so that the client can tell a broken answer from a whole one. A stream that can say what went
// wrong in its own format (an SSE error event) sends that as a chunk first. `ctx` is done when the client leaves.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  virtual Task<base::Result<Chunk>> next(Context& ctx) = 0;

  // True: next() gives its chunk, or the end, without waiting, so what comes before it may be sent together with it.
  virtual bool is_ready() const { return false; }

  // The server drains: bring the stream to an end soon, with a terminal event where the format has one. On the core.
  virtual void drain() {}
};

struct Response {
  int status = 200;
  Headers headers;
  std::variant<std::string, std::unique_ptr<BodyStream>> body;
  bool names_request = false;  // the body is a JSON object that wants the member request_id: name_request()

  static Response text(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");
  static Response json(int status, const json::Value& value);
  static Response stream(std::unique_ptr<BodyStream> body, std::string content_type = "text/event-stream");
};

// The id of the request in its answer: the header x-request-id, and what Anthropic's clients read where the answer says
// so. Done by whoever sends it, because a refusal is made where the id is not known.
void name_request(Response& response, const std::string& id);

// %XX and (in queries) '+' decoding; nullopt for malformed escapes, NUL bytes or invalid UTF-8.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
std::string percent_encode(std::string_view text);  // everything but unreserved characters

}  // namespace promethean::http
