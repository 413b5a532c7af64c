// Spans: named pieces of a request's time, tied together across processes by W3C Trace Context.
//
//   const auto remote = telemetry::parse_traceparent(header);
//   telemetry::Span span(tracer, "chat", remote);
//   upstream_headers.add("traceparent", telemetry::format_traceparent(span.context()));
//   span.set("model", "smollm2");
//                                     // the span ends with its scope, and the tracer's sink gets its record
//
// Source: www.w3.org/TR/trace-context, version 00. Threads: a Tracer is shared; a Span belongs to one task.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace promethean::telemetry {

struct SpanContext {
  std::string trace_id;  // 32 lower-case hex digits, not all zero
  std::string span_id;   // 16 lower-case hex digits, not all zero
  bool sampled = true;
  bool operator==(const SpanContext&) const = default;
};

// nullopt for anything the specification calls invalid; later versions are read as far as they agree with 00.
std::optional<SpanContext> parse_traceparent(std::string_view header);
std::string format_traceparent(const SpanContext& context);

SpanContext new_trace();                          // fresh random ids
SpanContext child_of(const SpanContext& parent);  // same trace, fresh span id

struct SpanRecord {
  std::string name;
  SpanContext context;
  std::string parent_span_id;  // empty: the first of its trace
  base::WallTime started;
  double seconds = 0;
  std::vector<std::pair<std::string, std::string>> attributes;
};

// Where finished spans go. `sink` is called on whatever thread ends a span and must be quick; without one, spans only
// carry ids. The tracer outlives its spans.
class Tracer {
 public:
  using Sink = std::function<void(const SpanRecord&)>;
  explicit Tracer(Sink sink = nullptr) : sink_(std::move(sink)) {}

 private:
  friend class Span;
  Sink sink_;
};

class Span {
 public:
  Span(const Tracer& tracer, std::string name, const std::optional<SpanContext>& parent = std::nullopt);
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  ~Span();

  const SpanContext& context() const { return record_.context; }
  void set(std::string key, std::string value);

 private:
  const Tracer& tracer_;
  SpanRecord record_;
  base::SteadyTime started_;
};

}  // namespace promethean::telemetry
