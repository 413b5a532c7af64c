// The content of requests and answers, for dialects that hold it in another form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace promethean::llm {

// A string as it is; of an array the text and refusal parts, joined by line breaks; "" for anything else.
std::string content_text(const json::Value& content);

// The urls of the image_url parts, in order.
std::vector<std::string_view> image_urls(const json::Value& content);

struct DataUrl {
  std::string_view media_type;  // "image/png"
  std::string_view base64;
};
// "data:image/png;base64,AAAA"; nullopt for any other kind of URL.
std::optional<DataUrl> parse_data_url(std::string_view url);

// A call's arguments as a value: they come as text. {} when there are none; nullopt when they are no JSON object.
std::optional<json::Object> call_arguments(const json::Value& call);

// The numbers of an embedding; nullopt when the list has anything else, or nothing.
std::optional<std::vector<double>> read_vector(const json::Array& numbers);

}  // namespace promethean::llm
