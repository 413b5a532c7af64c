#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>

#include "base/fd.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/auth.h"

namespace promethean::http {

namespace {
using base::Code;
using base::Result;

constexpr unsigned kPrivate = 0600;

// Holds the state directory's lock file; other processes that change tokens wait.
Result<base::UniqueFd> lock(const std::string& dir) {
  if (auto made = base::make_dirs(dir, 0700); !made) return base::fail(made.error().wrap("state directory"));
  const std::string path = dir + "/tokens.lock";
  base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivate));
  if (!fd) return base::fail(base::errno_error(errno, path));
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return base::fail(base::errno_error(errno, path));
  }
  return fd;
}

json::Value to_json(const TokenRecord& record) {
  json::Array scopes;
  for (const Scope scope : record.scopes) scopes.emplace_back(scope_name(scope));
  return json::Object{{"id", record.id},           {"name", record.name},
                      {"sha256", record.sha256},   {"scopes", std::move(scopes)},
                      {"created", record.created}, {"expires", record.expires}};
}

std::optional<TokenRecord> from_json(const json::Value& value) {
  const auto id = json::string_at(value, "id");
  const auto sha256 = json::string_at(value, "sha256");
  const json::Array* scopes = json::array_at(value, "scopes");
  const auto expires = json::int_at(value, "expires");
  if (!id || !sha256 || sha256->size() != 64 || scopes == nullptr || !expires) return std::nullopt;
  TokenRecord record;
  record.id = *id;
  record.name = json::string_at(value, "name").value_or("");
  record.sha256 = *sha256;
  record.created = json::int_at(value, "created").value_or(0);
  record.expires = *expires;
  for (const json::Value& name : *scopes) {
    const auto scope = name.is_string() ? parse_scope(name.get_string()) : std::nullopt;
    if (!scope) return std::nullopt;
    record.scopes.push_back(*scope);
  }
  return record;
}

Result<void> save(const std::string& path, const std::vector<TokenRecord>& records) {
  json::Array tokens;
  for (const TokenRecord& record : records) tokens.push_back(to_json(record));
  return base::write_file_atomic(path, json::write_pretty(json::Object{{"tokens", std::move(tokens)}}) + "\n",
                                 kPrivate);
}

TokenStore::Created make_token(std::string name, std::vector<Scope> scopes, int64_t ttl_seconds) {
  TokenStore::Created created;
  created.token = "pmt_" + base::random_hex(32);
  created.record.id = "tok_" + base::random_hex(4);
  created.record.name = std::move(name);
  created.record.sha256 = base::sha256_hex(created.token);
  created.record.scopes = std::move(scopes);
  created.record.created = base::unix_seconds(base::wall_now());
  created.record.expires = ttl_seconds > 0 ? created.record.created + ttl_seconds : 0;
  return created;
}
}  // namespace

Result<std::vector<TokenRecord>> TokenStore::list() const {
  const std::string path = file();
  auto text = base::read_file(path, 16 << 20);
  if (!text && text.error().code() == Code::kNotFound) return std::vector<TokenRecord>();
  if (!text) return base::fail(std::move(text).error());
  const auto damaged = [&path](const std::string& why) {
    return base::fail(Code::kInvalidArgument, path + " is damaged: " + why,
                      "restore it, or delete it and create the tokens again");
  };
  auto document = json::parse(*text);
  if (!document) return damaged(document.error().message());
  const json::Array* tokens = json::array_at(*document, "tokens");
  if (tokens == nullptr) return damaged("no list of tokens");
  std::vector<TokenRecord> records;
  for (const json::Value& value : *tokens) {
    auto record = from_json(value);
    if (!record) return damaged(fmt::format("entry {} is no token", records.size() + 1));
    records.push_back(std::move(*record));
  }
  return records;
}

Result<std::string> TokenStore::read_first() const {
  auto text = base::read_file(dir_ + "/token", 4096);
  if (!text) return base::fail(std::move(text).error());
  return std::string(base::trim(*text));
}

Result<std::string> TokenStore::ensure_first() {
  const auto locked = lock(dir_);
  if (!locked) return base::fail(locked.error());
  auto records = list();
  if (!records) return base::fail(std::move(records).error());
  auto first = read_first();
  if (!first && first.error().code() != Code::kNotFound) return base::fail(std::move(first).error());
  const int64_t now = base::unix_seconds(base::wall_now());
  if (first) {
    const std::string sha256 = base::sha256_hex(*first);
    const bool known = std::ranges::any_of(*records, [&sha256, now](const TokenRecord& record) {
      return record.sha256 == sha256 && (record.expires == 0 || record.expires > now);
    });
    if (known) return *first;
  }
  auto created = make_token("first", all_scopes(), 0);
  records->push_back(created.record);
  // The record first: a clear token without a record would be useless, a record without its token harms nobody.
  if (auto saved = save(file(), *records); !saved) return base::fail(saved.error());
  const auto written = base::write_file_atomic(dir_ + "/token", created.token + "\n", kPrivate);
  if (!written) return base::fail(written.error());
  return created.token;
}

Result<TokenStore::Created> TokenStore::create(std::string name, std::vector<Scope> scopes, int64_t ttl_seconds) {
  if (scopes.empty()) return base::fail(Code::kInvalidArgument, "a token needs at least one scope");
  const auto locked = lock(dir_);
  if (!locked) return base::fail(locked.error());
  auto records = list();
  if (!records) return base::fail(std::move(records).error());
  Created created = make_token(std::move(name), std::move(scopes), ttl_seconds);
  records->push_back(created.record);
  if (auto saved = save(file(), *records); !saved) return base::fail(saved.error());
  return created;
}

Result<void> TokenStore::revoke(const std::string& id) {
  const auto locked = lock(dir_);
  if (!locked) return base::fail(locked.error());
  auto records = list();
  if (!records) return base::fail(std::move(records).error());
  const auto removed = std::erase_if(*records, [&id](const TokenRecord& record) { return record.id == id; });
  if (removed == 0) return base::fail(Code::kNotFound, "no token " + id, "`promethean token list` shows the ids");
  return save(file(), *records);
}

}  // namespace promethean::http
