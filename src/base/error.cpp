#include "base/error.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "base/check.h"

namespace promethean::base {

Error Error::wrap(std::string_view what) const {
  Text text = *text_;
  text.message = std::string(what) + ": " + text.message;
  text.cause = std::make_shared<const Error>(*this);
  return Error(code_, std::move(text));
}

Error Error::with_hint(std::string hint) const {
  Text text = *text_;
  text.hint = std::move(hint);
  return Error(code_, std::move(text));
}

Error Error::with_field(std::string field) const {
  Text text = *text_;
  text.field = std::move(field);
  return Error(code_, std::move(text));
}

Error Error::with_retry_after(std::chrono::milliseconds time) const {
  Text text = *text_;
  text.retry_after = time;
  return Error(code_, std::move(text));
}

std::unexpected<Error> bad_field(std::string field, std::string message, std::string hint) {
  return fail(Error(Code::kInvalidArgument, std::move(message), std::move(hint)).with_field(std::move(field)));
}

Error errno_error(int errno_value, std::string_view what) {
  Code code = Code::kInternal;
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
      code = Code::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:  // openat2 answers this when a path leaves its root
      code = Code::kPermissionDenied;
      break;
    case EEXIST:
      code = Code::kConflict;
      break;
    case EINVAL:
    case ENAMETOOLONG:
      code = Code::kInvalidArgument;
      break;
    case ENOSPC:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ECONNREFUSED:
    case EADDRINUSE:
      code = Code::kUnavailable;
      break;
    default:
      break;
  }
  return Error(code, std::string(what) + ": " + std::generic_category().message(errno_value));
}

int http_status(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
      return 409;
    case Code::kTooLarge:
      return 413;
    case Code::kRateLimited:
      return 429;
    case Code::kCancelled:
      return 499;
    case Code::kDeadlineExceeded:
      return 504;
    case Code::kUnavailable:
      return 503;
    case Code::kUnsupported:
      return 501;
    case Code::kInternal:
      return 500;
  }
  return 500;
}

int exit_code(Code code) {
  if (code == Code::kInvalidArgument) return 2;
  if (code == Code::kNotFound) return 3;
  return 1;
}

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
      return "invalid_argument";
    case Code::kUnauthenticated:
      return "unauthenticated";
    case Code::kPermissionDenied:
      return "permission_denied";
    case Code::kNotFound:
      return "not_found";
    case Code::kConflict:
      return "conflict";
    case Code::kTooLarge:
      return "too_large";
    case Code::kRateLimited:
      return "rate_limited";
    case Code::kCancelled:
      return "cancelled";
    case Code::kDeadlineExceeded:
      return "deadline_exceeded";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kUnsupported:
      return "unsupported";
    case Code::kInternal:
      return "internal";
  }
  return "internal";
}

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace promethean::base
