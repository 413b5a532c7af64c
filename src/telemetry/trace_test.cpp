#include "telemetry/trace.h"

#include <gtest/gtest.h>

namespace promethean::telemetry {
namespace {

const std::string kTrace(32, 'a');
const std::string kSpan(16, 'b');

TEST(Traceparent, ReadsAndWrites) {
  const auto context = parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->span_id, "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(format_traceparent(*context), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_FALSE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-00")->sampled);
  EXPECT_TRUE(parse_traceparent("00-" + kTrace + "-" + kSpan + "-ff")->sampled);
  EXPECT_TRUE(parse_traceparent("cc-" + kTrace + "-" + kSpan + "-01-more"));
  EXPECT_EQ(parse_traceparent(format_traceparent(new_trace()))->sampled, true);
}

TEST(Traceparent, RefusesWhatTheSpecificationCallsInvalid) {
  const std::string zeros(32, '0');
  for (const std::string& text :
       {std::string(), "00-" + kTrace + "-" + kSpan, "00-" + kTrace + "-" + kSpan + "-0",
        "ff-" + kTrace + "-" + kSpan + "-01", "00-" + zeros + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + zeros.substr(16) + "-01", "00-" + kTrace + "-" + kSpan + "-01-x",
        "00-" + kTrace + "-" + kSpan + "-01 ", "01-" + kTrace + "-" + kSpan + "-01x",
        "00-" + std::string(32, 'A') + "-" + kSpan + "-01", "00_" + kTrace + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + std::string(16, 'g') + "-01"}) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(Span, ChildrenShareTheTrace) {
  std::vector<SpanRecord> records;
  const Tracer tracer([&records](const SpanRecord& record) { records.push_back(record); });
  {
    Span outer(tracer, "outer", SpanContext{kTrace, kSpan, true});
    outer.set("k", "v");
    const Span inner(tracer, "inner", outer.context());
    EXPECT_NE(inner.context().span_id, outer.context().span_id);
  }
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].name, "inner");
  EXPECT_EQ(records[1].parent_span_id, kSpan);
  EXPECT_EQ(records[0].parent_span_id, records[1].context.span_id);
  EXPECT_EQ(records[0].context.trace_id, kTrace);
  EXPECT_EQ(records[1].attributes.at(0).second, "v");
  EXPECT_GE(records[1].seconds, records[0].seconds);
}

TEST(Span, WhatIsNotSampledIsNotReported) {
  int reported = 0;
  const Tracer tracer([&reported](const SpanRecord&) { ++reported; });
  {
    const Span span(tracer, "quiet", SpanContext{kTrace, kSpan, false});
  }
  EXPECT_EQ(reported, 0);
}

}  // namespace
}  // namespace promethean::telemetry
