// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/ceilings.h"

#include <fmt/format.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include <sluice/base/threads.h>

namespace sluice::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Long enough a chain of independent sums to hide the latency of a multiply-add, few enough for the registers.
constexpr int kChains = 12;

// Zeros that the compiler can't know to be equal, or it would run one chain for all.
template <class Vector>
inline void start_chains(Vector (&sums)[kChains]) {
  for (Vector& sum : sums) {
    sum = Vector{};
    asm volatile("" : "+m"(sum));
  }
}

#ifdef __x86_64__
__attribute__((target("avx512f"))) float multiply_add_avx512(std::int64_t rounds) {
  __m512 sums[kChains];
  start_chains(sums);
  __m512 factor = _mm512_set1_ps(0.5F);
  for (std::int64_t i = 0; i < rounds; ++i) {
    // The compiler must not know the factor, or it would fold the loop away.
    asm volatile("" : "+v"(factor));
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = _mm512_fmadd_ps(sums[chain], factor, factor);
  }
  __m512 total = sums[0];
  for (int chain = 1; chain < kChains; ++chain) total = _mm512_add_ps(total, sums[chain]);
  return _mm512_cvtss_f32(total);
}

__attribute__((target("avx512f,avx512bf16"))) float multiply_add_bf16(std::int64_t rounds) {
  __m512 sums[kChains];
  start_chains(sums);
  __m512bh pairs = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5F), _mm512_set1_ps(0.25F));
  for (std::int64_t i = 0; i < rounds; ++i) {
    asm volatile("" : "+v"(pairs));
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = _mm512_dpbf16_ps(sums[chain], pairs, pairs);
  }
  __m512 total = sums[0];
  for (int chain = 1; chain < kChains; ++chain) total = _mm512_add_ps(total, sums[chain]);
  return _mm512_cvtss_f32(total);
}

__attribute__((target("avx2,fma"))) float multiply_add_avx2(std::int64_t rounds) {
  __m256 sums[kChains];
  start_chains(sums);
  __m256 factor = _mm256_set1_ps(0.5F);
  for (std::int64_t i = 0; i < rounds; ++i) {
    asm volatile("" : "+x"(factor));
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = _mm256_fmadd_ps(sums[chain], factor, factor);
  }
  __m256 total = sums[0];
  for (int chain = 1; chain < kChains; ++chain) total = _mm256_add_ps(total, sums[chain]);
  return _mm256_cvtss_f32(total);
}
#endif

// Whatever four floats at once come to on the processor that the build is for.
float multiply_add_portable(std::int64_t rounds) {
  using Vector = float __attribute__((vector_size(16)));
  Vector sums[kChains];
  start_chains(sums);
  volatile float source = 0.5F;
  for (std::int64_t i = 0; i < rounds; i += 64) {
    const Vector factor = Vector{} + source;
    for (int step = 0; step < 64; ++step)
#pragma GCC unroll 12
      for (int chain = 0; chain < kChains; ++chain) sums[chain] = sums[chain] * factor + factor;
  }
  Vector total = sums[0];
  for (int chain = 1; chain < kChains; ++chain) total += sums[chain];
  return total[0];
}

struct MultiplyAdd {
  float (*loop)(std::int64_t rounds);
  double flops_a_round;
};

double best_flops(const MultiplyAdd& kind) {
  constexpr std::int64_t rounds = 1 << 20;
  double best = 0;
  for (int repetition = 0; repetition < 8; ++repetition) {
    float sink = 0;
    const auto begin = Clock::now();
#pragma omp parallel reduction(+ : sink)
    sink += kind.loop(rounds);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    [[maybe_unused]] const volatile float kept = sink;
    best = std::max(best, kind.flops_a_round * rounds * thread_count() / seconds);
  }
  return best;
}

void scale_copy(std::int64_t n, const float* from, float* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = 0.5F * from[i];
}

void library_copy(std::int64_t n, const float* from, float* to) {
  std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(float));
}

