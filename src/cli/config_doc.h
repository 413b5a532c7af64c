// docs/configuration.md, made from the table of keys. A test holds the file against it.
#pragma once

#include <string>

namespace promethean::cli {

std::string configuration_doc();

}  // namespace promethean::cli
