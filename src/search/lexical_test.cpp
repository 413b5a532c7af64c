#include "search/lexical.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "search/ranking.h"
#include "search/terms.h"

namespace promethean::search {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void add(LexicalBuilder* builder, std::string_view path, std::string_view text) {
  const FileClass c = classify(path, text);
  const auto definitions = scan_definitions(c.language, text);
  const auto chunks = chunk_file(text, definitions);
  builder->add({.path = path, .text = text, .file_class = c, .definitions = definitions, .chunks = chunks});
}

std::string two_files() {
  LexicalBuilder builder;
  add(&builder, "src/net/http_server.cpp",
      "namespace net {\n// Accepts.\nclass HttpServer {\n  void listen() {}\n};\n}\n");
  add(&builder, "docs/guide.md", "# Guide\nHow the server listens.\n");
  return std::move(builder).finish();
}

std::vector<uint32_t> ids(std::string_view postings, uint32_t limit) {
  std::vector<uint32_t> out;
  Posting p;
  for (PostingReader reader(postings, limit); reader.next(&p);) out.push_back(p.id);
  return out;
}

TEST(Lexical, KnowsItsNamesInLowerCaseAndInOrder) {
  LexicalBuilder builder;
  add(&builder, "a.py", "def Beta(): pass\ndef alpha(): pass\ndef beta(): pass\nclass alphabet: pass\n");
  add(&builder, "b.md", "# Über alpha\n");
  const std::string bytes = std::move(builder).finish();
  const auto index = LexicalIndex::open(bytes);
  ASSERT_TRUE(index.has_value());
  std::vector<std::string> names;
  for (uint32_t i = 0; i < index->spelling_count(); ++i) names.emplace_back(index->spelling(i).folded);
  EXPECT_THAT(names, ElementsAre("alpha", "alphabet", "beta", "Über alpha"));
  EXPECT_EQ(index->spelling(2).count, 2u);
  EXPECT_EQ(index->definition(index->named_definition(index->spelling(2).first)).name, "Beta");
  EXPECT_EQ(index->first_spelling("alphab"), 1u);
  EXPECT_EQ(index->first_spelling("zeta"), 3u);  // bytes from 0x80 come last
  EXPECT_THAT(index->spellings_containing("alpha"), ElementsAre(0u, 1u, 3u));
  EXPECT_THAT(index->spellings_containing("eta"), ElementsAre(2u));
  EXPECT_THAT(index->spellings_containing("a\nb"), IsEmpty());
  EXPECT_THAT(index->spellings_containing(""), IsEmpty());
  EXPECT_EQ(index->spelling(99).count, 0u);
  EXPECT_EQ(name_letters("ab1") & name_letters("b"), name_letters("b"));
}

TEST(Lexical, GivesBackFilesChunksAndDefinitions) {
  const std::string bytes = two_files();
  const auto index = LexicalIndex::open(bytes);
  ASSERT_TRUE(index.has_value());
  ASSERT_EQ(index->file_count(), 2u);
  EXPECT_EQ(index->file(0).path, "src/net/http_server.cpp");
  EXPECT_EQ(index->file(0).file_class.language, Language::kCpp);
  EXPECT_EQ(index->file(1).file_class.role, Role::kDocs);
  EXPECT_EQ(index->file(0).stem_terms, 2);

  const auto found = index->find_definitions("httpserver", 10);
  ASSERT_THAT(found, testing::SizeIs(1));
  const LexicalDefinitionInfo d = index->definition(found[0]);
  EXPECT_EQ(d.name, "HttpServer");
  EXPECT_EQ(d.kind, DefinitionKind::kClass);
  EXPECT_EQ(index->scope(found[0]), "net");
  EXPECT_EQ(d.start_line, 3u);
  EXPECT_EQ(d.doc_line, 2u);
  EXPECT_EQ(d.signature, "class HttpServer");
  EXPECT_EQ(index->chunk(index->file(1).first_chunk).file, 1u);
}

TEST(Lexical, TermsLeadToChunksAndPaths) {
  const std::string bytes = two_files();
  const auto index = LexicalIndex::open(bytes);
  const auto term = index->find_term(stem("server"));
  ASSERT_TRUE(term.has_value());
  EXPECT_THAT(ids(term->files, index->file_count()), ElementsAre(0));
  EXPECT_EQ(ids(term->chunks, index->chunk_count()).size(), 2u);
  EXPECT_FALSE(index->find_term("nowhere").has_value());
}

TEST(Lexical, NumbersOutOfRangeAreHarmless) {
  const std::string bytes = two_files();
  const auto index = LexicalIndex::open(bytes);
  EXPECT_EQ(index->file(99).path, "");
  EXPECT_EQ(index->chunk(99).end_line, 0u);
  EXPECT_EQ(index->definition(99).name, "");
}

TEST(Lexical, AnEmptySectionIsSound) {
  const std::string bytes = LexicalBuilder().finish();
  const auto index = LexicalIndex::open(bytes);
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->file_count(), 0u);
  EXPECT_THAT(index->find_definitions("a", 1), IsEmpty());
}

