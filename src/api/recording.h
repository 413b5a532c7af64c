// Recording: what an exchange was, gathered while it happens and given to the writer at its end, however it ends. One
// that is destroyed before its end was left by its client.
//
// Threads: one task at a time, as the answer itself.
#pragma once

#include <memory>

#include "api/question.h"
#include "context/artifacts.h"

namespace promethean::api {

class Recording {
 public:
  // `writer` outlives it. With `texts` the request's and the answer's are gathered.
  Recording(context::ArtifactWriter& writer, const http::Request& request, bool texts);
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;
  ~Recording();

  const std::string& id() const { return exchange_.id; }  // while nothing has ended

  void begins(const Context& ctx);  // from here on there is something to be written down
  void continues(const std::string& session, const json::Array& conversation);
  void asks(const json::Array& messages);  // as the model gets them
  void finds(llm::RetrievalContext retrieval);
  void answers(const llm::Model& used);
  void takes(const llm::Delta& delta);
  void ends();
  void embeds(const llm::Model& used, const base::Result<llm::Embeddings>& got);  // the whole of an exchange
  void fails(const base::Error& error);

 private:
  void finish(context::ExchangeEnd end);

  context::ArtifactWriter& writer_;
  context::Exchange exchange_;
  base::SteadyTime started_;
  llm::RetrievalContext retrieval_;
  llm::AnswerBuilder answer_;
  size_t answer_bytes_ = 0;
  bool begun_ = false;
  bool done_ = false;
};

// Of `request`, whose answer will name it in the header x-promethean-exchange; null when nothing is recorded.
std::shared_ptr<Recording> begin_recording(const Services& services, http::Request& request, bool texts = true);

// `stream`, as it is, with `recording` looking on.
std::unique_ptr<llm::ChatStream> recorded(std::unique_ptr<llm::ChatStream> stream,
                                          std::shared_ptr<Recording> recording);

// What came of asking: `recording`, if there is one, hears that it failed, or looks on from here.
template <class Started>
void look_on(const std::shared_ptr<Recording>& recording, base::Result<Started>& started) {
  if (recording == nullptr) return;
  if (!started) return recording->fails(started.error());
  recording->answers(*started->used);
  started->stream = recorded(std::move(started->stream), recording);
}

}  // namespace promethean::api
