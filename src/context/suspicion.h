// Suspicion: lines of retrieved text that speak to a model instead of about the code. They are marked, not removed: an
// excerpt is shown word for word, and the prompt says which of its lines are not to be followed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace promethean::context {

// The lines of `text` (from 1) that read like instructions to a model: orders to forget or to hide something, a new
// role, somebody else's turn of a conversation. At most kMaxSuspicious. It errs on the side of marking.
std::vector<int> suspicious_lines(std::string_view text);
inline constexpr size_t kMaxSuspicious = 16;

// `text` with the control tokens of chat templates ("<|im_end|>") broken by a space: some backends take them for the
// end of a message wherever they stand.
std::string without_control_tokens(std::string text);

}  // namespace promethean::context
