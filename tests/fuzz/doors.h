// SPDX-License-Identifier: Apache-2.0
// The doors by name: one function that opens it, one that makes the seeds.
#pragma once

#include "tests/fuzz/door.h"

namespace sluice::fuzz {

void open_archive(Input input);
std::vector<Bytes> archive_seeds();
void open_checkpoint(Input input);
std::vector<Bytes> checkpoint_seeds();
void open_cifar(Input input);
std::vector<Bytes> cifar_seeds();
void open_config(Input input);
std::vector<Bytes> config_seeds();
void open_idx(Input input);
std::vector<Bytes> idx_seeds();
void open_levels(Input input);
std::vector<Bytes> levels_seeds();
void open_mat(Input input);
std::vector<Bytes> mat_seeds();
void open_metrics(Input input);
std::vector<Bytes> metrics_seeds();
void open_model(Input input);
std::vector<Bytes> model_seeds();
void open_study(Input input);
std::vector<Bytes> study_seeds();
void open_texts(Input input);
std::vector<Bytes> texts_seeds();
void open_toml(Input input);
std::vector<Bytes> toml_seeds();
void open_tuning(Input input);
std::vector<Bytes> tuning_seeds();

}  // namespace sluice::fuzz
