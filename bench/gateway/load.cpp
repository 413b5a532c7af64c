// load MODE PORT MODEL [KEY=VALUE]...: chat requests to a gateway in front of mock_upstream; one line of JSON about
// them.
//
//   whole     CONNECTIONS in a closed loop for SECONDS: how many requests can be answered
//   paced     RATE requests a second at random times (Poisson), however long the answers take: a connection more is
//             opened when all are busy. Delays of each request
//   streams   CONNECTIONS streams started at once, read to their end, SECONDS at most. Delays of each word
//   hold      CONNECTIONS streams opened and held until stdin is closed; says "holding" when all wait
//
// Keys: connections, rate, seconds, prompt (bytes), token, path.
//
// What is measured is the way, not the model: for a request, from our send to the mock's receipt, plus from the mock's
// send to our receipt; for a word of a stream, from the mock's send to our receipt. The mock's words carry its clock.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>

#include "wire.h"

namespace {

using bench::now_ns;

struct Options {
  std::string mode;
  uint16_t port = 0;
  std::string model;
  int connections = 32;
  double rate = 300;
  double seconds = 3;
  int prompt = 64;
  std::string token;
  std::string path = "/v1/chat/completions";
};

struct Totals {
  int64_t sent = 0, answered = 0, refused = 0, broken = 0;
  int64_t words = 0, reads = 0;
  std::vector<int64_t> request;  // ns, the way of whole requests and of first words
  std::vector<int64_t> word;     // ns, the way of later words
  std::string first_error;
};

Options options;
Totals totals;
std::string request_bytes;
int64_t end_ns = 0;

std::string make_request() {
  std::string text;
  while (static_cast<int>(text.size()) < options.prompt)
    text += "a line of the repository that says something useful. ";
  text.resize(static_cast<size_t>(options.prompt));
  const bool stream = options.mode == "streams" || options.mode == "hold";
  std::string body = "{\"model\":\"" + options.model +
                     "\",\"messages\":[{\"role\":\"system\",\"content\":\"Be brief.\"}," +
                     "{\"role\":\"user\",\"content\":\"" + text + "\"}],\"temperature\":0.5,\"max_tokens\":512" +
                     (stream ? ",\"stream\":true}" : "}");
  return "POST " + options.path + " HTTP/1.1\r\nhost: 127.0.0.1:" + std::to_string(options.port) +
         "\r\nauthorization: Bearer " + options.token +
         "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct Stamp {
  int64_t in = 0, out = 0;
};

class Caller : public bench::Socket {
 public:
  Caller(bench::Loop& loop, std::function<void(Caller&)> on_end)
      : Socket(loop, bench::connect_local(options.port)), on_end_(std::move(on_end)) {}

  void ask() {
    busy_ = true;
    words_ = 0;
    text_.clear();
    ++totals.sent;
    asked_ns_ = now_ns();
    send(request_bytes);
  }

  bool busy() const { return busy_; }
  bool has_word() const { return words_ > 0; }

  void got(std::string_view bytes) override {
    const int64_t before = words_;
    read_ns_ = now_ns();
    reader_.feed(bytes, [this](std::string_view part) { take(part); }, [this] { end(); });
    if (words_ > before) ++totals.reads;
  }

  void gone() override {
    if (!busy_) return;
    ++totals.broken;
    busy_ = false;
    on_end_(*this);
  }

 private:
  // Words may be cut anywhere; what has no '#' any more is dropped.
  void take(std::string_view part) {
    text_ += part;
    if (reader_.status() != 200) return;
    size_t used = 0;
    for (;;) {
      const size_t start = text_.find('#', used);
      if (start == std::string::npos) {
        used = text_.size();
        break;
      }
      const size_t stop = text_.find('#', start + 1);
      if (stop == std::string::npos) {
        used = start;
        break;
      }
      count(std::string_view(text_).substr(start + 1, stop - start - 1));
      used = stop + 1;
    }
    text_.erase(0, used);
  }

  void count(std::string_view stamp) {
    Stamp at;
    const auto [comma, ec] = std::from_chars(stamp.data(), stamp.data() + stamp.size(), at.in);
    if (ec != std::errc() || *comma != ',') bench::die("a word that the mock did not say: " + std::string(stamp));
    std::from_chars(comma + 1, stamp.data() + stamp.size(), at.out);
    ++totals.words;
    if (words_++ == 0) {
      totals.request.push_back(at.in - asked_ns_ + read_ns_ - at.out);
    } else {
      totals.word.push_back(read_ns_ - at.out);
    }
  }

  void end() {
    if (reader_.status() == 200 && words_ > 0) {
      ++totals.answered;
    } else {
      ++totals.refused;
      if (totals.first_error.empty())
        totals.first_error = std::to_string(reader_.status()) + " " + text_.substr(0, 200);
    }
    busy_ = false;
    on_end_(*this);
  }

