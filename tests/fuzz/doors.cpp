// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/doors.h"

namespace sluice::fuzz {

const std::vector<Door>& doors() {
  static const std::vector<Door> all{
      {"archive", open_archive, archive_seeds},
      {"checkpoint", open_checkpoint, checkpoint_seeds},
      {"cifar", open_cifar, cifar_seeds},
      {"config", open_config, config_seeds},
      {"idx", open_idx, idx_seeds},
      {"levels", open_levels, levels_seeds},
      {"mat", open_mat, mat_seeds},
      {"metrics", open_metrics, metrics_seeds},
      {"model", open_model, model_seeds},
      {"study", open_study, study_seeds},
      {"texts", open_texts, texts_seeds},
      {"toml", open_toml, toml_seeds},
      {"tuning", open_tuning, tuning_seeds},
  };
  return all;
}

}  // namespace sluice::fuzz
