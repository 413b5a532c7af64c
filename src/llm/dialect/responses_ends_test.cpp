// How an answer ends, what its response object then is, and what backends get wrong about calls.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>

#include "llm/dialect/compaction.h"
#include "llm/dialect/responses_stream.h"
#include "llm/dialect/testing.h"

namespace promethean::llm::responses {
namespace {

class ResponsesEnd : public testing::Test {
 protected:
  // A stream for a request with these members.
  ResponsesStream& start(std::string_view request) {
    body_ = json_of(request);
    body_.as_object().insert({{"input", "x"}, {"stream", true}});
    auto translated = translate_request(body_, {});
    EXPECT_TRUE(translated) << translated.error().message();
    StreamSetup setup = stream_setup(body_, *translated, {.id = "resp_ab", .model = "m", .created_at = 100});
    if (change_) change_(setup);
    stream_.emplace(std::move(setup));
    sent_ = stream_->begin();
    return *stream_;
  }
  void feed(const Delta& delta) { sent_ += stream_->feed(delta); }
  void call(int64_t index, std::string id, std::string name, std::string arguments) {
    feed({.tool_calls = {{index, std::move(id), std::move(name), std::move(arguments)}}});
  }
  void finish(std::string_view reason) {
    feed({.finish_reason = std::string(reason)});
    sent_ += stream_->finish(200);
  }
  void fail(const base::Error& error) { sent_ += stream_->fail(error); }

  json::Value response() { return stream_->response(); }
  json::Value output(size_t index) { return response().at("output").as_array().at(index); }
  std::vector<std::string> types() {
    std::vector<std::string> types;
    for (const auto& event : events_of(sent_)) types.emplace_back(*json::string_at(event, "type"));
    return types;
  }
  size_t count(std::string_view type) {
    const auto all = types();
    return static_cast<size_t>(std::ranges::count(all, type));
  }

  std::function<void(StreamSetup&)> change_;
  json::Value body_;
  std::optional<ResponsesStream> stream_;
  std::string sent_;
};

const char* const kOffered =
    R"({"tools":[{"type":"function","name":"ls","parameters":{"type":"object"}},{"type":"custom","name":"patch"}]})";

TEST_F(ResponsesEnd, ASearchForToolsIsACallOfItsOwnForm) {
  start(R"({"tools":[{"type":"tool_search","execution":"client","parameters":{"type":"object"}}]})");
  call(0, "c1", "tool_search", R"({"query":)");
  call(0, "", "", R"("weigh"})");
  finish("tool_calls");
  EXPECT_EQ(output(0).at("type"), "tool_search_call");
  EXPECT_EQ(output(0).at("call_id"), "c1");
  EXPECT_EQ(output(0).at("execution"), "client");
  EXPECT_EQ(output(0).at("arguments"), json_of(R"({"query":"weigh"})"));
  EXPECT_EQ(count("response.output_item.done"), 1u);
  EXPECT_EQ(count("response.function_call_arguments.delta"), 0u);
}

// What the client found comes as an item; the model reads the names under which it may call the tools.
TEST(ResponsesSearch, WhatWasFoundIsToldAndOffered) {
  const auto translated = translate_request(json_of(R"({"input":[
    {"type":"message","role":"user","content":"Weigh it"},
    {"type":"tool_search_call","call_id":"c1","execution":"client","arguments":{"query":"weigh"}},
    {"type":"tool_search_output","call_id":"c1","execution":"client","tools":[
      {"type":"namespace","name":"mcp__t","tools":[{"type":"function","name":"weigh"}]}]},
    {"type":"tool_search_call","call_id":null,"execution":"server","arguments":{}}]})"),
                                            {});
  ASSERT_TRUE(translated) << translated.error().message();
  const json::Array& messages = translated->body.at("messages").as_array();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[1].at("tool_calls").as_array()[0].at("function"),
            json_of(R"({"name":"tool_search","arguments":"{\"query\":\"weigh\"}"})"));
  EXPECT_EQ(messages[2].at("content"), "These tools can be called now:\nmcp__t__weigh");
  EXPECT_EQ(translated->body.at("tools").as_array()[0].at("function").at("name"), "mcp__t__weigh");
}

