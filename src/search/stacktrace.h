// Stack traces: the places that a trace, a compiler's message or a test report names, in any of the common forms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promethean::search {

struct Frame {
  std::string path;      // as written, without file:// and with forward slashes
  int line = 0;          // 1-based
  int column = 0;        // 1-based; 0: none
  std::string function;  // as written; may be empty
};

// In the order of the text, without repeats, at most kMaxFrames of the first kMaxTrace bytes. Knows Python
// (`File "x.py", line 3, in f`), JavaScript (`at f (x.js:1:2)`), Java (`at a.B.c(B.java:3)`), Go, Rust, Ruby, PHP, C#
// (`in x.cs:line 3`), and what compilers print (`x.c:1:2:`, `x.cpp(12)`), with drive letters and backslashes too.
std::vector<Frame> parse_stacktrace(std::string_view text);
inline constexpr size_t kMaxFrames = 256;
inline constexpr size_t kMaxTrace = 1 << 20;

}  // namespace promethean::search
