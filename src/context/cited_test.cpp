#include "context/cited.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/testing.h"

namespace promethean::context {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> cited_in(std::string_view answer) {
  std::vector<std::string> out;
  for (const auto& place : cited_places(answer)) {
    out.push_back(place.path + ":" + std::to_string(place.start_line) + "-" + std::to_string(place.end_line));
  }
  return out;
}

TEST(Cited, FindsPathsAndRanges) {
  EXPECT_THAT(cited_in("It is in `src/http/router.cpp:10-20`, see [lib/a.ts:3-4] and (b.py:7)."),
              ElementsAre("src/http/router.cpp:10-20", "lib/a.ts:3-4", "b.py:7-7"));
  EXPECT_THAT(cited_in("**src/a.h#L5-L9** and ./src/b.h, then src/c.go."),
              ElementsAre("src/a.h:5-9", "src/b.h:0-0", "src/c.go:0-0"));
  EXPECT_THAT(cited_in("Makefile:12 and tools/build:3"), ElementsAre("Makefile:12-12", "tools/build:3-3"));
  EXPECT_THAT(cited_in("src/a.cpp:10–20"), ElementsAre("src/a.cpp:10-20"));
  EXPECT_THAT(cited_in("src/a.cpp:1 src/a.cpp:1"), ElementsAre("src/a.cpp:1-1"));
  EXPECT_THAT(cited_in("packages/a-b/src/x.test.ts:1"), ElementsAre("packages/a-b/src/x.test.ts:1-1"));
}

TEST(Cited, LeavesProseAlone) {
  EXPECT_THAT(cited_in("Node.js speaks HTTP/1.1 and/or h2. See https://example.com/a/b.html:80, e.g. net/http.Get."),
              IsEmpty());
  EXPECT_THAT(cited_in("at 10:30, ratio 1:2, localhost:8080, 127.0.0.1:3210, std::vector, a.b.c, github.com/a/b.git"),
              IsEmpty());
  EXPECT_THAT(cited_in("router.cpp does it; /etc/passwd:3 and ../x/y.c:4 are elsewhere"), IsEmpty());
}

TEST(Cited, DoesNotReadCodeBlocks) {
  EXPECT_THAT(cited_in("```js\nimport './x/y.js:3'\n```\nsrc/a.js:1\n~~~\nsrc/b.js:1\n~~~"),
              ElementsAre("src/a.js:1-1"));
}

TEST(Cited, IsBounded) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "src/f" + std::to_string(i) + ".c:1 ";
  EXPECT_EQ(cited_places(many).size(), kMaxCited);
}

class Texts final : public llm::ChatStream {
 public:
  explicit Texts(std::vector<std::string> texts) : texts_(std::move(texts)) {}
  Task<base::Result<std::optional<llm::Delta>>> next(Context&) override {
    if (at_ == texts_.size()) co_return std::nullopt;
    llm::Delta delta;
    delta.content = texts_[at_++];
    co_return delta;
  }

 private:
  std::vector<std::string> texts_;
  size_t at_ = 0;
};

// Knows one file of ten lines.
class OneFile final : public EvidenceSource {
 public:
  bool away = false;
  Task<base::Result<std::unique_ptr<EvidenceView>>> view(Context&, std::chrono::milliseconds) override {
    co_return base::fail(base::Code::kUnavailable, "no view");
  }
  Task<base::Result<std::vector<int>>> count_lines(Context&, std::vector<std::string> paths) override {
    if (away) co_return base::fail(base::Code::kUnavailable, "the index is away");
    std::vector<int> counts;
    for (const auto& path : paths) counts.push_back(path == "src/a.c" ? 10 : -1);
    co_return counts;
  }
};

json::Object checked(OneFile& source, std::vector<std::string> texts) {
  async::TestLoop loop;
  Context ctx(loop.core());
  auto context = std::make_shared<json::Object>();
  auto stream = check_citations(std::make_unique<Texts>(std::move(texts)), source, context);
  const auto read = [](llm::ChatStream& answer, Context& c) -> Task<bool> {
    for (;;) {
      auto delta = co_await answer.next(c);
      if (!delta) co_return false;
      if (!*delta) co_return true;
    }
  };
  EXPECT_TRUE(loop.run(read(*stream, ctx)));
  return *context;
}

TEST(Cited, ListsWhatDoesNotExist) {
  OneFile source;
  EXPECT_EQ(json::Value(checked(source, {"In src/a.", "c:1-10 and src/a.c:8-11, src/gone.c:", "2."})),
            *json::parse(R"({"unverified":[
    {"path":"src/a.c","startLine":8,"endLine":11,"reason":"the file has 10 lines"},
    {"path":"src/gone.c","startLine":2,"endLine":2,"reason":"there is no such file"}]})"));
  EXPECT_TRUE(checked(source, {"All of it is in src/a.c:1-10."}).empty());
  EXPECT_EQ(json::write(checked(source, {"src/a.c:5-2"}).at("unverified").at(0).at("reason")),
            "\"the range ends before it begins\"");
}

TEST(Cited, SaysWhenItCouldNotCheck) {
  OneFile source;
  source.away = true;
  EXPECT_EQ(json::Value(checked(source, {"src/a.c:1"})), *json::parse(R"({"unchecked":"the index is away"})"));
  EXPECT_TRUE(checked(source, {"no place at all"}).empty());
}

}  // namespace
}  // namespace promethean::context
