// JSON Schemas of the bridge's answers. tests/test_openapi.py holds what the program answers against them.
#pragma once

#include <string>

namespace promethean::api {

std::string search_response();
std::string grep_response();
std::string symbols_response();
std::string references_response();
std::string outline_response();
std::string symbol_count_response();
std::string index_status_response();
std::string indexer_response();
std::string left_out_response();
std::string queued_response();
std::string run_response();
std::string file_list_response();
std::string file_tree_response();
std::string file_view_response();
std::string files_response();  // one of the three
std::string stacktrace_response();
std::string caller_response();

}  // namespace promethean::api
