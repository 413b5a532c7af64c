// What programs, models and people read about this API. All of it is made of the route table.
#include <fmt/format.h>

#include <map>
#include <mutex>

#include "api/bridge.h"
#include "api/docs_page.h"
#include "http/etag.h"
#include "http/openapi.h"

namespace promethean::api {

namespace {

constexpr size_t kMaxKept = 32;  // pages; there is one for each name by which the server is called

constexpr std::string_view kPurpose =
    "Promethean knows one repository, which it keeps indexed, and answers questions about it: exactly, ranked, or in "
    "words with citations by the models it is in front of.";

// One line a purpose, because that is how the choice is made. tests/test_openapi.py looks whether the calls exist.
constexpr std::string_view kChoices = R"(- a file whose path you know: `viewFile`, not a search
- an exact name or string: `grep`, which misses nothing
- where a function or class is defined: `findSymbols`; where it is used: `findReferences`
- a question, when you do not know where to look: `search`
- what is where: `getFileTree`, `listFiles`; what a file defines: `getOutline`
- a pasted error or trace: `locateStacktrace`
- something seems to be missing: `getIndexStatus`, `listLeftOut`
)";
constexpr std::string_view kModelChoices =
    "- an answer in words with citations: `createChatCompletion`, or the dialect that your client speaks\n";

constexpr std::string_view kHabits =
    "Paths are relative to the root of the repository; lines begin at 1 and are inclusive. An error says what is wrong "
    "(`error`, `param`) and what to do about it (`hint`). Nothing is cut silently: `truncated` says so.";

std::string guide(bool actions) {
  return fmt::format("{}\n\nWhich call for what:\n{}{}\n{}", kPurpose, kChoices, actions ? "" : kModelChoices, kHabits);
}

std::vector<http::OpenApiGroup> groups() {
  return {
      {"Repository", "The files, definitions and lines of the repository, as they are now."},
      {"OpenAI", "Chat completions, responses, completions, embeddings, as OpenAI's clients speak them."},
      {"Anthropic", "Messages, as Anthropic's clients speak them."},
      {"Ollama", "As Ollama's clients speak it. Its answers stream unless `stream` is false."},
      {"Sessions", "Conversations that the server remembers."},
      {std::string(kOperations), "The server itself: is it well, what does it do, how is it called."},
      {std::string(kOriginalPaths),
       "The calls of the group Repository, at the root and under /v0, where clients of the original look for them."}};
}

struct Page {
  std::string body;
  std::string etag;
};

// The pages that were asked for. Threads: any.
class Pages {
 public:
  Pages(const http::Router& router, const Access& access) : router_(router), access_(access) {}

  // By which URL the caller reaches the server. The router has checked the Host.
  std::string server_url(const http::Request& request) const {
    if (!access_.public_base_url.empty()) return access_.public_base_url;
    return "http://" + std::string(request.headers.get("host").value_or("localhost"));
  }

  base::Result<json::Object> document(const std::string& server_url, bool actions) const {
    http::OpenApiOptions options;
    options.title = actions ? "Promethean, for ChatGPT Actions" : "Promethean";
    options.version = PROMETHEAN_VERSION;
    options.description = guide(actions);
    options.server_url = server_url;
    options.groups = groups();
    options.secured = access_.secured;
    options.cookie = access_.cookie;
    options.actions = actions;
    return http::openapi_document(router_.routes(), options);
  }

  // What `make` gives, made once for each `name`, which says all that it depends on.
  template <class Make>
  base::Result<std::shared_ptr<const Page>> page(const std::string& name, Make make) {
    const std::lock_guard lock(mutex_);
    if (const auto kept = kept_.find(name); kept != kept_.end()) return kept->second;
    base::Result<std::string> body = make();
    if (!body) return base::fail(std::move(body).error());
    std::string etag = http::strong_etag(*body);
    auto made = std::make_shared<const Page>(std::move(*body), std::move(etag));
    if (kept_.size() >= kMaxKept) kept_.clear();
    kept_.emplace(name, made);
    return made;
  }

 private:
  const http::Router& router_;
  const Access& access_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Page>> kept_;
};
using SharedPages = std::shared_ptr<Pages>;

http::Response page_response(const base::Result<std::shared_ptr<const Page>>& page, std::string_view type) {
  if (!page) return bridge_error(page.error());
  auto response = http::Response::text(200, (*page)->body, std::string(type));
  response.headers.add("etag", (*page)->etag);
  response.headers.add("cache-control", "private, no-cache");  // ask each time; the answer is nearly always 304
  return response;
}

http::Route description_route(const Services& services, std::string path, std::string id, std::string_view type) {
  http::Route route;
  route.path = std::move(path);
  route.operation_id = std::move(id);
  route.group = kOperations;
  route.scope = services.access.open_descriptions ? http::Scope::kNone : http::Scope::kAny;
  route.response_type = type;
  route.has_etag = true;
  return route;
}

// ---- /openapi.json ----

std::string openapi_parameters(std::string_view profile) {
  return fmt::format(R"({{"type": "object", "properties": {{
    "profile": {{"type": "string", "enum": ["full", "actions"], "default": "{}",
      "description": "actions: the few calls under /v1 that a ChatGPT Action can have, within its limits."}},
    "openapi": {{"type": "string", "enum": ["3.1", "3.0"], "default": "3.1",
      "description": "The version of OpenAPI, for readers that do not know 3.1."}}
  }}}})",
                     profile);
}

