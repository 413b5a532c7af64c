// What fails in normal life is a value: `Result<T>` is either a T or an Error.
//
//   Result<Config> load(const Path& p) {
//     auto text = read_file(p);
//     if (!text) return fail(std::move(text).error());
//     if (text->empty()) return fail(Code::kInvalidArgument, "the file is empty", "write at least [server]");
//     ...
//   }
//
// Exceptions do not cross a room's face; a broken invariant aborts through CHECK (check.h).
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace promethean::base {

// The one list of ways to fail. http_status, exit_code and name below are the only places that map it.
enum class Code {
  kInvalidArgument,   // the caller's input is wrong; the same call will fail again
  kUnauthenticated,   // no credential, or one we do not know
  kPermissionDenied,  // known, but not allowed
  kNotFound,
  kConflict,     // the state moved under the caller; read again, then retry
  kTooLarge,     // input over a stated limit
  kRateLimited,  // too many requests of this caller, or a bounded queue is full
  kCancelled,    // the caller left
  kDeadlineExceeded,
  kUnavailable,  // a part we need is away; a retry may succeed
  kUnsupported,  // a valid wish that this build, model or machine cannot fulfil
  kInternal,     // our own fault
};

// Error: a code to branch on, a message and a hint for people, and the error below it, if any.
// Value type, and small: there is room for one in every Result, and several of those in every coroutine that waits.
// What it says is immutable and shared by its copies; a moved-from Error is still whole.
class Error {
 public:
  Error(Code code, std::string message, std::string hint = {})
      : Error(code, Text{.message = std::move(message), .hint = std::move(hint)}) {}
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;

  Code code() const { return code_; }
  const std::string& message() const { return text_->message; }  // what went wrong, lower case, no full stop
  const std::string& hint() const { return text_->hint; }        // what to do about it; may be empty
  const Error* cause() const { return text_->cause.get(); }
  // The field of a request that is wrong, as a client writes it ("messages[2].content"); empty: none in particular.
  const std::string& field() const { return text_->field; }
  // When a retry makes sense, as far as somebody knows; 0 s: nobody said.
  std::chrono::milliseconds retry_after() const { return text_->retry_after; }

  // The same failure seen one level higher: keeps the code, puts `what` in front, remembers `*this` as the cause.
  Error wrap(std::string_view what) const;
  Error with_hint(std::string hint) const;
  Error with_field(std::string field) const;
  Error with_retry_after(std::chrono::milliseconds time) const;

 private:
  struct Text {
    std::string message;
    std::string hint;
    std::string field;
    std::chrono::milliseconds retry_after{0};
    std::shared_ptr<const Error> cause;
  };
  Error(Code code, Text text) : code_(code), text_(std::make_shared<const Text>(std::move(text))) {}

  Code code_;
  std::shared_ptr<const Text> text_;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message, std::string hint = {}) {
  return std::unexpected<Error>(std::in_place, code, std::move(message), std::move(hint));
}
inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

// kInvalidArgument about one field of a request.
std::unexpected<Error> bad_field(std::string field, std::string message, std::string hint = {});

// An Error from errno: `fail(errno_error(errno, "open /x"))`. ENOENT is kNotFound, EACCES kPermissionDenied, and so on.
Error errno_error(int errno_value, std::string_view what);

int http_status(Code code);             // kCancelled is 499, as nginx logs it
int exit_code(Code code);               // 1 the work failed, 2 wrong use, 3 not found
std::string_view code_name(Code code);  // "invalid_argument", for machines

}  // namespace promethean::base
