#include "search/stacktrace.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/strings.h"

namespace promethean::search {

namespace {

// A path: what has an extension or a folder. Spaces only where quotes or parentheses say where it ends.
#define PROMETHEAN_PATH R"re((?:[A-Za-z]:[\\/])?[^\s:()\[\]"'<>|,;]+)re"

// How one form of a line is read. Groups: function, path, line, column; 0: the form has none.
struct Form {
  const char* pattern;
  int function, path, line, column;
};

// The more special ones first: each line is read by the first form that fits.
constexpr std::array kForms{
    // Python: File "a b.py", line 3, in f
    Form{R"re(File "([^"\n]+)", line (\d+)(?:, in (\S+))?)re", 3, 1, 2, 0},
    // C#: at N.C.M() in C:\x\a.cs:line 3
    Form{R"re((?:at (\S.*?) )?in ((?:[A-Za-z]:)?[^:\n]+):line (\d+))re", 1, 2, 3, 0},
    // PHP: in /x/a.php on line 3
    Form{R"re(in (\S+\.\w+) on line (\d+))re", 0, 1, 2, 0},
    // JavaScript: at f (file:///x/a b.js:1:2), at async f (a.js:1:2)
    Form{
        R"re(at (?:async )?([^\s()]+(?: \[as [^\]]+\])?) \((?:file://)?((?:[A-Za-z]:)?[^():\n]+):(\d+)(?::(\d+))?\))re",
        1, 2, 3, 4},
    // Java: at a.B.c(B.java:3)
    Form{R"re(at ([\w.$/<>@]+)\(([\w$-]+\.\w+):(\d+)\))re", 1, 2, 3, 0},
    // Ruby: a.rb:3:in `f'
    Form{"(" PROMETHEAN_PATH R"re(\.\w+):(\d+):in [`']([^'`\n]+)['`])re", 3, 1, 2, 0},
    // a.c:1:2, with or without words around; Go, Rust, gcc, clang, rustc, tsc, eslint, pytest
    Form{R"re((?:^|[^\w:/\\.~-])(?:file://)?()re" PROMETHEAN_PATH R"re():(\d+)(?::(\d+))?)re", 0, 1, 2, 3},
    // MSVC, tsc: a.cpp(12,5), a.cpp(12)
    Form{"(" PROMETHEAN_PATH R"re(\.\w+)\((\d+)(?:,(\d+))?\))re", 0, 1, 2, 3},
};
#undef PROMETHEAN_PATH

// "a.c", "src/x", "C:\x": not "12", "localhost", "Error".
bool could_be_path(std::string_view path) {
  if (path.find("://") != std::string_view::npos || path.size() > 4096) return false;
  const std::string_view name = path.substr(path.find_last_of("/\\") + 1);
  const size_t dot = name.find_last_of('.');
  const bool has_extension =
      dot != std::string_view::npos && dot + 1 < name.size() && std::ranges::any_of(name.substr(dot + 1), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      });
  const bool has_folder = name.size() != path.size() && !name.empty();
  return has_extension || has_folder;
}

struct CompiledForm {
  Form form;
  std::unique_ptr<re2::RE2> pattern;
};

const std::vector<CompiledForm>& compiled_forms() {
  static const std::vector<CompiledForm> forms = [] {
    std::vector<CompiledForm> out;
    for (const Form& form : kForms) out.push_back({form, std::make_unique<re2::RE2>(form.pattern)});
    return out;
  }();
  return forms;
}

void add_frame(std::vector<Frame>& frames, Frame frame) {
  const bool known = std::ranges::any_of(frames, [&](const Frame& old) {
    return old.line == frame.line && old.column == frame.column && old.path == frame.path;
  });
  if (!known && frames.size() < kMaxFrames) frames.push_back(std::move(frame));
}

// All places of one line by one form; false when there is none.
bool read_line(std::string_view line, const CompiledForm& compiled, std::vector<Frame>& frames) {
  re2::StringPiece rest(line.data(), line.size());
  bool found = false;
  for (;;) {
    std::array<re2::StringPiece, 5> groups;
    const int count = compiled.pattern->NumberOfCapturingGroups() + 1;
    if (!compiled.pattern->Match(rest, 0, rest.size(), re2::RE2::UNANCHORED, groups.data(), count)) return found;
    const auto group = [&](int index) {
      const auto& piece = groups[static_cast<size_t>(index)];
      return index == 0 || index >= count || piece.data() == nullptr ? std::string_view()
                                                                     : std::string_view(piece.data(), piece.size());
    };
    const Form& form = compiled.form;
    const auto number = base::parse_int(group(form.line));
    if (number && *number > 0 && *number < 100'000'000 && could_be_path(group(form.path))) {
      Frame frame{std::string(group(form.path)), static_cast<int>(*number),
                  static_cast<int>(base::parse_int(group(form.column)).value_or(0)), std::string(group(form.function))};
      std::ranges::replace(frame.path, '\\', '/');
      add_frame(frames, std::move(frame));
      found = true;
    }
    rest.remove_prefix(static_cast<size_t>(groups[0].data() + groups[0].size() - rest.data()));
  }
}

}  // namespace

std::vector<Frame> parse_stacktrace(std::string_view text) {
  constexpr size_t kMaxLine = 8192;
  std::vector<Frame> frames;
  for (const std::string_view line : base::split(text.substr(0, kMaxTrace), '\n')) {
    if (line.size() > kMaxLine || frames.size() >= kMaxFrames) continue;
    for (const auto& form : compiled_forms()) {
      if (read_line(line, form, frames)) break;
    }
  }
  return frames;
}

}  // namespace promethean::search
