// The answers of the router itself: each says no in the shape of a family, with the headers that its status asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/router.h"

namespace promethean::http {

// Whose clients ask for a path that has no route.
Family family_of(std::string_view path);

Response foreign_origin(Family family);                                                   // 403
Response unauthorized(Family family, const RequestHead& head, const base::Error& error);  // 401, RFC 6750
Response forbidden(const Route& route);                                                   // 403, RFC 6750
Response not_found(Family family, std::string_view path, const std::vector<std::string>& paths);
Response wrong_method(Family family, const RequestHead& head, const std::vector<const Route*>& routes);  // 405
Response too_many(Family family, double seconds);                                                        // 429
Response body_too_large(Family family, size_t limit);                                                    // 413

// The answer to a browser that asks whether a page of a listed origin may send its request (Fetch standard, 3.2.2).
// Such a question carries no credential.
Response preflight();

}  // namespace promethean::http
