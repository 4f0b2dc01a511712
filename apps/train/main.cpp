// SPDX-License-Identifier: Apache-2.0
// sluice-train: trains a network on images, with or without flooding.
#include "apps/common/exit_codes.h"
#include "apps/common/passive_wait.h"
#include "apps/train/trainer.h"

int main(int argc, char** argv) {
  using namespace sluice::apps;
  wait_passively(argv);
  return run_main("sluice-train", [&] {
    const ParsedOptions parsed = parse_train_options(argc, argv);
    Trainer trainer(parsed.options, parsed.configuration);
    return trainer.run() == Outcome::finished ? exit_ok : exit_interrupted;
  });
}
