#include "agents/guard.h"

#include <re2/re2.h>

namespace promethean::agents {

std::optional<std::string_view> guarded(std::string_view command) {
  struct Pattern {
    RE2 expression;
    std::string_view what;
  };
  static const Pattern kPatterns[] = {
      {RE2(R"((?i)\brm\s+(?:-[\w-]+\s+)*-(?:\w*r\w*f|\w*f\w*r|-recursive\s+(?:-\S+\s+)*--?f\w*)\w*\s+(?:-\S+\s+)*["']?/)"),
       "removes whole directories by an absolute path"},
      {RE2(R"((?i)\brm\s+(?:-\S+\s+)*-\w*r\w*\s+(?:-\S+\s+)*-\w*f\w*\s+(?:-\S+\s+)*["']?/)"),
       "removes whole directories by an absolute path"},
      {RE2(R"((?i)\bdrop\s+(?:database|schema)\b)"), "drops a database"},
      {RE2(R"((?i)\bmkfs(?:\.\w+)?\s+(?:\S+\s+)*/dev/)"), "makes a file system on a device"},
      {RE2(R"((?i)\bdd\s+(?:\S+\s+)*of=/dev/(?:sd|nvme|vd|hd|mmcblk))"), "writes over a device"},
      {RE2(R"((?i)(?:^|[\s;&|/])(?:shutdown|reboot|poweroff|halt)(?:\s|$))"), "stops the machine"},
      {RE2(R"((?i)\bchmod\s+(?:-\S+\s+)*0?777\b)"), "lets everybody write"},
  };
  for (const Pattern& pattern : kPatterns) {
    if (RE2::PartialMatch(command, pattern.expression)) return pattern.what;
  }
  return std::nullopt;
}

}  // namespace promethean::agents