  std::function<void(Caller&)> on_end_;
  bench::MessageReader reader_;
  std::string text_;
  bool busy_ = false;
  int64_t asked_ns_ = 0, read_ns_ = 0;
  int64_t words_ = 0;
};

using Callers = std::vector<std::unique_ptr<Caller>>;

void whole(bench::Loop& loop, Callers& callers) {
  const auto again = [&loop](Caller& caller) {
    if (now_ns() >= end_ns || !caller.open()) return loop.stop();
    caller.ask();
  };
  for (int i = 0; i < options.connections; ++i) callers.push_back(std::make_unique<Caller>(loop, again));
  for (auto& caller : callers) caller->ask();
  loop.run();
}

void paced(bench::Loop& loop, Callers& callers) {
  static std::mt19937_64 random{1};
  static std::vector<Caller*> idle;
  static bool closing = false;
  const auto done = [&loop](Caller& caller) {
    if (caller.open()) idle.push_back(&caller);
    if (closing && totals.answered + totals.refused + totals.broken == totals.sent) loop.stop();
  };
  for (int i = 0; i < options.connections; ++i) {
    callers.push_back(std::make_unique<Caller>(loop, done));
    idle.push_back(callers.back().get());
  }
  static int64_t next = now_ns();
  static std::function<void()> fire;
  fire = [&loop, &callers, done] {
    if (next >= end_ns) {
      closing = true;
      if (totals.answered + totals.refused + totals.broken == totals.sent) loop.stop();
      return;
    }
    if (idle.empty()) {
      callers.push_back(std::make_unique<Caller>(loop, done));
      idle.push_back(callers.back().get());
    }
    Caller* caller = idle.back();
    idle.pop_back();
    caller->ask();
    next += static_cast<int64_t>(std::exponential_distribution<double>(options.rate)(random) * 1e9);
    loop.at(next, fire);
  };
  loop.at(next, fire);
  loop.at(end_ns + 10'000'000'000, [&loop] { loop.stop(); });  // what hangs then counts as lost
  loop.run();
}

void streams(bench::Loop& loop, Callers& callers) {
  static int left = options.connections;
  const auto done = [&loop](Caller&) {
    if (--left == 0) loop.stop();
  };
  for (int i = 0; i < options.connections; ++i) callers.push_back(std::make_unique<Caller>(loop, done));
  for (auto& caller : callers) caller->ask();
  loop.at(end_ns, [&loop] { loop.stop(); });
  loop.run();
}

void hold(bench::Loop& loop, Callers& callers) {
  for (int i = 0; i < options.connections; ++i) {
    callers.push_back(std::make_unique<Caller>(loop, [](Caller&) { bench::die("a held stream ended"); }));
    callers.back()->ask();
  }
  loop.watch(STDIN_FILENO, [&loop] { loop.stop(); });
  static std::function<void()> look;
  look = [&loop, &callers] {
    const bool all = std::ranges::all_of(callers, [](const auto& caller) { return caller->has_word(); });
    if (options.model == "mock-mute" || all) {
      std::puts("holding");
      std::fflush(stdout);
    } else {
      loop.at(now_ns() + 20'000'000, look);
    }
  };
  loop.at(0, look);
  loop.run();
}

double percentile(std::vector<int64_t>& values, double share) {
  if (values.empty()) return NAN;
  std::ranges::sort(values);
  const auto at = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
  return static_cast<double>(values[std::min(at, values.size() - 1)]) / 1e6;
}

void print_delays(const char* name, std::vector<int64_t>& values) {
  if (values.empty()) return;
  std::printf(", \"%s_p50_ms\": %.4f, \"%s_p99_ms\": %.4f", name, percentile(values, 0.5), name,
              percentile(values, 0.99));
}

void print_totals(double seconds) {
  std::string error;
  for (const char c : totals.first_error) {
    if (c == '"' || c == '\\') error += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) error += c;
  }
  std::printf(
      "{\"seconds\": %.3f, \"sent\": %ld, \"answered\": %ld, \"refused\": %ld, \"broken\": %ld, \"words\": %ld, "
      "\"reads\": %ld, \"error\": \"%s\"",
      seconds, totals.sent, totals.answered, totals.refused, totals.broken, totals.words, totals.reads, error.c_str());
  print_delays("request", totals.request);
  print_delays("word", totals.word);
  std::puts("}");
}

void set_option(const std::string& text) {
  const size_t equals = text.find('=');
  const std::string key = text.substr(0, equals), value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (key == "connections")
    options.connections = std::stoi(value);
  else if (key == "rate")
    options.rate = std::stod(value);
  else if (key == "seconds")
    options.seconds = std::stod(value);
  else if (key == "prompt")
    options.prompt = std::stoi(value);
  else if (key == "token")
    options.token = value;
  else if (key == "path")
    options.path = value;
  else
    bench::die("unknown option " + text);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) bench::die("usage: load whole|paced|streams|hold PORT MODEL [KEY=VALUE]...");
  options.mode = argv[1];
  options.port = static_cast<uint16_t>(std::stoi(argv[2]));
  options.model = argv[3];
  for (int i = 4; i < argc; ++i) set_option(argv[i]);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  using Mode = void (*)(bench::Loop&, Callers&);
  const std::map<std::string, Mode> modes = {{"whole", whole}, {"paced", paced}, {"streams", streams}, {"hold", hold}};
  const auto mode = modes.find(options.mode);
  if (mode == modes.end()) bench::die("unknown mode " + options.mode);
  request_bytes = make_request();
  bench::Loop loop;
  Callers callers;
  const int64_t began = now_ns();
  end_ns = began + static_cast<int64_t>(options.seconds * 1e9);
  mode->second(loop, callers);
  print_totals(static_cast<double>(now_ns() - began) / 1e9);
}
