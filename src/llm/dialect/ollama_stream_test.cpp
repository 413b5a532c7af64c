// Lines of Ollama's dialect, in their order; and the whole answer that they say.
#include "llm/dialect/ollama_stream.h"

#include <gtest/gtest.h>

namespace promethean::llm::ollama {
namespace {

using std::chrono::milliseconds;

Moment at(int64_t ms) {
  return {base::SteadyTime(milliseconds(ms)), base::WallTime(milliseconds(ms))};
}

Head head(Form form = Form::kMessage) {
  return {.model = "m", .form = form, .thoughts = true, .began = at(0).steady, .retrieval_context = nullptr};
}

Delta text(std::string words) {
  Delta delta;
  delta.content = std::move(words);
  return delta;
}

Delta thought(std::string words) {
  Delta delta;
  delta.reasoning = std::move(words);
  return delta;
}

Delta piece(int64_t index, std::string name, std::string arguments, std::string id = {}) {
  Delta delta;
  delta.tool_calls = {
      {.index = index, .id = std::move(id), .name = std::move(name), .arguments = std::move(arguments)}};
  return delta;
}

Delta end(std::string reason, int64_t prompt = 0, int64_t completion = 0) {
  Delta delta;
  delta.finish_reason = std::move(reason);
  delta.usage = Usage{.prompt_tokens = prompt, .completion_tokens = completion};
  return delta;
}

struct Said {
  std::vector<json::Object> lines;
  json::Object whole;
  std::optional<base::Error> failure;
};

// One delta a millisecond, from 5 ms on.
Said said(const std::vector<Delta>& deltas, Head how = head()) {
  Lines lines(std::move(how));
  Said out;
  int64_t now = 5;
  for (const auto& delta : deltas) {
    if (auto line = lines.take(delta, at(now++))) out.lines.push_back(std::move(*line));
  }
  auto last = lines.finish(at(now));
  if (!last) {
    out.failure = last.error();
    return out;
  }
  for (auto& line : *last) out.lines.push_back(std::move(line));
  Whole whole;
  for (const auto& line : out.lines) whole.add(line);
  out.whole = std::move(whole).answer();
  return out;
}

TEST(OllamaLines, WordsThenCountsAndDurations) {
  const Said answer = said({text("Hel"), text("lo"), end("stop", 11, 5)});
  ASSERT_EQ(answer.lines.size(), 3U);
  EXPECT_EQ(
      json::write(answer.lines[0]),
      R"({"model":"m","created_at":"1970-01-01T00:00:00.005Z","message":{"role":"assistant","content":"Hel"},"done":false})");
  EXPECT_EQ(
      json::write(answer.lines[2]),
      R"({"model":"m","created_at":"1970-01-01T00:00:00.008Z","message":{"role":"assistant","content":""},"done":true,)"
      R"("done_reason":"stop","total_duration":8000000,"load_duration":0,"prompt_eval_count":11,)"
      R"("prompt_eval_duration":5000000,"eval_count":5,"eval_duration":3000000})");
  EXPECT_EQ(json::write(answer.whole.at("message")), R"({"role":"assistant","content":"Hello"})");
  EXPECT_EQ(answer.whole.at("done"), true);
}

TEST(OllamaLines, APromptsAnswerIsInResponse) {
  const Said answer = said({thought("hm"), text("a"), text("b"), end("length")}, head(Form::kResponse));
  EXPECT_EQ(answer.lines[0].at("thinking"), "hm");
  EXPECT_EQ(answer.whole.at("response"), "ab");
  EXPECT_EQ(answer.whole.at("thinking"), "hm");
  EXPECT_EQ(answer.whole.at("done_reason"), "length");
  EXPECT_FALSE(answer.whole.contains("message"));
}

TEST(OllamaLines, PiecesOfCallsBecomeWholeOnes) {
  const Said answer = said({text("I look."), piece(0, "look", "{\"a", "id_1"), piece(1, "list", ""),
                            piece(0, "", "t\":1}"), end("tool_calls")});
  ASSERT_EQ(answer.lines.size(), 3U);
  const json::Array& calls = answer.whole.at("message").at("tool_calls").as_array();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(json::write(calls[0]), R"({"id":"id_1","function":{"index":0,"name":"look","arguments":{"at":1}}})");
  EXPECT_EQ(json::write(calls[1].at("function")), R"({"index":1,"name":"list","arguments":{}})");
  EXPECT_TRUE(calls[1].at("id").as_string().starts_with("call_"));
  EXPECT_EQ(answer.whole.at("done_reason"), "stop");
  EXPECT_EQ(answer.whole.at("message").at("content"), "I look.");
}

TEST(OllamaLines, ArgumentsThatAreNoObjectAreAFailure) {
  for (const char* arguments : {"{\"at\":", "[1]", "7"}) {
    const Said answer = said({piece(0, "look", arguments), end("tool_calls")});
    ASSERT_TRUE(answer.failure) << arguments;
    EXPECT_EQ(answer.failure->code(), base::Code::kUnavailable);
  }
  const Said cut = said({piece(0, "list", "{}"), piece(1, "look", "{\"at\":"), end("length")});
  ASSERT_FALSE(cut.failure) << "the reason says that it was cut";
  EXPECT_EQ(cut.whole.at("message").at("tool_calls").as_array().size(), 1U);
  EXPECT_EQ(cut.whole.at("done_reason"), "length");
}

TEST(OllamaLines, ThoughtsThatNobodyWantsAreLeftOut) {
  Head how = head();
  how.thoughts = false;
  const Said answer = said({thought("hm"), text("a"), end("stop")}, how);
  ASSERT_EQ(answer.lines.size(), 2U);
  EXPECT_FALSE(answer.whole.at("message").as_object().contains("thinking"));
}

TEST(OllamaLines, ARefusalIsWhatWasSaid) {
  Delta refusal;
  refusal.refusal = "I may not.";
  EXPECT_EQ(said({refusal, end("content_filter")}).whole.at("message").at("content"), "I may not.");
  EXPECT_EQ(said({refusal, end("content_filter")}).whole.at("done_reason"), "content_filter");
}

TEST(OllamaLines, LogprobsStandOnTheLine) {
  Delta delta = text("a");
  delta.choices = chunk_choices(delta, true);
  delta.choices[0].as_object()["logprobs"] = json::Object{{"content", json::Array{json::Object{{"token", "a"}}}}};
  const Said answer = said({delta, delta, end("stop")});
  EXPECT_EQ(json::write(answer.lines[0].at("logprobs")), R"([{"token":"a"}])");
  EXPECT_EQ(answer.whole.at("logprobs").as_array().size(), 2U);
}

TEST(OllamaLines, TheLastLineHasTheCitations) {
  Head how = head();
  how.retrieval_context = std::make_shared<json::Object>(json::Object{{"citations", json::Array{}}});
  const Said answer = said({text("a"), end("stop")}, how);
  EXPECT_FALSE(answer.lines[0].contains("retrieval_context"));
  EXPECT_TRUE(answer.lines.back().contains("retrieval_context"));
}

TEST(OllamaLines, AnEmptyAnswerHasAnEnd) {
  const Said answer = said({});
  ASSERT_EQ(answer.lines.size(), 1U);
  EXPECT_EQ(answer.whole.at("message").at("content"), "");
  EXPECT_GE(answer.whole.at("eval_duration").as_int64(), 1) << "clients divide by it";
}

TEST(OllamaLines, LoadingIsAnAnswerOfItsOwn) {
  EXPECT_EQ(
      json::write(loaded(head(), false, at(1))),
      R"({"model":"m","created_at":"1970-01-01T00:00:00.001Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"load"})");
  EXPECT_EQ(loaded(head(Form::kResponse), true, at(1)).at("done_reason"), "unload");
}

}  // namespace
}  // namespace promethean::llm::ollama
