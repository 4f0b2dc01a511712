// SPDX-License-Identifier: Apache-2.0
#include "apps/common/choose_device.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>

#include <sluice/base/number.h>
#include <sluice/kernels/runtime/device.h>
#include <sluice/kernels/runtime/settings.h>
#include "apps/common/exit_codes.h"

namespace sluice::apps {
namespace {

std::optional<Device> parse(std::string_view name) {
  if (name == "cpu") return Device{};
  if (name == "auto" || name == "cuda") return Device{.kind = DeviceKind::cuda};
  if (!name.starts_with("cuda:")) return std::nullopt;
  const std::optional<int> index = parse_number<int>(name.substr(5));
  if (!index || *index < 0) return std::nullopt;
  return Device{.kind = DeviceKind::cuda, .index = *index};
}

}  // namespace

CLI::Validator device_name() {
  const auto check = [](const std::string& given) -> std::string {
    return parse(given) ? "" : fmt::format("there is no device '{}'; valid: auto, cpu, cuda, cuda:N", given);
  };
  return {check, "auto|cpu|cuda|cuda:N"};
}

Device choose_device(const char* program, const std::string& name) {
  const Device wanted = parse(name).value();
  const std::string why = kernels::why_unusable(wanted);
  if (why.empty()) return wanted;
  if (name != "auto") throw DeviceError(fmt::format("--device {}: {}", name, why));
  if (kernels::built_with_cuda()) fmt::print(stderr, "{}: running on the cpu: {}\n", program, why);
  return {};
}

std::string device_text(Device device) {
  if (device.kind == DeviceKind::cpu) return "cpu";
  const kernels::DeviceDescription about = kernels::describe(device);
  return fmt::format("{} (cuda:{}, sm_{}{}, {} GiB)", about.name, device.index, about.major, about.minor,
                     about.memory_bytes >> 30);
}

DType choose_precision(const std::string& name, Device device) {
  if (name == "tf32" && device.kind == DeviceKind::cpu)
    throw UsageError("--precision tf32: the cpu has no TF32 products; choose fp32 or bf16");
  kernels::set_matmul_precision(name == "tf32" ? kernels::MatmulPrecision::tf32 : kernels::MatmulPrecision::fp32);
  return name == "bf16" ? DType::bf16 : DType::f32;
}

void choose_conv_engine(const std::string& name) {
  kernels::set_conv_engine(name == "native"  ? kernels::ConvEngine::native
                           : name == "cudnn" ? kernels::ConvEngine::cudnn
                                             : kernels::ConvEngine::automatic);
}

}  // namespace sluice::apps
