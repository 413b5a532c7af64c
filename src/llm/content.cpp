#include "llm/content.h"

#include "base/strings.h"

namespace promethean::llm {

std::string content_text(const json::Value& content) {
  if (content.is_string()) return std::string(content.as_string());
  std::string text;
  if (!content.is_array()) return text;
  for (const auto& part : content.as_array()) {
    for (const std::string_view key : {"text", "refusal"}) {
      const auto piece = json::string_at(part, key);
      if (!piece || piece->empty()) continue;
      if (!text.empty()) text += '\n';
      text += *piece;
    }
  }
  return text;
}

std::vector<std::string_view> image_urls(const json::Value& content) {
  std::vector<std::string_view> urls;
  if (!content.is_array()) return urls;
  for (const auto& part : content.as_array()) {
    const json::Value* image = json::find(part, "image_url");
    const auto url = image == nullptr ? std::nullopt : json::string_at(*image, "url");
    if (url) urls.push_back(*url);
  }
  return urls;
}

std::optional<DataUrl> parse_data_url(std::string_view url) {
  if (!url.starts_with("data:")) return std::nullopt;
  url.remove_prefix(5);
  const size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view head = url.substr(0, comma);
  if (!head.ends_with(";base64")) return std::nullopt;
  head.remove_suffix(7);
  return DataUrl{head.substr(0, head.find(';')), url.substr(comma + 1)};
}

std::optional<json::Object> call_arguments(const json::Value& call) {
  const json::Value* function = json::find(call, "function");
  const auto text = function == nullptr ? std::nullopt : json::string_at(*function, "arguments");
  if (!text || base::trim(*text).empty()) return json::Object{};
  auto parsed = json::parse(*text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->as_object());
}

std::optional<std::vector<double>> read_vector(const json::Array& numbers) {
  std::vector<double> vector;
  vector.reserve(numbers.size());
  for (const auto& number : numbers) {
    if (!number.is_number()) return std::nullopt;
    vector.push_back(number.to_number<double>());
  }
  if (vector.empty()) return std::nullopt;
  return vector;
}

}  // namespace promethean::llm