TEST_F(ResponsesEnd, TheResponseHasEveryMember) {
  change_ = [](StreamSetup& setup) {
    setup.retrieval_context = std::make_shared<json::Object>(json::Object{{"citations", json::Array()}});
  };
  start(R"({"tools":[{"type":"function","name":"ls"},{"type":"web_search"}],"text":{"verbosity":"low"},"store":false,
    "reasoning":{"effort":"low"},"metadata":{"a":"b"},"instructions":"Be brief","max_output_tokens":9})");
  const json::Value first = events_of(sent_)[0].at("response");
  EXPECT_EQ(json::find(first, "retrieval_context"), nullptr) << "it belongs to the last one";
  EXPECT_TRUE(first.at("usage").is_null());
  feed({.content = "Hi",
        .usage = Usage{.prompt_tokens = 10, .completion_tokens = 5, .cached_tokens = 3, .reasoning_tokens = 2}});
  finish("stop");
  EXPECT_EQ(response(),
            json_of(R"({"id":"resp_ab","object":"response","created_at":100,"completed_at":200,"status":"completed",
    "background":false,"error":null,"incomplete_details":null,"instructions":"Be brief","max_output_tokens":9,"max_tool_calls":null,
    "model":"m","output":[{"id":"msg_ab00","type":"message","status":"completed","role":"assistant",
      "content":[{"type":"output_text","text":"Hi","annotations":[],"logprobs":[]}]}],
    "parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,"reasoning":{"effort":"low","summary":null},
    "safety_identifier":null,"service_tier":"default","store":false,"temperature":1.0,"text":{"format":{"type":"text"},"verbosity":"low"},
    "tool_choice":"auto","tools":[{"type":"function","name":"ls","description":null,"parameters":null,"strict":null},{"type":"web_search"}],
    "top_logprobs":0,"top_p":1.0,"presence_penalty":0.0,"frequency_penalty":0.0,"truncation":"disabled",
    "usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":3},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":15},
    "user":null,"metadata":{"a":"b"},"retrieval_context":{"citations":[]}})"));
  EXPECT_EQ(events_of(sent_).back().at("response"), json_of(json::write(response())));
}

TEST_F(ResponsesEnd, WithoutEventsTheResponseIsTheSame) {
  start(kOffered);
  feed({.content = "a", .reasoning = "b"});
  call(0, "c", "ls", "{}");
  finish("tool_calls");
  const json::Value streamed = response();
  change_ = [](StreamSetup& setup) { setup.events = false; };
  start(kOffered);
  feed({.content = "a", .reasoning = "b"});
  call(0, "c", "ls", "{}");
  finish("tool_calls");
  EXPECT_EQ(sent_, "");
  EXPECT_EQ(response(), streamed);
  EXPECT_EQ(streamed.at("output").as_array().size(), 3u);
}

TEST_F(ResponsesEnd, TheEchoOfASchemaIsWhole) {
  start(R"({"text":{"format":{"type":"json_schema","name":"n","schema":{}}}})");
  EXPECT_EQ(response().at("text"),
            json_of(R"({"format":{"type":"json_schema","name":"n","schema":{},"description":null,"strict":false}})"));
}

TEST_F(ResponsesEnd, ALimitMakesItIncomplete) {
  const std::pair<const char*, const char*> cases[] = {{"length", "max_output_tokens"},
                                                       {"content_filter", "content_filter"}};
  for (const auto& [finish_reason, reason] : cases) {
    start("{}");
    feed({.content = "half"});
    finish(finish_reason);
    EXPECT_EQ(types().back(), "response.incomplete");
    EXPECT_EQ(response().at("status"), "incomplete");
    EXPECT_EQ(response().at("incomplete_details").at("reason"), reason);
    EXPECT_TRUE(response().at("completed_at").is_null());
    EXPECT_EQ(output(0).at("status"), "incomplete");
    EXPECT_EQ(count("response.output_item.done"), 1u);
  }
}

TEST_F(ResponsesEnd, ACallThatALimitCutIsNeverDone) {
  start(kOffered);
  call(0, "c1", "ls", "{}");
  call(1, "c2", "ls", "{\"d\":");
  call(2, "c3", "patch", "{\"input\":\"*** Beg");
  call(3, "c4", "ls", "");
  finish("length");
  EXPECT_EQ(count("response.output_item.added"), 4u);
  EXPECT_EQ(count("response.output_item.done"), 1u);
  EXPECT_EQ(output(0).at("status"), "completed");
  for (const size_t cut : {1, 2, 3}) EXPECT_EQ(output(cut).at("status"), "incomplete");
  EXPECT_EQ(output(2).at("input"), "*** Beg");
}

