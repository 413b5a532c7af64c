// promethean token: create, list and revoke the tokens of a state directory. A running server sees a change within a
// second.
#include <fmt/format.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/strings.h"
#include "cli/options.h"
#include "cli/output.h"
#include "http/auth.h"

namespace promethean::cli {

using base::Code;
using base::fail;

static base::Result<std::vector<http::Scope>> parse_scopes(const std::string& text) {
  const std::vector<std::string> names = {"read", "write", "agents", "exec", "admin"};
  std::vector<http::Scope> scopes;
  for (const auto part : base::split(text, ',')) {
    const auto name = base::trim(part);
    const auto scope = http::parse_scope(name);
    if (!scope || *scope == http::Scope::kNone) {
      const auto near = base::nearest(name, names);
      return fail(Code::kInvalidArgument, fmt::format("\"{}\" is no scope", name),
                  near ? fmt::format("did you mean {}?", *near) : fmt::format("use {}", base::join(names, ", ")));
    }
    if (std::ranges::find(scopes, *scope) == scopes.end()) scopes.push_back(*scope);
  }
  return scopes;
}

// Seconds; 0 means that the token never expires.
static base::Result<int64_t> parse_ttl(const std::string& text) {
  if (text.empty()) return 0;
  const auto millis = base::parse_duration_ms(text);
  if (millis && *millis >= 1000) return *millis / 1000;
  return fail(Code::kInvalidArgument, fmt::format("\"{}\" is no time to live", text),
              "write it like 30d, 12h, 5m or 90s");
}

static std::vector<std::string> scope_names(const http::TokenRecord& record) {
  std::vector<std::string> names;
  for (const auto scope : record.scopes) names.emplace_back(http::scope_name(scope));
  return names;
}

static std::string time_text(int64_t seconds) {
  return base::iso8601(base::WallTime(std::chrono::seconds(seconds)));
}

static json::Object record_json(const http::TokenRecord& record) {
  json::Array scopes;
  for (const auto& name : scope_names(record)) scopes.emplace_back(name);
  json::Object object = {
      {"id", record.id}, {"name", record.name}, {"scopes", scopes}, {"created", time_text(record.created)}};
  if (record.expires > 0)
    object["expires"] = time_text(record.expires);
  else
    object["expires"] = nullptr;
  return object;
}

static Exit create(const Invocation& invocation, const TokenOptions& options, http::TokenStore& store) {
  auto scopes = parse_scopes(options.scopes);
  if (!scopes) return fail(std::move(scopes).error());
  auto ttl = parse_ttl(options.ttl);
  if (!ttl) return fail(std::move(ttl).error());
  auto created = store.create(options.name, *std::move(scopes), *ttl);
  if (!created) return fail(std::move(created).error());
  if (!invocation.json) {
    print(created->token + "\n");
    return kExitDone;
  }
  json::Object document = record_json(created->record);
  document["ok"] = true;
  document["token"] = created->token;
  print_json(document);
  return kExitDone;
}

static std::string state_of(const http::TokenRecord& record) {
  if (record.expires == 0) return "never expires";
  const bool over = record.expires <= base::unix_seconds(base::wall_now());
  return fmt::format("{} {}", over ? "expired" : "expires", time_text(record.expires));
}

static Exit list(const Invocation& invocation, http::TokenStore& store) {
  auto records = store.list();
  if (!records) return fail(std::move(records).error());
  json::Array tokens;
  for (const auto& record : *records) {
    tokens.push_back(record_json(record));
    if (invocation.json) continue;
    print(fmt::format("{}  {:<28}  {:<36}  {}\n", record.id, base::join(scope_names(record), ","), state_of(record),
                      printable(record.name)));
  }
  if (invocation.json) print_json({{"ok", true}, {"tokens", tokens}});
  return kExitDone;
}

static Exit revoke(const Invocation& invocation, const TokenOptions& options, http::TokenStore& store) {
  auto done = store.revoke(options.id);
  if (!done) return fail(std::move(done).error());
  if (invocation.json)
    print_json({{"ok", true}, {"id", options.id}});
  else
    print(fmt::format("revoked {}\n", options.id));
  return kExitDone;
}

Exit run_token(const Invocation& invocation, const TokenOptions& options) {
  const bool needs_id = options.action == "revoke";
  if (needs_id && options.id.empty()) {
    return fail(Code::kInvalidArgument, "which token? none is named", "promethean token list shows their ids");
  }
  if (!needs_id && !options.id.empty()) {
    return fail(Code::kInvalidArgument, fmt::format("token {} takes no id", options.action));
  }
  const std::string& state_dir = invocation.config.server.state_dir;
  auto made = base::make_dirs(state_dir, 0700);
  if (!made) return fail(std::move(made).error());
  http::TokenStore store(state_dir);
  if (options.action == "create") return create(invocation, options, store);
  if (options.action == "list") return list(invocation, store);
  return revoke(invocation, options, store);
}

}  // namespace promethean::cli
