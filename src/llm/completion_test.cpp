#include "llm/completion.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

namespace promethean::llm {
namespace {

json::Object body_with(std::string_view prompt) {
  return json::parse(R"({"prompt":)" + std::string(prompt) + "}")->as_object();
}

TEST(TextsOf, TakesTheFourForms) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"("one")", R"(["one"])"}, {R"("")", R"([""])"},           {R"(["one","two"])", R"(["one","two"])"},
      {"[1,2]", "[[1,2]]"},       {"[[1],[2,3]]", "[[1],[2,3]]"},
  };
  for (const auto& [given, expected] : cases)
    EXPECT_EQ(json::write(*texts_of(body_with(given), "prompt", 2)), expected) << given;
}

TEST(TextsOf, RefusesEverythingElseByTheNameOfTheField) {
  for (const std::string_view given :
       {"[]", "[[]]", R"(["one",2])", R"([[1],"two"])", "[1.5]", "[-1]", "[null]", R"(["one","two","three"])"}) {
    const auto texts = texts_of(body_with(given), "prompt", 2);
    ASSERT_FALSE(texts) << given;
    EXPECT_EQ(texts.error().field(), "prompt") << given;
    EXPECT_EQ(texts.error().code(), base::Code::kInvalidArgument) << given;
  }
}

class ListStream final : public ChatStream {
 public:
  explicit ListStream(std::vector<Delta> deltas) : deltas_(std::move(deltas)) {}
  Task<base::Result<std::optional<Delta>>> next(Context&) override {
    if (at_ == deltas_.size()) co_return std::optional<Delta>();
    co_return std::optional<Delta>(deltas_[at_++]);
  }

 private:
  std::vector<Delta> deltas_;
  size_t at_ = 0;
};

Delta saying(std::string text, std::string reason = {}) {
  Delta delta;
  delta.content = std::move(text);
  delta.finish_reason = std::move(reason);
  delta.choices = text_choices(delta);
  return delta;
}

// Completes a prompt with its own text in two pieces; fails for "bad".
class EchoBackend final : public Backend {
 public:
  Kind kind() const override { return Kind::kOpenAi; }
  Task<base::Result<std::unique_ptr<ChatStream>>> chat(Context&, const json::Object&) override {
    co_return base::fail(base::Code::kInternal, "not asked here");
  }
  Task<base::Result<std::unique_ptr<ChatStream>>> complete(Context&, const json::Object& request) override {
    limits.push_back(request.at("max_tokens").as_int64());
    const std::string text(request.at("prompt").as_string());
    if (text == "bad") co_return base::fail(base::Error(base::Code::kTooLarge, "long").with_field("messages"));
    auto last = saying("!", "stop");
    last.usage = Usage{.prompt_tokens = 3, .completion_tokens = 2};
    co_return std::make_unique<ListStream>(std::vector<Delta>{saying(text), last});
  }
  Task<base::Result<int64_t>> count_tokens(Context&, std::string) override { co_return 1; }

  std::vector<int64_t> limits;
};

class CompletionTest : public testing::Test {
 protected:
  CompletionTest() {
    std::vector<Model> models(1);
    models[0].name = "m";
    models[0].backend = backend_;
    models[0].admission = std::make_shared<Admission>("m", 1, 0);  // one place: each prompt waits for the one before
    models_ = std::make_unique<ModelTable>(std::move(models), false);
  }

  base::Result<Answer> answer_to(json::Object body) {
    boost::asio::io_context loop(1);
    auto work = [&]() -> Task<base::Result<Answer>> {
      Context ctx(loop.get_executor());
      auto started = co_await complete(ctx, *models_, models_->list()[0], body, "caller");
      if (!started) co_return base::fail(started.error());
      auto answer = co_await collect_completion(ctx, *started->stream);
      co_return answer;
    };
    auto done = boost::asio::co_spawn(loop, work(), boost::asio::use_future);
    loop.run();
    return done.get();
  }

  std::shared_ptr<EchoBackend> backend_ = std::make_shared<EchoBackend>();
  std::unique_ptr<ModelTable> models_;
};

TEST_F(CompletionTest, AnswersSeveralPromptsOneAfterTheOther) {
  json::Object body = body_with(R"(["one","two","three"])");
  body["n"] = 2;
  const auto answer = answer_to(body);
  ASSERT_TRUE(answer) << answer.error().message();
  ASSERT_EQ(answer->choices.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(json::int_at(answer->choices[i], "index"), 2 * i) << "n choices of each prompt";
    EXPECT_EQ(json::string_at(answer->choices[i], "finish_reason"), "stop");
  }
  EXPECT_EQ(json::string_at(answer->choices[2], "text"), "three!");
  EXPECT_EQ(answer->usage.prompt_tokens, 9);
  EXPECT_EQ(answer->usage.completion_tokens, 6);
}

TEST_F(CompletionTest, SixteenTokensWhereNoLimitIsGiven) {
  answer_to(body_with(R"("one")"));
  json::Object body = body_with(R"("one")");
  body["max_tokens"] = 3;
  answer_to(body);
  EXPECT_EQ(backend_->limits, (std::vector<int64_t>{16, 3}));
}

TEST_F(CompletionTest, AnErrorAboutThePromptNamesIt) {
  for (const std::string_view prompt : {R"("bad")", R"(["one","bad"])"}) {
    const auto answer = answer_to(body_with(prompt));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().field(), "prompt");
  }
}

TEST(CollectCompletion, JoinsTextsAndLogprobsOfEachChoice) {
  const auto piece = [](std::string_view choices) {
    Delta delta;
    delta.choices = json::parse(choices)->as_array();
    return delta;
  };
  ListStream stream({
      piece(R"([{"index":1,"text":"b","logprobs":{"tokens":["b"],"text_offset":[0]},"finish_reason":null}])"),
      piece(R"([{"index":0,"text":"a","logprobs":null,"finish_reason":"length"}])"),
      piece(R"([{"index":1,"text":"c","logprobs":{"tokens":["c"],"text_offset":[1]},"finish_reason":"stop"}])"),
  });
  boost::asio::io_context loop(1);
  Context ctx(loop.get_executor());
  auto done = boost::asio::co_spawn(loop, collect_completion(ctx, stream), boost::asio::use_future);
  loop.run();
  EXPECT_EQ(json::write(done.get()->choices),
            R"([{"text":"a","index":0,"logprobs":null,"finish_reason":"length"},)"
            R"({"text":"bc","index":1,"logprobs":{"tokens":["b","c"],"text_offset":[0,1]},"finish_reason":"stop"}])");
}

}  // namespace
}  // namespace promethean::llm