// The postings of every term are what counting the chunks' words by hand gives.
TEST(Lexical, PostingsAreWhatASlowCountFinds) {
  std::mt19937 random(7);
  const std::vector<std::string> words{"alpha", "betaGamma", "gamma", "HTTPServer", "delta_beta", "x1", "if", "42"};
  LexicalBuilder builder;
  std::map<std::string, std::map<uint32_t, int>> expected;
  uint32_t chunk = 0;
  for (int f = 0; f < 40; ++f) {
    std::string text;
    const int count = 1 + static_cast<int>(random() % 60);
    for (int i = 0; i < count; ++i) text += words[random() % words.size()] + (random() % 6 == 0 ? "\n" : " ");
    const auto chunks = chunk_file(text, {});
    for (const Chunk& c : chunks) {
      for (const std::string& term : text_terms(std::string_view(text).substr(c.begin, c.end - c.begin)))
        ++expected[term][chunk];
      ++chunk;
    }
    builder.add({.path = "f", .text = text, .file_class = {}, .definitions = {}, .chunks = chunks});
  }
  const std::string bytes = std::move(builder).finish();
  const auto index = LexicalIndex::open(bytes);
  for (const auto& [term, counts] : expected) {
    const auto found = index->find_term(term);
    ASSERT_TRUE(found.has_value()) << term;
    ASSERT_EQ(found->chunk_count, counts.size()) << term;
    PostingReader reader(found->chunks, index->chunk_count());
    for (const auto& [id, count] : counts) {
      Posting p;
      ASSERT_TRUE(reader.next(&p));
      EXPECT_EQ(p.id, id);
      EXPECT_EQ(p.body, std::min(count, 31));
    }
  }
}

TEST(Lexical, RefusesWhatIsNoSection) {
  EXPECT_FALSE(LexicalIndex::open("").has_value());
  EXPECT_FALSE(LexicalIndex::open(std::string(500, 'x')).has_value());
  const auto cut = LexicalIndex::open(std::string_view(two_files()).substr(0, 150));
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code(), base::Code::kInvalidArgument);
}

// Any byte may be wrong: fewer answers, never a crash (the sanitizer builds watch).
TEST(Lexical, DamagedBytesAreSurvived) {
  const std::string sound = two_files();
  std::mt19937 random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = sound;
    for (int n = 0; n < 3; ++n) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto index = LexicalIndex::open(bytes);
    if (!index) continue;
    for (uint32_t i = 0; i < std::min(index->definition_count(), 100u); ++i) index->scope(i);
    if (index->chunk_count() > 10000 || index->file_count() > 10000) continue;
    const RankSegment segment{&*index, {}};
    rank({&segment, 1}, "HttpServer listen guide", {}, async::StopFlag());
  }
}

}  // namespace
}  // namespace promethean::search
