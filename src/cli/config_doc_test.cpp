#include "cli/config_doc.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/fd.h"
#include "cli/config_keys.h"

namespace promethean::cli {
namespace {

// The file lies in docs/ of the source tree, which this file is in, too.
std::string doc_path() {
  std::string path = __FILE__;
  return path.substr(0, path.rfind("/src/cli/")) + "/docs/configuration.md";
}

TEST(ConfigurationDoc, FileSaysWhatTheTableSays) {
  if (std::getenv("UPDATE_DOCS") != nullptr) ASSERT_TRUE(base::write_file_atomic(doc_path(), configuration_doc()));
  auto text = base::read_file(doc_path());
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, configuration_doc()) << "run cli_tests with UPDATE_DOCS=1 after a change of the table";
}

TEST(ConfigurationDoc, EveryKeyHasTextAndASensibleDefault) {
  const Config defaults;
  for (const auto& key : config_keys()) {
    EXPECT_FALSE(key.doc.empty()) << dotted(key);
    if (key.type == Type::kNotUsed) continue;
    Config copy;
    auto set = key.set(key, copy, key.get(key, defaults));
    EXPECT_TRUE(set) << dotted(key) << ": the default is out of its own range";
  }
}

TEST(ConfigurationDoc, NoNameMeansTwoKeys) {
  std::map<std::string, std::string> owner;
  for (const auto& key : config_keys()) {
    std::vector<std::string> names = {env_name(key), dotted(key)};
    for (const auto& alias : key.aliases) names.emplace_back(alias.name);
    for (const auto& name : names) {
      EXPECT_TRUE(owner.emplace(name, dotted(key)).second) << name << " of " << dotted(key) << " and " << owner[name];
    }
  }
}

TEST(ConfigurationDoc, OnlyIndexAndRetrievalAreOpenToARepository) {
  for (const auto& key : config_keys()) {
    EXPECT_EQ(key.repository, key.section == "index" || key.section == "retrieval") << dotted(key);
  }
}

}  // namespace
}  // namespace promethean::cli
