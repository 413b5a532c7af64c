#include "cli/cli.h"

int main(int argc, char** argv) {
  return promethean::cli::run(argc, argv);
}