TEST_F(ResponsesEnd, ArgumentsThatAreNoJsonGoToTheClientWhoTellsTheModel) {
  start(kOffered);
  call(0, "c1", "ls", "{\"d\": oops}");
  finish("tool_calls");
  EXPECT_EQ(output(0).at("arguments"), "{\"d\": oops}");
  EXPECT_EQ(count("response.output_item.done"), 1u);
}

TEST_F(ResponsesEnd, AFailureInMidStreamSaysWhyInTheWholeResponse) {
  start(kOffered);
  feed({.content = "half", .usage = Usage{.prompt_tokens = 4}});
  call(0, "c", "ls", "{}");
  fail(base::Error(base::Code::kUnavailable, "the backend broke off", "ask again"));
  EXPECT_EQ(types().back(), "response.failed");
  EXPECT_EQ(count("response.output_item.done"), 1u) << "the message; a call might be run";
  EXPECT_EQ(response().at("error"), json_of(R"({"code":"server_error","message":"the backend broke off; ask again"})"));
  EXPECT_EQ(output(1).at("status"), "incomplete");
  EXPECT_EQ(response().at("usage").at("total_tokens"), 4);
  EXPECT_EQ(stream_->feed({.content = "more"}) + stream_->keep_alive() + stream_->finish(1) +
                stream_->fail(base::Error(base::Code::kInternal, "x")),
            "")
      << "nothing comes after the end";
}

TEST_F(ResponsesEnd, ErrorsHaveTheCodesThatClientsActUpon) {
  const std::pair<base::Code, const char*> cases[] = {
      {base::Code::kTooLarge, "context_length_exceeded"}, {base::Code::kRateLimited, "rate_limit_exceeded"},
      {base::Code::kInvalidArgument, "invalid_prompt"},   {base::Code::kUnavailable, "server_error"},
      {base::Code::kDeadlineExceeded, "server_error"},    {base::Code::kInternal, "server_error"},
      {base::Code::kCancelled, "server_error"},
  };
  for (const auto& [code, name] : cases) {
    start("{}");
    fail(base::Error(code, "x"));
    EXPECT_EQ(response().at("error").at("code"), name);
  }
  start("{}");
  fail(base::Error(base::Code::kRateLimited, "busy").with_retry_after(std::chrono::milliseconds(1500)));
  EXPECT_EQ(response().at("error").at("message"), "busy; try again in 1.5s");
}

TEST_F(ResponsesEnd, KeepAliveIsTheNextEvent) {
  start("{}");
  sent_ += stream_->keep_alive();
  feed({.content = "a"});
  sent_ += stream_->keep_alive();
  finish("stop");
  EXPECT_EQ(count("response.in_progress"), 3u);
  ResponsesStream unbegun(StreamSetup{.response = response_object(body_, {.id = "resp_1"})});
  EXPECT_EQ(events_of(unbegun.keep_alive()).size(), 2u) << "a stream begins with created";
  EXPECT_EQ(unbegun.begin(), "");
}

TEST_F(ResponsesEnd, EveryCallHasAnIdOfItsOwn) {
  change_ = [](StreamSetup& setup) { setup.call_ids = {"call_0"}; };
  start(kOffered);
  call(0, "call_0", "ls", "{}");  // used by an earlier turn
  call(1, "", "ls", "{}");
  call(2, "", "ls", "{}");
  call(3, "own", "ls", "{}");
  finish("tool_calls");
  std::set<std::string> ids = {"call_0"};
  for (size_t i = 0; i < 4; ++i) {
    const std::string id(output(i).at("call_id").as_string());
    EXPECT_TRUE(ids.insert(id).second) << id;
    if (i < 3) EXPECT_TRUE(id.starts_with("call_") && id.size() == 21) << id;
  }
  EXPECT_TRUE(ids.contains("own"));
}

TEST_F(ResponsesEnd, CallsUnderOneIndexAreToldApartByTheirIds) {
  start(kOffered);
  call(0, "a", "ls", "{\"x\":1}");
  call(0, "b", "ls", "{\"x\":2}");
  call(0, "b", "", "");
  finish("tool_calls");
  EXPECT_EQ(response().at("output").as_array().size(), 2u);
  EXPECT_EQ(output(1).at("arguments"), "{\"x\":2}");
}

