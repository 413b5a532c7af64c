// promethean view: lines of a file as they are on disk now. Needs no index and no server.
#include <fmt/format.h>

#include "base/fd.h"
#include "base/strings.h"
#include "cli/options.h"
#include "cli/output.h"
#include "repo/views.h"

namespace promethean::cli {

using base::Code;
using base::fail;

namespace {

struct WantedLines {
  std::string path;
  uint32_t first = 1;
  uint32_t last = 0;  // 0: as many lines around `first` as the context says
};

// "src/a.c", "src/a.c:12", "src/a.c:12-20". A file whose name ends like that is meant as it is when it is there.
WantedLines read_place(const base::RootDir& root, const std::string& typed) {
  const size_t colon = typed.rfind(':');
  if (colon == std::string::npos || repo::read_window(root, typed, 1, 0)) return {.path = typed};
  const std::string_view place = std::string_view(typed).substr(colon + 1);
  const size_t dash = place.find('-');
  const auto first = base::parse_int(place.substr(0, dash));
  const auto last =
      dash == std::string_view::npos ? std::optional<int64_t>(0) : base::parse_int(place.substr(dash + 1));
  if (!first || !last || *first < 1 || *last < 0 || *first > INT32_MAX || *last > INT32_MAX) return {.path = typed};
  return {.path = typed.substr(0, colon), .first = static_cast<uint32_t>(*first), .last = static_cast<uint32_t>(*last)};
}

base::Result<repo::LinesView> read_wanted(const base::RootDir& root, const ViewOptions& options) {
  WantedLines wanted = read_place(root, options.path);
  if (options.line > 0) wanted.first = static_cast<uint32_t>(options.line), wanted.last = 0;
  if (wanted.last > 0) return repo::read_lines(root, wanted.path, wanted.first, wanted.last);
  auto window = repo::read_window(root, wanted.path, wanted.first, static_cast<uint32_t>(options.context));
  if (!window) return fail(std::move(window).error());
  return std::move(window->view);
}

void print_lines(const repo::LinesView& view, const Invocation& invocation) {
  std::string_view rest = view.text;
  for (uint32_t line = view.start_line; !rest.empty(); ++line) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view row = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (row.ends_with('\r')) row.remove_suffix(1);
    print(paint(fmt::format("{:>6}", line), Colour::kLine, invocation.color_out) + "  " + printable(row) + "\n");
  }
}

}  // namespace

Exit run_view(const Invocation& invocation, const ViewOptions& options) {
  const auto root = base::RootDir::open(invocation.config.server.root);
  if (!root) return fail(root.error());
  const auto view = read_wanted(*root, options);
  if (!view) return fail(view.error());
  if (invocation.json) {
    print_json({{"ok", true},
                {"path", base::sanitize_utf8(view->path)},
                {"startLine", view->start_line},
                {"endLine", view->end_line},
                {"totalLines", view->total_lines},
                {"hash", view->hash8},
                {"snippet", base::sanitize_utf8(view->text)}});
  } else {
    print_lines(*view, invocation);
  }
  return kExitDone;
}

}  // namespace promethean::cli
