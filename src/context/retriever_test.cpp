#include "context/retriever.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "async/testing.h"

namespace promethean::context {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

Citation cited(std::string path, int start, int end, std::string why) {
  Citation citation;
  citation.path = std::move(path);
  citation.start_line = start;
  citation.end_line = end;
  citation.text = std::string(static_cast<size_t>(end - start + 1), '\n');
  citation.why = std::move(why);
  return citation;
}

// Each part takes its time, then answers or fails.
struct Part {
  Citations answer = std::vector<Citation>{};
  milliseconds takes{0};
};
struct Parts {
  Part symbols, grep, search;
  bool away = false;
};

class FakeView final : public EvidenceView {
 public:
  explicit FakeView(const Parts& parts) : parts_(parts) {}
  EvidenceState state() const override { return {7, {}, 0, ""}; }
  Task<Citations> symbols(Context& ctx, const Question&, size_t limit) override {
    return give(ctx, parts_.symbols, limit);
  }
  Task<Citations> grep(Context& ctx, const Question&, size_t limit) override { return give(ctx, parts_.grep, limit); }
  Task<Citations> search(Context& ctx, const Question&, size_t limit, search::Kind) override {
    return give(ctx, parts_.search, limit);
  }

 private:
  static Task<Citations> give(Context& ctx, Part part, size_t limit) {
    auto slept = co_await async::sleep_for(ctx, part.takes);
    if (!slept) co_return base::fail(std::move(slept).error());
    if (part.answer && part.answer->size() > limit) part.answer->resize(limit);
    co_return part.answer;
  }
  const Parts& parts_;
};

class FakeSource final : public EvidenceSource {
 public:
  Parts parts;
  Task<base::Result<std::unique_ptr<EvidenceView>>> view(Context&, milliseconds) override {
    if (parts.away) co_return base::fail(base::Code::kUnavailable, "the index is away");
    co_return std::make_unique<FakeView>(parts);
  }
  Task<base::Result<std::vector<int>>> count_lines(Context&, std::vector<std::string> paths) override {
    co_return std::vector<int>(paths.size(), 1);
  }
};

class RetrieverTest : public testing::Test {
 protected:
  base::Result<Retrieval> retrieve(RetrievalOptions options = {}) {
    async::TestLoop loop;
    Context ctx(loop.core());
    Retriever retriever(source_);
    const CountTokens lines = [](Context&, std::string text) -> Task<base::Result<int64_t>> {
      co_return static_cast<int64_t>(std::ranges::count(text, '\n'));
    };
    return loop.run(retriever.retrieve(ctx, "where is it?", options, lines));
  }
  static std::vector<std::string> places(const Retrieval& found) {
    std::vector<std::string> out;
    for (const auto& citation : found.citations) out.push_back(citation.place());
    return out;
  }
  FakeSource source_;
};

TEST_F(RetrieverTest, ExactMatchesComeFirstAndTakeAtMostHalf) {
  source_.parts.symbols.answer = {cited("a.c", 1, 5, "symbol"), cited("b.c", 1, 5, "symbol")};
  source_.parts.grep.answer = {cited("c.c", 1, 5, "quote"), cited("d.c", 1, 5, "quote")};
  source_.parts.search.answer = {cited("e.c", 1, 5, "search"), cited("f.c", 1, 5, "search"),
                                 cited("g.c", 1, 5, "search"), cited("h.c", 1, 5, "search")};
  EXPECT_THAT(places(*retrieve()), ElementsAre("a.c:1-5", "b.c:1-5", "c.c:1-5", "e.c:1-5", "f.c:1-5", "g.c:1-5"));
}

TEST_F(RetrieverTest, TheSameLinesAreCitedOnce) {
  source_.parts.symbols.answer = {cited("a.c", 10, 30, "symbol")};
  source_.parts.search.answer = {cited("a.c", 12, 28, "search"), cited("a.c", 40, 50, "search")};
  EXPECT_THAT(places(*retrieve()), ElementsAre("a.c:10-30", "a.c:40-50"));
}

TEST_F(RetrieverTest, ThePartsRunAtTheSameTime) {
  for (Part* part : {&source_.parts.symbols, &source_.parts.grep, &source_.parts.search})
    part->takes = milliseconds(300);
  RetrievalOptions options;
  options.deadline = milliseconds(800);
  const auto found = retrieve(options);
  EXPECT_TRUE(found->missing.empty()) << "one after the other they would be late";
}

TEST_F(RetrieverTest, APartThatIsLateOrFailsIsNamed) {
  source_.parts.symbols.answer = base::fail(base::Code::kInternal, "broken");
  source_.parts.grep.takes = milliseconds(60'000);
  source_.parts.search.answer = {cited("e.c", 1, 5, "search")};
  RetrievalOptions options;
  options.deadline = milliseconds(30);
  const auto found = retrieve(options);
  EXPECT_THAT(places(*found), ElementsAre("e.c:1-5"));
  ASSERT_EQ(found->missing.size(), 2U);
  EXPECT_EQ(found->missing[0], "symbols: broken");
  EXPECT_THAT(found->missing[1], testing::StartsWith("grep: "));
  EXPECT_EQ(json::array_at(found->to_json(), "missing")->size(), 2U);
}

TEST_F(RetrieverTest, OnlyWhenAllFailIsItAnError) {
  source_.parts.symbols.answer = source_.parts.grep.answer = source_.parts.search.answer =
      base::fail(base::Code::kInternal, "broken");
  const auto found = retrieve();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), base::Code::kUnavailable);
  EXPECT_THAT(found.error().message(), HasSubstr("symbols: broken; grep: broken; search: broken"));
  source_.parts.grep.answer = std::vector<Citation>{};
  EXPECT_TRUE(retrieve()->citations.empty());
  source_.parts.away = true;
  EXPECT_THAT(retrieve().error().message(), HasSubstr("the index is away"));
}

TEST_F(RetrieverTest, WhatDoesNotFitTheBudgetIsShortenedOrLeftOut) {
  source_.parts.search.answer = {cited("a.c", 1, 20, "search"), cited("b.c", 1, 30, "search"),
                                 cited("c.c", 1, 3, "search")};
  RetrievalOptions options;
  options.max_tokens = 40;
  const auto found = retrieve(options);
  ASSERT_GE(found->citations.size(), 2U);
  EXPECT_EQ(found->citations[0].place(), "a.c:1-20");
  EXPECT_EQ(found->citations[1].path, "b.c");
  EXPECT_LT(found->citations[1].end_line, 20);
  size_t lines = 0;
  for (const auto& citation : found->citations) lines += 1 + citation.text.size();
  EXPECT_LE(lines, 40U);
}

}  // namespace
}  // namespace promethean::context
