#include "http/auth.h"

#include <sys/stat.h>

#include "base/hash.h"
#include "base/strings.h"

namespace promethean::http {

namespace {
using base::Code;
using base::Result;

constexpr std::chrono::seconds kRecheck{1};

// What tells one version of the file from the next; every change is a rename, so the inode changes too.
struct FileStamp {
  int64_t seconds = 0, nanoseconds = 0, size = -1;
  uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

FileStamp stamp_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size, info.st_ino};
}

struct Credential {
  std::string token;
  bool cookie = false;
};

std::optional<std::string_view> cookie_value(const RequestHead& head, std::string_view name) {
  for (const std::string_view header : head.headers.all("cookie")) {
    for (const std::string_view part : base::split(header, ';')) {
      const std::string_view pair = base::trim(part);
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
    }
  }
  return std::nullopt;
}

// What pages put around a cookie's value: quotes, and %XX. A value that is not so encoded stays as it is.
std::string unwrapped(std::string_view value) {
  if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
  return percent_decode(value).value_or(std::string(value));
}

Result<Credential> bearer(std::string_view value) {
  const size_t space = value.find(' ');
  if (space == std::string_view::npos || !base::iequals(value.substr(0, space), "bearer")) {
    return base::fail(Code::kUnauthenticated, "the authorization header is no bearer token",
                      "send Authorization: Bearer TOKEN");
  }
  return Credential{std::string(base::trim(value.substr(space + 1)))};
}

// The one credential that counts. A request that names two of one kind is refused rather than guessed about.
Result<Credential> extract(const RequestHead& head, std::string_view cookie_name) {
  for (const std::string_view name : kCredentialHeaders) {
    const auto values = head.headers.all(name);
    if (values.size() > 1) {
      return base::fail(Code::kUnauthenticated, "more than one " + std::string(name) + " header");
    }
    if (values.empty()) continue;
    if (name == "authorization") return bearer(values[0]);
    return Credential{std::string(base::trim(values[0]))};
  }
  if (!cookie_name.empty()) {
    if (const auto value = cookie_value(head, cookie_name)) return Credential{unwrapped(*value), true};
  }
  return base::fail(Code::kUnauthenticated, "missing token",
                    "send Authorization: Bearer TOKEN; `promethean token create` makes one");
}

// A browser sends a cookie with any page's request. What changes something must also show that our own page sent it.
bool may_be_forged(const RequestHead& head) {
  const bool safe = head.method == Method::kGet || head.method == Method::kHead || head.method == Method::kOptions;
  return !safe && !head.headers.get("origin") && !head.headers.get("x-requested-with");
}
// Looks at every record, so that the time tells nothing about which one matched.
const TokenRecord* find_alive(const std::vector<TokenRecord>& records, std::string_view sha256) {
  const int64_t now = base::unix_seconds(base::wall_now());
  const TokenRecord* found = nullptr;
  for (const TokenRecord& record : records) {
    const bool alive = record.expires == 0 || record.expires > now;
    if (base::equal_constant_time(record.sha256, sha256) && alive) found = &record;
  }
  return found;
}
}  // namespace

struct Authenticator::Table {
  std::vector<TokenRecord> records;
  FileStamp stamp;
  base::SteadyTime checked;
};

Authenticator::Authenticator(Options options, std::string state_dir)
    : options_(std::move(options)), store_(std::move(state_dir)) {
  for (const std::string& token : options_.extra_tokens) {
    if (base::trim(token).empty()) continue;
    TokenRecord record;
    record.id = "env_" + std::to_string(extra_.size() + 1);
    record.sha256 = base::sha256_hex(base::trim(token));
    record.scopes = all_scopes();
    extra_.push_back(std::move(record));
  }
  options_.extra_tokens.clear();  // only hashes stay in memory
}

Authenticator::~Authenticator() = default;

std::shared_ptr<const Authenticator::Table> Authenticator::table(bool recheck) const {
  const std::lock_guard lock(mutex_);
  const base::SteadyTime now = base::steady_now();
  if (table_ && !recheck && now - table_->checked < kRecheck) return table_;
  auto next = std::make_shared<Table>();
  next->stamp = stamp_of(store_.file());
  next->checked = now;
  if (table_ && table_->stamp == next->stamp) {
    next->records = table_->records;
  } else if (auto records = store_.list()) {
    next->records = std::move(*records);
  } else if (table_) {
    next->records = table_->records;  // unreadable for now: what was true a second ago stays
    next->stamp = {};                 // and it is read again next time
  }
  table_ = std::move(next);
  return table_;
}

Result<Principal> Authenticator::authenticate(const RequestHead& head) const {
  if (options_.mode == Mode::kNone) return Principal{"local", all_scopes()};
  const auto credential = extract(head, options_.cookie_name);
  if (!credential) return base::fail(credential.error());
  const std::string sha256 = base::sha256_hex(credential->token);
  auto known = table(false);
  const TokenRecord* found = find_alive(extra_, sha256);
  if (found == nullptr) found = find_alive(known->records, sha256);
  if (found == nullptr) {
    known = table(true);
    found = find_alive(known->records, sha256);
  }
  if (found == nullptr) {
    return base::fail(Code::kUnauthenticated, "unknown or expired token", "`promethean token create` makes a new one");
  }
  if (credential->cookie && may_be_forged(head)) {
    return base::fail(Code::kUnauthenticated, "a cookie alone may not change anything",
                      "send the x-requested-with header as well, or a bearer token");
  }
  return Principal{found->id, found->scopes};
}

}  // namespace promethean::http
