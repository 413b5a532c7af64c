// The items of a Responses conversation, checked and in their full form: every item has `type` and `id`, every message
// its `role`, `status` and an array of parts, every call a `call_id`. This is the form that is stored and given out
// again, and that responses_messages.h reads without asking further.
//
//   auto items = read_items(*json::find(body, "input"), history, lookup);   // "input[3].call_id" in an error
//   json::Object page = *item_list(items, {.limit = 20});                    // GET /v1/responses/{id}/input_items
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "json/json.h"

namespace promethean::llm::responses {

// An item of an earlier response by its id; nullptr: there is none.
using ItemLookup = std::function<const json::Value*(std::string_view id)>;

// `input` is a string or an array of items, as the request's schema says. An item_reference means an item of `history`,
// which stands before the input anyway and is not repeated, or what `lookup` has for its id.
// kInvalidArgument with the field for an item that is wrong or of an unknown type.
base::Result<json::Array> read_items(const json::Value& input, const json::Array& history, const ItemLookup& lookup);

bool is_call(std::string_view type);    // an item that asks the client to run something: function_call and its kin
bool is_output(std::string_view type);  // an item that brings what came of it

struct ListQuery {
  int64_t limit = 20;      // 1 to 100
  std::string after;       // begin behind the item with this id; empty: at the beginning
  bool descending = true;  // the newest first
};

// One page as OpenAI's list object: object, data, first_id, last_id, has_more. kInvalidArgument with the field for a
// limit out of range or an `after` that is not there.
base::Result<json::Object> item_list(const json::Array& items, const ListQuery& query);

}  // namespace promethean::llm::responses