http::Response openapi_response(Pages& pages, const http::Request& request) {
  const bool actions = json::string_at(request.arguments, "profile") == "actions";
  const bool old = json::string_at(request.arguments, "openapi") == "3.0";
  const std::string server = pages.server_url(request);
  const auto make = [&pages, &server, actions, old]() -> base::Result<std::string> {
    auto document = pages.document(server, actions);
    if (!document) return base::fail(std::move(document).error());
    if (old) http::to_openapi_30(*document);
    const json::Value whole(std::move(*document));
    return json::write(whole);
  };
  const auto page = pages.page(fmt::format("openapi {} {} {}", actions, old, server), make);
  return page_response(page, "application/json");
}

http::Route openapi_route(const Services& services, const SharedPages& pages, std::string path, std::string id,
                          std::string_view profile) {
  auto route = description_route(services, std::move(path), std::move(id), "application/json");
  route.summary = "Describe this API as an OpenAPI document";
  route.description = fmt::format(
      "For programs that make clients, tools or tests of it. `profile` is {} unless you say otherwise. Nothing in it "
      "is "
      "written by hand: it is the table that routes requests.",
      profile);
  route.parameters = openapi_parameters(profile);
  route.handler = [pages](Context&, http::Request& request) -> Task<http::Response> {
    co_return openapi_response(*pages, request);
  };
  return route;
}

// ---- /llms.txt ----

// The format: https://llmstxt.org
std::string llms_text(http::RouteList routes, const std::string& server) {
  std::string out = fmt::format(
      "# Promethean\n\n> {}\n\n{}\n\nEvery call but those marked open needs a credential: "
      "`Authorization: Bearer TOKEN`.\n\nWhich call for what:\n\n{}{}",
      kPurpose, kHabits, kChoices, kModelChoices);
  for (const auto& group : groups()) {
    if (group.name == kOriginalPaths) continue;
    out += fmt::format("\n## {}\n\n{}\n\n", group.name, group.description);
    for (const auto& route : routes) {
      if (http::group_of(*route) != group.name) continue;
      const std::string& text = route->description.empty() ? route->summary : route->description;
      out += fmt::format("- [{}: {} {}]({}/docs#{}){}: {}\n", route->operation_id, http::method_name(route->method),
                         http::described_path(*route), server, route->operation_id,
                         route->scope == http::Scope::kNone ? " (open)" : "", text);
    }
  }
  out += fmt::format(
      "\n## Optional\n\n- [OpenAPI 3.1]({0}/openapi.json): every call with its schemas, those at their original paths "
      "too\n- [For ChatGPT Actions]({0}/openapi.json?profile=actions): the few that an Action can have\n- "
      "[OpenAPI 3.0]({0}/openapi.json?openapi=3.0): for older readers\n",
      server);
  return out;
}

http::Route llms_route(const http::Router& router, const Services& services, const SharedPages& pages) {
  auto route = description_route(services, "/llms.txt", "getLlmsTxt", "text/plain; charset=utf-8");
  route.summary = "Say what this server is for and which call is for what";
  route.description = "For models: short, in Markdown, with links to the rest (llmstxt.org).";
  route.handler = [pages, &router](Context&, http::Request& request) -> Task<http::Response> {
    const std::string server = pages->server_url(request);
    const auto make = [&router, &server]() -> base::Result<std::string> { return llms_text(router.routes(), server); };
    co_return page_response(pages->page("llms " + server, make), "text/plain; charset=utf-8");
  };
  return route;
}

// ---- /docs ----

http::Route docs_route(const Services& services, const SharedPages& pages) {
  auto route = description_route(services, "/docs", "getDocs", "text/html; charset=utf-8");
  route.summary = "Describe this API for people";
  route.description =
      "One page with every call, its fields and an example to paste into a shell. Works without scripts.";
  route.handler = [pages](Context&, http::Request& request) -> Task<http::Response> {
    const std::string server = pages->server_url(request);
    const auto make = [&pages, &server]() -> base::Result<std::string> {
      auto document = pages->document(server, false);
      if (!document) return base::fail(std::move(document).error());
      return docs_page(*document);
    };
    auto response = page_response(pages->page("docs " + server, make), "text/html; charset=utf-8");
    response.headers.add("content-security-policy", docs_policy());
    response.headers.add("x-content-type-options", "nosniff");
    response.headers.add("referrer-policy", "no-referrer");
    co_return response;
  };
  return route;
}

}  // namespace

base::Result<void> add_description_routes(http::Router& router, Services& services) {
  const auto pages = std::make_shared<Pages>(router, services.access);
  std::vector<http::Route> routes;
  routes.push_back(openapi_route(services, pages, "/openapi.json", "getOpenApi", "full"));
  // Where the original had the document for ChatGPT, within its limits.
  routes.push_back(openapi_route(services, pages, "/v1/openapi.json", "getOpenApiV1", "actions"));
  routes.push_back(llms_route(router, services, pages));
  routes.push_back(docs_route(services, pages));
  for (auto& route : routes) {
    if (auto added = router.add(std::move(route)); !added) return added;
  }
  return {};
}

}  // namespace promethean::api
