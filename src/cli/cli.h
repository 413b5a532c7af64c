// The command line: one file a sub-command, and the only place where objects are built and wired together.
#pragma once

namespace promethean::cli {

// Runs the command named by argv; returns the exit code (0 done, 1 the work failed, 2 wrong use, 3 not found).
int run(int argc, char** argv);

}  // namespace promethean::cli
