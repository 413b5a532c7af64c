// RouteTable: from a method and a path to a route. Built before serving, then read-only; look-ups allocate nothing
// unless the path has {parameters}.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "http/router.h"

namespace promethean::http {

class RouteTable {
 public:
  struct Match {
    const Route* route = nullptr;                       // the route of this method
    const std::vector<const Route*>* others = nullptr;  // without one: the routes of other methods at this path
    std::vector<std::pair<std::string, std::string>> params;
  };

  // kConflict when method and path are taken; kInvalidArgument when the path is no pattern. `route` outlives the table.
  base::Result<void> add(const Route& route);

  // A literal part wins over {name}, that over {name*}. HEAD finds the GET route where there is no HEAD route.
  Match find(Method method, std::string_view path) const;

  std::vector<std::string> paths() const;  // as registered, each once; for "did you mean"

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
    std::unique_ptr<Node> one;   // {name}
    std::unique_ptr<Node> rest;  // {name*}
    std::vector<const Route*> routes;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Exact = std::unordered_map<std::string, std::vector<const Route*>, Hash, std::equal_to<>>;

  static const Node* descend(const Node& node, std::string_view path, Method method,
                             std::vector<std::string_view>& values, Match& match);

  Exact exact_;  // paths without parameters
  Node root_;    // the others
};

}  // namespace promethean::http
