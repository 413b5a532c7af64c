#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "base/strings.h"

namespace promethean::cli {

static bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

void look_at_terminals(Invocation& invocation) {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  const bool colour = !is_set("NO_COLOR") && !dumb;
  invocation.color_out = colour && isatty(STDOUT_FILENO) == 1;
  invocation.color_err = colour && isatty(STDERR_FILENO) == 1;
  invocation.live_err = !dumb && isatty(STDERR_FILENO) == 1;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_json(const json::Value& document) {
  print(json::write(document) + "\n");
}

json::Value error_json(const base::Error& error) {
  return {{"ok", false},
          {"error", error.message()},
          {"code", base::code_name(error.code())},
          {"message", error.message()},
          {"hint", error.hint()}};
}

void print_error(const base::Error& error, const Invocation& invocation) {
  if (invocation.json) return print_json(error_json(error));
  fmt::print(stderr, "{} {}\n", paint("promethean:", Colour::kBad, invocation.color_err), printable(error.message()));
  if (!error.hint().empty()) fmt::print(stderr, "  {}\n", printable(error.hint()));
}

static std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::kPath:
      return "35";
    case Colour::kLine:
      return "32";
    case Colour::kMatch:
      return "1;31";
    case Colour::kGood:
      return "32";
    case Colour::kBad:
      return "31";
    case Colour::kWarn:
      return "33";
    case Colour::kDim:
      return "2";
  }
  return "0";
}

std::string paint(std::string_view text, Colour colour, bool on) {
  return on ? fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text) : std::string(text);
}

std::string printable(std::string_view text) {
  std::string out = base::sanitize_utf8(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F) c = '?';
  }
  // C1 controls, U+0080 to U+009F, are C2 80 to C2 9F in UTF-8; U+009B starts an escape sequence on some terminals.
  for (size_t i = 0; i + 1 < out.size(); ++i) {
    if (out[i] == '\xC2' && static_cast<unsigned char>(out[i + 1]) < 0xA0) out.replace(i, 2, "?");
  }
  return out;
}

static std::string_view stage_words(std::string_view stage) {
  if (stage == "walk") return "looking for files";
  if (stage == "read") return "reading";
  if (stage == "write") return "writing the index";
  return stage;
}

std::string progress_text(const search::Progress& progress) {
  std::string text(stage_words(progress.stage));
  if (progress.total > 0) {
    text += fmt::format(" {} of {} files", base::human_count(progress.done), base::human_count(progress.total));
  } else if (progress.done > 0) {
    text += fmt::format(", {} files so far", base::human_count(progress.done));
  }
  if (progress.eta_seconds >= 0) text += fmt::format(", {} left", base::human_duration(progress.eta_seconds));
  return text;
}

void ProgressLine::show(const search::Progress& progress) {
  const auto now = base::steady_now();
  if (live_) {
    fmt::print(out_, "\r\x1b[K{}", progress_text(progress));
    std::fflush(out_);
    shown_ = true;
    return;
  }
  if (now - last_ < std::chrono::seconds(3)) return;
  last_ = now;
  fmt::print(out_, "{}\n", progress_text(progress));
}

void ProgressLine::clear() {
  if (!shown_) return;
  shown_ = false;
  fmt::print(out_, "\r\x1b[K");
  std::fflush(out_);
}

}  // namespace promethean::cli
