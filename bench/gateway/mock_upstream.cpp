// mock_upstream [PORT]: an OpenAI-compatible model that costs next to nothing. Prints its port. The model's name says
// what it does:
//
//   mock-16-0        16 words at once, as one JSON document or as a stream of 16 chunks
//   mock-150-20000   150 words, one every 20,000 us; the first at once, the others at a phase of the stream's own
//   mock-hang        one word, then silence
//   mock-mute        silence
//
// Every word of a stream, and the first of a document, is "#IN,OUT#": when the request was read whole and when this
// was written, in ns of CLOCK_MONOTONIC. GET /stats says how many requests are being answered.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <unordered_map>

#include "wire.h"

namespace {

using bench::now_ns;

constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: "
    "chunked\r\n\r\n";
constexpr std::string_view kNames = "\"id\":\"chatcmpl-0123456789abcdef\",\"created\":1732500000,\"model\":\"mock\"";

struct Plan {
  int words = 16;
  int64_t interval_ns = 0;
  bool hang = false;
  bool mute = false;
};

Plan plan_of(std::string_view model) {
  Plan plan;
  plan.hang = model == "mock-hang";
  plan.mute = model == "mock-mute";
  if (plan.hang || plan.mute) return plan;
  const std::string_view words = bench::between(model, "mock-", "-");
  std::from_chars(words.data(), words.data() + words.size(), plan.words);
  const std::string_view interval = model.substr(std::min(model.rfind('-') + 1, model.size()));
  std::from_chars(interval.data(), interval.data() + interval.size(), plan.interval_ns);
  plan.interval_ns *= 1000;
  return plan;
}

// Clients put a space after a colon, or none.
std::string_view string_member(std::string_view body, const std::string& name) {
  std::string_view value = bench::between(body, "\"" + name + "\":\"", "\"");
  return value.empty() ? bench::between(body, "\"" + name + "\": \"", "\"") : value;
}
bool is_true(std::string_view body, const std::string& name) {
  return body.find("\"" + name + "\":true") != std::string_view::npos ||
         body.find("\"" + name + "\": true") != std::string_view::npos;
}

std::string stamp(int64_t in) {
  return "#" + std::to_string(in) + "," + std::to_string(now_ns()) + "#";
}

void add_event(std::string& out, std::string_view data) {
  char size[24];
  std::snprintf(size, sizeof(size), "%zx\r\n", data.size() + 8);
  out.append(size).append("data: ").append(data).append("\n\n\r\n");
}

void add_piece(std::string& out, std::string_view delta, std::string_view finish) {
  std::string data = "{\"object\":\"chat.completion.chunk\",";
  data.append(kNames).append(",\"system_fingerprint\":null,\"choices\":[{\"index\":0,\"delta\":").append(delta);
  data.append(",\"logprobs\":null,\"finish_reason\":").append(finish).append("}]}");
  add_event(out, data);
}

class Peer;
std::unordered_map<uint64_t, std::unique_ptr<Peer>> peers;
int busy = 0;

class Peer final : public bench::Socket {
 public:
  Peer(bench::Loop& loop, int fd, uint64_t id) : Socket(loop, fd), loop_(loop), id_(id) {}

  void got(std::string_view bytes) override {
    reader_.feed(bytes, [this](std::string_view part) { body_ += part; }, [this] { answer(); });
  }

  void gone() override {
    if (answering_) --busy;
    loop_.at(0, [id = id_] { peers.erase(id); });  // events of this turn may still name it
  }

 private:
  void answer() {
    in_ = now_ns();
    if (reader_.head().starts_with("GET ")) return document("{\"busy\":" + std::to_string(busy) + "}");
    plan_ = plan_of(string_member(body_, "model"));
    usage_ = is_true(body_, "include_usage");
    const bool stream = is_true(body_, "stream");
    body_.clear();
    answering_ = true;
    ++busy;
    if (plan_.mute) return;
    if (stream) return begin_stream();
    std::string content = stamp(in_);
    for (int i = 1; i < plan_.words; ++i) content += " word";
    std::string body = "{\"object\":\"chat.completion\",";
    body.append(kNames).append(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
    body.append(content).append("\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],").append(usage());
    end();
    document(body + "}");
  }

  void document(const std::string& body) {
    send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body);
  }

  std::string usage() const {
    return "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":" + std::to_string(plan_.words) +
           ",\"total_tokens\":" + std::to_string(plan_.words + 9) + "}";
  }

  void begin_stream() {
    said_ = 0;
    std::string out(kStreamHead);
    add_piece(out, R"({"role":"assistant","content":""})", "null");
    add_word(out);
    if (plan_.interval_ns == 0 && !plan_.hang) {
      while (said_ < plan_.words) add_word(out);
      finish(out);
    }
    send(out);
    if (plan_.hang || plan_.interval_ns == 0) return;
    static std::minstd_rand random{1};
    next_ = now_ns() + std::uniform_int_distribution<int64_t>(1, plan_.interval_ns)(random);
    wait();
  }

  void wait() {
    loop_.at(next_, [id = id_] {
      if (const auto found = peers.find(id); found != peers.end() && found->second->open()) found->second->go_on();
    });
  }

  void go_on() {
    std::string out;
    if (said_ < plan_.words) {
      add_word(out);
      send(out);
      next_ += plan_.interval_ns;
      return wait();
    }
    finish(out);
    send(out);
  }

  void add_word(std::string& out) {
    add_piece(out, "{\"content\":\"" + stamp(in_) + "\"}", "null");
    ++said_;
  }

  void finish(std::string& out) {
    add_piece(out, "{}", "\"stop\"");
    if (usage_)
      add_event(out,
                "{\"object\":\"chat.completion.chunk\"," + std::string(kNames) + ",\"choices\":[]," + usage() + "}");
    add_event(out, "[DONE]");
    out += "0\r\n\r\n";
    end();
  }

  void end() {
    answering_ = false;
    --busy;
  }

  bench::Loop& loop_;
  const uint64_t id_;
  bench::MessageReader reader_;
  std::string body_;
  Plan plan_;
  bool usage_ = false;
  bool answering_ = false;
  int said_ = 0;
  int64_t in_ = 0;
  int64_t next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  bench::Loop loop;
  uint64_t next_id = 0;
  loop.listen(static_cast<uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0), [&loop, &next_id](int fd) {
    const uint64_t id = ++next_id;
    peers.emplace(id, std::make_unique<Peer>(loop, fd, id));
  });
  loop.run();
}
