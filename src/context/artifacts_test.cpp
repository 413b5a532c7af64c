// The writer on a real folder: what appears, what goes, and what it keeps its hands off.
#include "context/artifacts.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/hash.h"

namespace promethean::context {
namespace {

namespace fs = std::filesystem;

class ArtifactsTest : public testing::Test {
 protected:
  ArtifactsTest() : dir_(fs::temp_directory_path() / ("artifacts_test_" + base::random_hex(6))) {
    options_.directory = dir_;
    options_.texts = true;
  }
  ~ArtifactsTest() override { fs::remove_all(dir_); }

  static Exchange exchange(const std::string& text = "hello", const std::string& id = "") {
    Exchange out;
    out.started = base::wall_now();
    out.id = id.empty() ? new_exchange_id(out.started) : id;
    out.texts.emplace();
    out.texts->request = json::write(json::Object{{"text", text}});
    return out;
  }

  // Opens, gives it these, and waits until all is written. Fails the test when it cannot be opened.
  void write(std::vector<Exchange> exchanges) {
    auto writer = ArtifactWriter::open(options_, metrics_, base::Log());
    ASSERT_TRUE(writer) << writer.error().message();
    for (auto& one : exchanges) (*writer)->put(std::move(one));
  }

  void put_file(const std::string& name, const std::string& text, int days_old = 0) const {
    fs::create_directories(dir_);
    std::ofstream(dir_ / name) << text;
    fs::last_write_time(dir_ / name, fs::file_time_type::clock::now() - std::chrono::hours(24 * days_old));
  }

  std::string text_of(const std::string& name) const {
    std::ifstream file(dir_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  size_t count(std::string_view end) const {
    size_t found = 0;
    for (const auto& entry : fs::directory_iterator(dir_)) found += entry.path().string().ends_with(end) ? 1 : 0;
    return found;
  }

  double counter(std::string_view name) const {
    const std::string text = metrics_.prometheus();
    const size_t at = text.find("\n" + std::string(name) + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  fs::path dir_;
  ArtifactOptions options_;
  telemetry::Registry metrics_;
};

TEST_F(ArtifactsTest, EveryExchangeHasAFileAndALine) {
  std::vector<Exchange> many;
  for (int i = 0; i < 50; ++i) many.push_back(exchange());
  write(std::move(many));
  EXPECT_EQ(count(".md"), 51u);  // and index.md
  const std::string lines = text_of("exchanges.jsonl");
  EXPECT_EQ(std::ranges::count(lines, '\n'), 50);
  EXPECT_EQ(counter("promethean_artifacts_written_total"), 50);
  EXPECT_EQ(count(".tmp"), 0u);
  for (const auto& entry : fs::directory_iterator(dir_)) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST_F(ArtifactsTest, TheExplanationIsMadeOnce) {
  put_file("index.md", "my own");
  write({exchange()});
  EXPECT_EQ(text_of("index.md"), "my own");
}

TEST_F(ArtifactsTest, OldFilesGoAndOnlyOurOwn) {
  put_file("20200101-000000-0123456789ab.md", "ours", 40);
  put_file("exchanges-20200101-000000-0123456789ab.jsonl", "ours", 40);
  put_file(".20200101-000000-0123456789ab.md.tmp", "half of ours", 1);
  put_file("20200101-000000-0123456789ac.md", "young", 20);
  put_file("notes.md", "theirs", 400);
  put_file("20200101-000000-notes.md", "theirs", 400);
  put_file(".hidden.md.tmp", "theirs", 400);
  write({});
  EXPECT_EQ(text_of("20200101-000000-0123456789ac.md"), "young");
  EXPECT_EQ(text_of("notes.md"), "theirs");
  EXPECT_EQ(text_of("20200101-000000-notes.md"), "theirs");
  EXPECT_EQ(text_of(".hidden.md.tmp"), "theirs");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_), {}), 5);  // and index.md
}

TEST_F(ArtifactsTest, AFullFolderLosesItsOldest) {
  options_.max_bytes = 100'000;
  put_file("20200101-000000-000000000001.md", std::string(50'000, 'a'), 3);
  put_file("20200101-000000-000000000002.md", std::string(50'000, 'b'), 2);
  put_file("notes.md", std::string(500'000, 'c'), 9);
  write({exchange(std::string(30'000, 'd'))});
  EXPECT_FALSE(fs::exists(dir_ / "20200101-000000-000000000001.md"));
  EXPECT_TRUE(fs::exists(dir_ / "20200101-000000-000000000002.md"));
  EXPECT_TRUE(fs::exists(dir_ / "notes.md"));
}

TEST_F(ArtifactsTest, LinesOfAnotherDayArePutAside) {
  write({exchange("", "20200101-000000-0123456789ab"), exchange("", "20200102-000000-0123456789ab"),
         exchange("", "20200102-000001-0123456789ab")});
  EXPECT_EQ(std::ranges::count(text_of("exchanges.jsonl"), '\n'), 2);
  const auto files = exchange_line_files(dir_);
  ASSERT_EQ(files.size(), 2u);
  EXPECT_NE(text_of(files[1]).find("20200101-000000"), std::string::npos);
}

TEST_F(ArtifactsTest, ALineAfterHalfALineStandsForItself) {
  put_file("exchanges.jsonl", "{\"id\":\"half");
  write({exchange()});
  std::string lines;
  for (const auto& file : exchange_line_files(dir_)) lines += text_of(file);
  EXPECT_NE(lines.find("half\n"), std::string::npos);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2);
}

TEST_F(ArtifactsTest, NoLinkLeadsOutOfTheFolder) {
  const fs::path outside = dir_.string() + "_outside";
  std::ofstream(outside) << "mine\n";
  fs::create_directories(dir_);
  fs::create_symlink(outside, dir_ / "exchanges.jsonl");
  fs::create_symlink(outside, dir_ / "index.md");
  write({exchange()});
  std::ifstream file(outside);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "mine\n");
  EXPECT_EQ(counter("promethean_artifacts_failed_total"), 1);
  fs::remove(outside);
}

TEST_F(ArtifactsTest, AFolderThatIsALinkIsRefused) {
  const fs::path elsewhere = dir_.string() + "_elsewhere";
  fs::create_directories(elsewhere);
  fs::create_symlink(elsewhere, dir_);
  const auto writer = ArtifactWriter::open(options_, metrics_, base::Log());
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code(), base::Code::kPermissionDenied);
  fs::remove_all(elsewhere);
}

TEST_F(ArtifactsTest, AFolderThatWasTakenAwayComesBack) {
  auto writer = ArtifactWriter::open(options_, metrics_, base::Log());
  ASSERT_TRUE(writer);
  fs::remove_all(dir_);
  (*writer)->put(exchange());
  writer->reset();
  EXPECT_EQ(count(".md"), 2u);
}

TEST_F(ArtifactsTest, WhatDoesNotFitTheQueueIsDroppedAndCounted) {
  options_.max_queued_bytes = 10'000;
  write({exchange(std::string(20'000, 'x')), exchange("small")});
  EXPECT_EQ(count(".md"), 2u);
  EXPECT_EQ(counter("promethean_artifacts_dropped_total"), 1);
}

TEST_F(ArtifactsTest, WithoutTextsThereIsOnlyTheLine) {
  Exchange one = exchange();
  one.texts.reset();
  write({std::move(one)});
  EXPECT_EQ(count(".md"), 1u);
  EXPECT_EQ(std::ranges::count(text_of("exchanges.jsonl"), '\n'), 1);
}

}  // namespace
}  // namespace promethean::context