// Bytes a second, read and written, of copying `bytes` from one buffer to another, each thread its part.
double best_copy(std::size_t bytes, int passes, void (*copy)(std::int64_t, const float*, float*)) {
  const auto n = static_cast<std::int64_t>(bytes / sizeof(float));
  std::vector<float> from(static_cast<std::size_t>(n), 1.0F);
  std::vector<float> to(static_cast<std::size_t>(n), 1.0F);
  double best = 0;
  for (int repetition = 0; repetition < 8; ++repetition) {
    const auto begin = Clock::now();
#pragma omp parallel
    {
      const std::int64_t first = n * thread_index() / thread_count();
      const std::int64_t last = n * (thread_index() + 1) / thread_count();
      for (int pass = 0; pass < passes; ++pass) {
        copy(last - first, from.data() + first, to.data() + first);
        asm volatile("" ::: "memory");
      }
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    best = std::max(best, 2.0 * static_cast<double>(bytes) * passes / seconds);
  }
  return best;
}

// In bytes. The C library's sysconf multiplies it by the number of cores on some processors, so the kernel is asked.
double last_level_cache() {
  for (const char* index : {"index3", "index2"}) {
    std::ifstream in(fmt::format("/sys/devices/system/cpu/cpu0/cache/{}/size", index));
    double size = 0;
    char unit = ' ';
    if (in >> size >> unit) return size * (unit == 'M' ? 1 << 20 : 1 << 10);
  }
  constexpr double usual = 16 << 20;
  return usual;
}

}  // namespace

Ceilings measure_ceilings() {
  MultiplyAdd f32{multiply_add_portable, 2.0 * 4 * kChains};
  Ceilings ceilings;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f"))
    f32 = {multiply_add_avx512, 2.0 * 16 * kChains};
  else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    f32 = {multiply_add_avx2, 2.0 * 8 * kChains};
  if (__builtin_cpu_supports("avx512bf16")) {
    ceilings.has_bf16 = true;
    ceilings.flops_bf16 = best_flops({multiply_add_bf16, 2.0 * 32 * kChains});
  }
#endif
  ceilings.flops_f32 = best_flops(f32);
  if (!ceilings.has_bf16) ceilings.flops_bf16 = ceilings.flops_f32;

  ceilings.cache_size = last_level_cache();
  // Both buffers together: a quarter of the cache, and eight times as large as it.
  const auto in_cache = static_cast<std::size_t>(ceilings.cache_size / 8);
  const auto in_memory = static_cast<std::size_t>(4 * ceilings.cache_size);
  for (const auto copy : {scale_copy, library_copy}) {
    ceilings.bytes_cache = std::max(ceilings.bytes_cache, best_copy(in_cache, 16, copy));
    ceilings.bytes_memory = std::max(ceilings.bytes_memory, best_copy(in_memory, 1, copy));
  }
  return ceilings;
}

std::string to_line(const Ceilings& ceilings) {
  return fmt::format(
      "ceilings: f32 {:.1f} GFLOP/s, bf16 {}, copy {:.1f} GB/s in cache ({:.0f} MiB), {:.1f} GB/s in memory",
      ceilings.flops_f32 * 1e-9,
      ceilings.has_bf16 ? fmt::format("{:.1f} GFLOP/s", ceilings.flops_bf16 * 1e-9) : "as f32",
      ceilings.bytes_cache * 1e-9, ceilings.cache_size / (1 << 20), ceilings.bytes_memory * 1e-9);
}

nlohmann::ordered_json to_json(const Ceilings& ceilings) {
  return {{"flops_f32", ceilings.flops_f32},       {"flops_bf16", ceilings.flops_bf16},
          {"has_bf16", ceilings.has_bf16},         {"bytes_cache", ceilings.bytes_cache},
          {"bytes_memory", ceilings.bytes_memory}, {"cache_size", ceilings.cache_size}};
}

Floor floor_of(const Ceilings& ceilings, DType dtype, double flops, double bytes) {
  const bool fits = bytes <= ceilings.cache_size;
  const double moving = bytes / (fits ? ceilings.bytes_cache : ceilings.bytes_memory);
  const double computing = flops / (dtype == DType::bf16 ? ceilings.flops_bf16 : ceilings.flops_f32);
  if (computing >= moving) return {computing, "flops"};
  return {moving, fits ? "cache" : "memory"};
}

}  // namespace sluice::bench
