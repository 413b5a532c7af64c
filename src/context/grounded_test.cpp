#include "context/grounded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "context/excerpts.h"

namespace promethean::context {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Citation sample() {
  Citation c;
  c.path = "src/ignore.cpp";
  c.start_line = 10;
  c.end_line = 17;
  c.language = "cpp";
  c.symbol = "IgnoreSet::match";
  c.symbol_line = 11;
  c.signature = "bool IgnoreSet::match(const Path& path) const";
  c.doc_start_line = 10;
  c.doc_end_line = 10;
  c.text =
      "// Says whether a path is ignored.\nbool IgnoreSet::match(const Path& path) const {\n  for (const auto& rule : "
      "rules_) {\n"
      "    if (rule.covers(path)) return !rule.negated;\n  }\n  return false;\n}\n\n";
  c.hash = "01234567";
  return c;
}

TEST(Grounded, KeepsASentenceAboutItsExcerpt) {
  EXPECT_EQ(accept_sentence("This code returns true when a rule covers the path and is not negated.", sample()),
            "This code returns true when a rule covers the path and is not negated.");
  EXPECT_EQ(accept_sentence("The `match` function checks every rule in `rules_`. It is fast.", sample()),
            "The `match` function checks every rule in `rules_`.");
}

TEST(Grounded, DropsASentenceThatNamesWhatIsNotThere) {
  EXPECT_EQ(accept_sentence("It reads the file config.yaml and applies the rules to it.", sample()), "");
  EXPECT_EQ(accept_sentence("The function calls load_rules to find the matching rule first.", sample()), "");
  EXPECT_EQ(accept_sentence("It is implemented in src/walk.cpp and matches the rules there.", sample()), "");
  EXPECT_EQ(accept_sentence("The code calls PathMatcher to decide whether the path matches.", sample()), "");
  EXPECT_EQ(accept_sentence("It waits 4 seconds before it looks at the next rule.", sample()), "");
  EXPECT_EQ(accept_sentence("The code on line 99 decides whether the path is matched at all.", sample()), "");
}

TEST(Grounded, DropsWhatIsNoSentence) {
  EXPECT_EQ(accept_sentence("", sample()), "");
  EXPECT_EQ(accept_sentence("Short.", sample()), "");
  EXPECT_EQ(accept_sentence("This sentence was cut in the middle because the", sample()), "");
  EXPECT_EQ(accept_sentence("I'm sorry, but I cannot see the code that you mention here.", sample()), "");
}

TEST(Grounded, RendersLinesWordForWordWithTheirNumbers) {
  const std::string text = render_citation(1, sample(), "which rule is negated?", true);
  EXPECT_THAT(text, StartsWith("1. `src/ignore.cpp:10-17` — `IgnoreSet::match`\n"));
  EXPECT_THAT(text, HasSubstr("   10  // Says whether a path is ignored.\n"));
  EXPECT_THAT(text, HasSubstr("   13      if (rule.covers(path)) return !rule.negated;\n"));
}

TEST(Grounded, DecisiveLinesHaveTheQuestionsWords) {
  Citation c = sample();
  c.text.clear();
  for (int i = 0; i < 40; ++i) c.text += i == 30 ? "  negate the rule\n" : "  something else\n";
  c.symbol_line = 0;
  c.end_line = 49;
  const auto [first, last] = decisive_lines(c, "where is the rule negated", 8);
  EXPECT_LE(first, 40);
  EXPECT_GE(last, 40);
  EXPECT_EQ(last - first + 1, 8);
}

// Answers each request with what the test wrote; can die between two of them.
class ScriptedBackend final : public llm::Backend {
 public:
  std::vector<std::string> answers;
  uint64_t alive = 1;
  size_t asked = 0;
  size_t die_after = SIZE_MAX;

  llm::Kind kind() const override { return llm::Kind::kLocal; }

  async::Task<base::Result<std::unique_ptr<llm::ChatStream>>> chat(async::Context&, const json::Object&) override {
    struct One final : llm::ChatStream {
      std::string text;
      bool sent = false;
      async::Task<base::Result<std::optional<llm::Delta>>> next(async::Context&) override {
        if (std::exchange(sent, true)) co_return std::optional<llm::Delta>();
        llm::Delta delta;
        delta.content = text;
        delta.usage = llm::Usage{10, 5};
        co_return std::optional<llm::Delta>(delta);
      }
    };
    auto stream = std::make_unique<One>();
    stream->text = asked < answers.size() ? answers[asked] : "";
    ++asked;
    if (asked > die_after) ++alive;
    co_return std::unique_ptr<llm::ChatStream>(std::move(stream));
  }
  async::Task<base::Result<int64_t>> count_tokens(async::Context&, std::string) override { co_return 1; }
  uint64_t incarnation() const override { return alive; }
};

struct Outcome {
  std::string text;
  std::string error;
  int64_t tokens = 0;
};

Outcome run(std::shared_ptr<ScriptedBackend> backend, std::vector<Citation> citations) {
  llm::Model model;
  model.name = "tiny";
  model.backend = std::move(backend);
  boost::asio::io_context loop(1);
  auto work = [&]() -> async::Task<Outcome> {
    async::Context ctx(loop.get_executor());
    GroundedOptions options;
    options.question = "which rule is negated?";
    auto stream = make_grounded_answer(model, citations, options);
    auto answer = co_await llm::collect(ctx, *stream);
    if (!answer) co_return Outcome{"", answer.error().message(), 0};
    co_return Outcome{std::string(answer->choices[0].at("message").at("content").as_string()), "",
                      answer->usage.completion_tokens};
  };
  auto done = boost::asio::co_spawn(loop, work(), boost::asio::use_future);
  loop.run();
  return done.get();
}

TEST(Grounded, ComposesPlacesThenSentencesThenItsOrigin) {
  auto backend = std::make_shared<ScriptedBackend>();
  backend->answers = {"This code decides whether a path is covered by a rule.",
                      "It uses made_up_name for the rules of the path."};
  const auto got = run(backend, {sample(), sample()});
  EXPECT_THAT(got.text,
              HasSubstr("- `src/ignore.cpp:10-17`: This code decides whether a path is covered by a rule.\n"));
  EXPECT_THAT(got.text, Not(HasSubstr("made_up_name")));
  EXPECT_THAT(got.text, HasSubstr("Grounded answer"));
  EXPECT_EQ(got.tokens, 10);
}

TEST(Grounded, AProcessThatWasReplacedBreaksTheAnswer) {
  auto backend = std::make_shared<ScriptedBackend>();
  backend->answers = {"This code decides whether a path is covered by a rule.",
                      "This code decides whether a path is covered by a rule."};
  backend->die_after = 1;
  EXPECT_THAT(run(backend, {sample(), sample()}).error, HasSubstr("died during this answer"));
}

TEST(Grounded, WithoutCitationsItSaysSo) {
  EXPECT_THAT(run(std::make_shared<ScriptedBackend>(), {}).text, StartsWith("Nothing in this repository matches"));
}

}  // namespace
}  // namespace promethean::context
