// Grounded answers: for models too small to choose places or to explain freely. The answer is put together from the
// citations word for word and streams at once; the model adds one sentence to each of the first excerpts, and a
// sentence that names a file or an identifier which its excerpt does not have is dropped.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "context/citation.h"
#include "llm/models.h"

namespace promethean::context {

struct GroundedOptions {
  std::string question;
  std::string caller;                      // who shares the model with others
  std::vector<std::string> larger_models;  // found on this machine or in the model table; named in the last lines
  size_t sentences = 3;                    // the first excerpts get one each
};

// The whole answer as a stream of deltas. `model` outlives it. When the model's process dies on the way, next() fails.
std::unique_ptr<llm::ChatStream> make_grounded_answer(const llm::Model& model, std::vector<Citation> citations,
                                                      GroundedOptions options);

// One citation as Markdown, word for word: place, symbol, signature, doc comment and the decisive lines, numbered.
std::string render_citation(size_t number, const Citation& citation, std::string_view question, bool with_lines);

// The first sentence of what a model wrote, or "" when it is not fit to be shown: too short, unfinished, in another
// voice, or naming what `citation` does not contain.
std::string accept_sentence(std::string_view written, const Citation& citation);

// First and last line (1-based, in the file) of the stretch of at most `count` lines that has most of the question's
// terms.
std::pair<int, int> decisive_lines(const Citation& citation, std::string_view question, int count);

// The request that asks the model for its sentence.
json::Object sentence_request(const Citation& citation);

}  // namespace promethean::context
