// A question and an answer as people and models write them: what is read from them stays within its bounds, and a block
// of excerpts cannot be closed from inside.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "context/cited.h"
#include "context/excerpts.h"
#include "context/question.h"
#include "context/suspicion.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace promethean::context;
  const std::string text(reinterpret_cast<const char*>(data), size);

  const Question question = read_question(text);
  CHECK(question.identifiers.size() <= 8 && question.places.size() <= 8 && question.quotes.size() <= 8);

  const auto places = cited_places(text);
  CHECK(places.size() <= kMaxCited);
  for (const auto& place : places) {
    CHECK(!place.path.empty() && text.find(place.path) != std::string::npos);
    CHECK(place.start_line >= 0 && place.end_line >= 0);
  }

  int line = 0;
  for (const int suspicious : suspicious_lines(text)) {
    CHECK(suspicious > line);
    line = suspicious;
  }
  CHECK(line <= static_cast<int>(split_lines(text).size()));

  Citation citation;
  citation.path = "a.c";
  citation.start_line = 1;
  citation.end_line = 2;
  citation.text = text;
  const std::string block = render_excerpts({citation});
  CHECK(block.find("<|") == std::string::npos);
  const std::string fence = fence_for(without_control_tokens(text));
  const size_t begin = block.find("\n" + fence + "\n");
  const size_t end = block.find("\n" + fence + "\n", begin + 1);
  CHECK(begin != std::string::npos && end != std::string::npos);
  CHECK(block.substr(end).starts_with("\n" + fence + "\n\nEnd of the excerpts."));
  return 0;
}
