#include "http/route_table.h"

#include <algorithm>

#include "base/strings.h"

namespace promethean::http {

namespace {
bool is_param(std::string_view part) {
  return part.size() > 2 && part.front() == '{' && part.back() == '}';
}
bool is_rest(std::string_view part) {
  return is_param(part) && part[part.size() - 2] == '*';
}
std::string_view param_name(std::string_view part) {
  return part.substr(1, part.size() - (is_rest(part) ? 3 : 2));
}

// "/v1/models/{id}" -> v1, models, {id}
std::vector<std::string_view> parts_of(std::string_view path) {
  return base::split(path.substr(1), '/');
}

const Route* of_method(const std::vector<const Route*>& routes, Method method) {
  for (const Route* route : routes) {
    if (route->method == method) return route;
  }
  return method == Method::kHead ? of_method(routes, Method::kGet) : nullptr;
}

base::Result<void> check_pattern(std::string_view path) {
  if (!path.starts_with('/')) return base::fail(base::Code::kInvalidArgument, "a route's path starts with /");
  const auto parts = parts_of(path);
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool braces = parts[i].find_first_of("{}*") != std::string_view::npos;
    if (braces && (!is_param(parts[i]) || param_name(parts[i]).empty())) {
      return base::fail(base::Code::kInvalidArgument, "bad part " + std::string(parts[i]) + " in a route's path");
    }
    if (is_rest(parts[i]) && i + 1 < parts.size()) {
      return base::fail(base::Code::kInvalidArgument, std::string(parts[i]) + " must be the last part of its path");
    }
  }
  return {};
}
}  // namespace

base::Result<void> RouteTable::add(const Route& route) {
  if (auto good = check_pattern(route.path); !good) return good;
  std::vector<const Route*>* routes = nullptr;
  if (route.path.find('{') == std::string::npos) {
    routes = &exact_[route.path];
  } else {
    Node* node = &root_;
    for (const std::string_view part : parts_of(route.path)) {
      std::unique_ptr<Node>& next = is_rest(part)    ? node->rest
                                    : is_param(part) ? node->one
                                                     : node->literal[std::string(part)];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
    routes = &node->routes;
  }
  const bool taken = std::ranges::any_of(*routes, [&route](const Route* r) { return r->method == route.method; });
  if (taken) {
    return base::fail(base::Code::kConflict,
                      "two routes for " + std::string(method_name(route.method)) + " " + route.path);
  }
  routes->push_back(&route);
  return {};
}

// Depth first in order of preference. Remembers the first path that matches for another method only.
const RouteTable::Node* RouteTable::descend(const Node& node, std::string_view path, Method method,
                                            std::vector<std::string_view>& values, Match& match) {
  const size_t end = std::min(path.find('/'), path.size());
  const std::string_view part = path.substr(0, end);
  const bool last = end == path.size();
  const auto accept = [&](const Node& leaf) {
    if (of_method(leaf.routes, method) != nullptr) return true;
    if (!leaf.routes.empty() && match.others == nullptr) match.others = &leaf.routes;
    return false;
  };
  const auto follow = [&](const Node& child) -> const Node* {
    if (last) return accept(child) ? &child : nullptr;
    return descend(child, path.substr(end + 1), method, values, match);
  };

  if (const auto literal = node.literal.find(part); literal != node.literal.end()) {
    if (const Node* found = follow(*literal->second)) return found;
  }
  if (node.one && !part.empty()) {
    values.push_back(part);
    if (const Node* found = follow(*node.one)) return found;
    values.pop_back();
  }
  if (node.rest && !path.empty() && accept(*node.rest)) {
    values.push_back(path);
    return node.rest.get();
  }
  return nullptr;
}

RouteTable::Match RouteTable::find(Method method, std::string_view path) const {
  Match match;
  if (const auto exact = exact_.find(path); exact != exact_.end()) {
    match.route = of_method(exact->second, method);
    if (match.route != nullptr) return match;
    match.others = &exact->second;
  }
  if (!path.starts_with('/')) return match;
  std::vector<std::string_view> values;
  const Node* leaf = descend(root_, path.substr(1), method, values, match);
  if (leaf == nullptr) return match;
  match.route = of_method(leaf->routes, method);
  match.others = nullptr;
  size_t used = 0;
  for (const std::string_view part : parts_of(match.route->path)) {
    if (is_param(part)) match.params.emplace_back(param_name(part), values[used++]);
  }
  return match;
}

std::vector<std::string> RouteTable::paths() const {
  std::vector<std::string> out;
  for (const auto& [path, routes] : exact_) out.push_back(path);
  std::vector<const Node*> open = {&root_};
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (!node->routes.empty()) out.push_back(node->routes[0]->path);
    for (const auto& [part, child] : node->literal) open.push_back(child.get());
    if (node->one) open.push_back(node->one.get());
    if (node->rest) open.push_back(node->rest.get());
  }
  std::ranges::sort(out);
  return out;
}

}  // namespace promethean::http
