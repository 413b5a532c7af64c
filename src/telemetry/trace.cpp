#include "telemetry/trace.h"

#include "base/hash.h"

namespace promethean::telemetry {

namespace {
constexpr size_t kVersion = 2, kTraceId = 32, kSpanId = 16, kFlags = 2;
constexpr size_t kLength = kVersion + kTraceId + kSpanId + kFlags + 3;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

int digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

std::string random_id(size_t digits) {
  for (;;) {
    std::string id = base::random_hex(digits / 2);
    if (!is_zero(id)) return id;
  }
}
}  // namespace

std::optional<SpanContext> parse_traceparent(std::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  const std::string_view version = header.substr(0, kVersion);
  const std::string_view trace_id = header.substr(3, kTraceId);
  const std::string_view span_id = header.substr(36, kSpanId);
  const std::string_view flags = header.substr(53, kFlags);
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  if (!is_hex(version) || !is_hex(trace_id) || !is_hex(span_id) || !is_hex(flags)) return std::nullopt;
  if (version == "ff" || is_zero(trace_id) || is_zero(span_id)) return std::nullopt;
  // Version 00 ends here; a later one may go on behind another dash.
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return std::nullopt;
  return SpanContext{std::string(trace_id), std::string(span_id), (digit(flags[1]) & 1) != 0};
}

std::string format_traceparent(const SpanContext& context) {
  return "00-" + context.trace_id + "-" + context.span_id + (context.sampled ? "-01" : "-00");
}

SpanContext new_trace() {
  return {random_id(kTraceId), random_id(kSpanId), true};
}

SpanContext child_of(const SpanContext& parent) {
  return {parent.trace_id, random_id(kSpanId), parent.sampled};
}

Span::Span(const Tracer& tracer, std::string name, const std::optional<SpanContext>& parent)
    : tracer_(tracer), started_(base::steady_now()) {
  record_.name = std::move(name);
  record_.context = parent ? child_of(*parent) : new_trace();
  if (parent) record_.parent_span_id = parent->span_id;
  record_.started = base::wall_now();
}

Span::~Span() {
  if (!tracer_.sink_ || !record_.context.sampled) return;
  record_.seconds = std::chrono::duration<double>(base::steady_now() - started_).count();
  tracer_.sink_(record_);
}

void Span::set(std::string key, std::string value) {
  if (tracer_.sink_) record_.attributes.emplace_back(std::move(key), std::move(value));
}

}  // namespace promethean::telemetry
