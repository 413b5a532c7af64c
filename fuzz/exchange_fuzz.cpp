// Exchanges as Markdown: any text is read or refused, and an answer of any text comes back as it was written.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "context/exchange.h"

using namespace promethean;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = base::sanitize_utf8(std::string_view(reinterpret_cast<const char*>(data), size));
  (void)context::read_exchange_markdown(text);

  context::Exchange exchange;
  exchange.id = context::new_exchange_id({});
  exchange.model_asked = text;
  exchange.texts.emplace();
  const json::Object message{{"role", "user"}, {"content", text}};
  exchange.texts->request = json::write(message);
  exchange.texts->prompt = {message};
  exchange.texts->choices = {json::Object{{"message", message}}};
  const auto read =
      context::read_exchange_markdown(context::exchange_markdown(exchange, context::exchange_record(exchange)));
  CHECK(read);
  CHECK(read->answer == base::sanitize_utf8(base::redact(text)));
  CHECK(json::string_at(read->request, "content") == base::redact(text));
  return 0;
}
