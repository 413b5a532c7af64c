// Connection: one client's socket from accept to close. Reads a head, asks the router, reads the body, runs the
// handler, writes the answer, and again. Lives on its core; owned by its own coroutine.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <optional>

#include "net/core.h"

namespace promethean::net {

class Connection {
 public:
  Connection(std::shared_ptr<Core> core, Socket socket, std::string remote);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Serves one client until its connection is closed.
  static async::Task<void> serve(std::unique_ptr<Connection> self);

  // Called by the core's clock and by draining; all return at once.
  void check_deadline(base::SteadyTime now);
  void drain();   // close when idle; ask a stream to end
  void cancel();  // end what runs, because the server shuts down
  void cut();     // close

  Connection* next = nullptr;  // the core's list
  Connection* previous = nullptr;

 private:
  enum class Phase { kIdle, kHead, kBody, kHandler, kWrite };
  struct Incoming;  // a request as it came
  struct Exchange;  // one request and its answer

  async::Task<bool> read_head(Exchange& exchange);
  async::Task<boost::system::error_code> fill_head(Exchange& exchange);
  void take_head(Exchange& exchange);
  void refuse_head(Exchange& exchange, int status, base::Error error);
  async::Task<bool> read_body(Exchange& exchange);
  async::Task<boost::system::error_code> fill_sized_body(Exchange& exchange);
  async::Task<boost::system::error_code> fill_chunked_body(Exchange& exchange);
  async::Task<bool> respond(Exchange& exchange);
  async::Task<bool> refuse(Exchange& exchange);
  async::Task<bool> answer(Exchange& exchange);
  async::Task<http::Response> handle(Exchange& exchange, async::Context& ctx);
  void count(const Exchange& exchange, bool sent);
  async::Task<bool> write(Exchange& exchange, http::Response& response);
  async::Task<bool> write_plain(Exchange& exchange, http::Response& response);
  async::Task<bool> write_stream(Exchange& exchange, http::Response& response);
  async::Task<bool> write_bytes(Exchange& exchange, std::string bytes);
  static void append_chunk(const Exchange& exchange, const http::Chunk& chunk, std::string& out);
  void begin_stream(Exchange& exchange, http::Response& response, http::BodyStream& body);
  void log_broken(const Exchange& exchange, const base::Error& why) const;
  async::Task<void> linger();
  void enter(Phase phase);

  const std::shared_ptr<Core> core_;
  Socket socket_;
  const std::string remote_;
  boost::beast::flat_buffer buffer_;
  Phase phase_ = Phase::kIdle;
  std::optional<base::SteadyTime> deadline_;  // of the phase; none while a handler runs: its Context has one
  bool timed_out_ = false;
  async::Context* context_ = nullptr;   // of the running handler
  http::BodyStream* stream_ = nullptr;  // being sent
};

}  // namespace promethean::net
