#include "llm/dialect/responses_content.h"

#include "llm/dialect/responses_fields.h"

namespace promethean::llm::responses {

namespace {

json::Value image(const json::Value& part) {
  json::Object url{{"url", text_at(part, "image_url")}};
  const std::string_view detail = text_at(part, "detail");
  if (detail == "low" || detail == "high") url["detail"] = detail;  // "auto" is the default, chat has no others
  return json::Object{{"type", "image_url"}, {"image_url", std::move(url)}};
}

json::Value file(const json::Value& part) {
  json::Object content{{"file_data", text_at(part, "file_data")}};
  if (const auto name = json::string_at(part, "filename")) content["filename"] = *name;
  return json::Object{{"type", "file"}, {"file", std::move(content)}};
}

// Null for a part that is text.
json::Value media(const json::Value& part) {
  const std::string_view type = text_at(part, "type");
  if (type == "input_image") return image(part);
  if (type == "input_file") return file(part);
  if (type == "input_audio") return json::Object{{"type", type}, {"input_audio", *json::find(part, "input_audio")}};
  return nullptr;
}

std::string_view part_text(const json::Value& part) {
  return text_at(part, text_at(part, "type") == "refusal" ? "refusal" : "text");
}

}  // namespace

std::string parts_text(const json::Array& parts) {
  std::string whole;
  for (const auto& part : parts) {
    const std::string_view text = part_text(part);
    if (!whole.empty() && !text.empty()) whole += '\n';
    whole += text;
  }
  return whole;
}

json::Array parts_media(const json::Array& parts) {
  json::Array out;
  for (const auto& part : parts) {
    if (json::Value one = media(part); !one.is_null()) out.push_back(std::move(one));
  }
  return out;
}

json::Value user_content(const json::Array& parts) {
  json::Array out;
  bool only_text = true;
  for (const auto& part : parts) {
    json::Value one = media(part);
    if (one.is_null()) {
      one = json::Object{{"type", "text"}, {"text", part_text(part)}};
    } else {
      only_text = false;
    }
    out.push_back(std::move(one));
  }
  return only_text ? json::Value(parts_text(parts)) : json::Value(std::move(out));
}

}  // namespace promethean::llm::responses