TEST_F(ResponsesEnd, ANameMayComeLateOrBeUnknown) {
  start(kOffered);
  call(0, "a", "", "{\"x\"");
  call(0, "", "ls", ":1}");
  call(1, "b", "mcp__no__such", "{}");
  call(2, "c", "", "{}");
  finish("tool_calls");
  EXPECT_EQ(output(0).at("arguments"), "{\"x\":1}");
  EXPECT_EQ(output(0).at("name"), "ls");
  EXPECT_EQ(output(1).at("name"), "mcp__no__such");
  EXPECT_EQ(output(2).at("name"), "");
}

TEST_F(ResponsesEnd, TextReasoningAndRefusalsMayTakeTurns) {
  start("{}");
  for (const auto* text : {"a", "b"}) {
    feed({.reasoning = text});
    feed({.content = text});
    feed({.refusal = text});
    feed({.content = "behind"});
  }
  finish("stop");
  std::vector<std::string> kinds;
  for (const auto& item : response().at("output").as_array()) kinds.emplace_back(item.at("type").as_string());
  EXPECT_EQ(kinds, std::vector<std::string>({"reasoning", "message", "message", "reasoning", "message", "message"}));
  EXPECT_EQ(count("response.output_item.added"), count("response.output_item.done"));
  EXPECT_EQ(count("response.content_part.added"), count("response.content_part.done"));
}

TEST_F(ResponsesEnd, LogprobsArePassedOn) {
  start(R"({"top_logprobs":1})");
  const json::Value token = json_of(R"({"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]})");
  feed({.content = "a",
        .choices = json::Array{json::Object{{"logprobs", json::Object{{"content", json::Array{token}}}}}}});
  finish("stop");
  EXPECT_EQ(output(0).at("content").as_array()[0].at("logprobs"), json::Value(json::Array{token}));
}

TEST_F(ResponsesEnd, ACompactionIsOneItem) {
  const char* const kTrigger = R"({"input":[{"role":"user","content":"x"},{"type":"compaction_trigger"}]})";
  start(kTrigger);
  feed({.content = "We did ", .reasoning = "hm"});
  feed({.content = "x."});
  finish("stop");
  EXPECT_EQ(types(), std::vector<std::string>({"response.created", "response.in_progress", "response.output_item.added",
                                               "response.output_item.done", "response.completed"}));
  EXPECT_EQ(output(0).at("type"), "compaction");
  EXPECT_EQ(read_compaction(*json::string_at(output(0), "encrypted_content")), "We did x.");
  start(kTrigger);
  feed({.content = "\n"});
  finish("stop");
  EXPECT_EQ(types().back(), "response.failed") << "an empty summary would lose the conversation";
}

TEST_F(ResponsesEnd, WhatAnAnswerBecomesIsUnderstoodInTheNextTurn) {
  start(kOffered);
  feed({.content = "I look.", .reasoning = "hm"});
  call(0, "c1", "ls", "{}");
  call(1, "c2", "patch", "{\"input\":\"x\"}");
  finish("tool_calls");
  json::Value next = json_of(kOffered);
  next.as_object()["input"] = json_of(R"([{"type":"function_call_output","call_id":"c1","output":"a"},
    {"type":"custom_tool_call_output","call_id":"c2","output":"b"}])");
  const auto translated = translate_request(next, response().at("output").as_array());
  ASSERT_TRUE(translated) << translated.error().message();
  EXPECT_EQ(translated->body.at("messages"),
            json_of(R"([{"role":"assistant","content":"I look.","reasoning_content":"hm","tool_calls":[
    {"id":"c1","type":"function","function":{"name":"ls","arguments":"{}"}},
    {"id":"c2","type":"function","function":{"name":"patch","arguments":"{\"input\":\"x\"}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"a"},{"role":"tool","tool_call_id":"c2","content":"b"}])"));
}

TEST(ResponsesObject, ADeletionIsConfirmed) {
  EXPECT_EQ(json::Value(deleted_response("resp_1")), json_of(R"({"id":"resp_1","object":"response","deleted":true})"));
}

}  // namespace
}  // namespace promethean::llm::responses
