// Sessions: conversations that the server keeps, so that a client sends only what is new. The messages before are put
// in front of those of the request, and when the answer has ended properly it is kept with them.
//
// One request of a session runs at a time; others of the same session wait for it, in the order of their coming, and
// more than a few of them get 429. A session belongs to the credential that began it: the same id shown with another
// one is another session.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/message.h"
#include "llm/admission.h"
#include "llm/chat.h"
#include "storage/store.h"

namespace promethean::api {

using async::Context;
using async::Task;

struct Services;
struct Question;

// Whose turn it is in each session. Threads: any.
class SessionTurns {
 public:
  // Waits until no other request of this session runs. kRateLimited when too many wait.
  Task<base::Result<llm::Admission::Ticket>> enter(Context& ctx, std::string owner, std::string id);

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<llm::Admission>> sessions_;  // those in use
};

// The session that a request names: the header x-promethean-session, else the member `session_id` of its JSON. As
// written; nullopt: none.
std::optional<std::string> session_of(const http::Request& request);

// A request's part in a session, from its beginning to its end. Its turn is over when this is destroyed.
struct SessionTurn {
  Services& services;
  llm::Admission::Ticket ticket;
  storage::StoredSession stored;
  json::Array messages;  // with the request's, as they are kept
};

// Waits for the turn of the request's session, if it names one, and puts what was said before in front of its messages:
// as much as the model's context holds, by whole turns. Null without a session. kInvalidArgument for an id that is
// none; kTooLarge about "messages" for a request that no session can hold; errors of the store.
Task<base::Result<std::unique_ptr<SessionTurn>>> join_session(Services& services, Context& ctx, Question& question);

// `stream`, as it is; its proper end comes after it has been kept.
std::unique_ptr<llm::ChatStream> kept(std::unique_ptr<llm::ChatStream> stream, std::unique_ptr<SessionTurn> turn);

}  // namespace promethean::api
