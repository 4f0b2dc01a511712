// SPDX-License-Identifier: Apache-2.0
// What each wrapper of ptx.h and each built-in of a warp leaves in every lane, bit for bit: one source for a GPU and
// for the emulator.
//   conformance_test --write FILE     writes the results as JSON
//   conformance_test --compare FILE   fails where they differ from FILE's, written by another build
// Without arguments it says how many results it has. The inputs of mma are small whole numbers, whose sums are exact in
// every order.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <sluice/kernels/cuda/ptx.h>

namespace sluice::test {
namespace {

namespace ptx = kernels::cuda::ptx;
using kernels::cuda::check;
using kernels::cuda::launch;
using Words = std::vector<std::uint32_t>;

constexpr int kWords = 8;  // a lane's results

__device__ float whole_number(unsigned i) { return static_cast<float>(static_cast<int>(i * 7 % 17) - 8); }

__device__ std::uint32_t bf16_pair(unsigned i) {
  const auto bits = [](float x) { return __float_as_uint(x) >> 16; };
  return bits(whole_number(i)) | bits(whole_number(i + 5)) << 16;
}

__device__ void fill(std::uint32_t* words, int count) {
  for (int i = static_cast<int>(threadIdx.x); i < count; i += 32)
    words[i] = static_cast<std::uint32_t>(2 * i) | static_cast<std::uint32_t>(2 * i + 1) << 16;
  __syncwarp();
}

__global__ void ldmatrix_kernel(std::uint32_t* out) {
  SHARED(tile, std::uint32_t[128]);  // four matrices of 8 rows of 16 bytes
  fill(tile, 128);
  const unsigned lane = threadIdx.x;
  // Rows in an order of their own, so that every lane's address matters.
  const std::uint32_t* row = tile + (lane * 5 % 32) * 4;
  std::uint32_t x4[4], x2[2], x1[1];
  ptx::ldmatrix_x4(x4, row);
  ptx::ldmatrix_x2(x2, row);
  ptx::ldmatrix_x1(x1, row);
  for (int i = 0; i < 4; ++i) out[lane * kWords + i] = x4[i];
  for (int i = 0; i < 2; ++i) out[lane * kWords + 4 + i] = x2[i];
  out[lane * kWords + 6] = x1[0];
}

__global__ void ldmatrix_trans_kernel(std::uint32_t* out) {
  SHARED(tile, std::uint32_t[128]);
  fill(tile, 128);
  const unsigned lane = threadIdx.x;
  const std::uint32_t* row = tile + (lane * 5 % 32) * 4;
  std::uint32_t x4[4], x2[2], x1[1];
  ptx::ldmatrix_x4_trans(x4, row);
  ptx::ldmatrix_x2_trans(x2, row);
  ptx::ldmatrix_x1_trans(x1, row);
  for (int i = 0; i < 4; ++i) out[lane * kWords + i] = x4[i];
  for (int i = 0; i < 2; ++i) out[lane * kWords + 4 + i] = x2[i];
  out[lane * kWords + 6] = x1[0];
}

__global__ void movmatrix_kernel(std::uint32_t* out) {
  out[threadIdx.x * kWords] = ptx::movmatrix_trans(2 * threadIdx.x | (2 * threadIdx.x + 1) << 16);
}

__global__ void mma_bf16_kernel(std::uint32_t* out) {
  const unsigned lane = threadIdx.x;
  std::uint32_t a[4];
  float d[4];
  for (unsigned i = 0; i < 4; ++i) {
    a[i] = bf16_pair(lane * 11 + i * 3);
    d[i] = whole_number(lane + 32 * i);
  }
  ptx::mma_m16n8k16(d, a, bf16_pair(lane * 13 + 1), bf16_pair(lane * 5 + 2));
  for (int i = 0; i < 4; ++i) out[lane * kWords + i] = __float_as_uint(d[i]);
}

__global__ void mma_tf32_kernel(std::uint32_t* out) {
  const unsigned lane = threadIdx.x;
  std::uint32_t a[4];
  float d[4];
  for (unsigned i = 0; i < 4; ++i) {
    a[i] = __float_as_uint(whole_number(lane * 11 + i * 3));
    d[i] = whole_number(lane + 32 * i);
  }
  ptx::mma_m16n8k8_tf32(d, a, __float_as_uint(whole_number(lane * 13 + 1)),
                        __float_as_uint(whole_number(lane * 5 + 2)));
  for (int i = 0; i < 4; ++i) out[lane * kWords + i] = __float_as_uint(d[i]);
}

__global__ void to_tf32_kernel(std::uint32_t* out) {
  const unsigned lane = threadIdx.x;
  // Around ties in both signs, small, subnormal, the largest finite, infinite.
  const std::uint32_t words[kWords] = {0x3f800000u + lane * 0x0400u,
                                       0xbf801000u + lane,
                                       0x3f800fffu + lane * 0x1000u,
                                       lane,
                                       0x00800000u - lane,
                                       0x7f7fe000u + lane * 0x00ffu,
                                       0x7f800000u,
                                       0xff800000u};
  for (int i = 0; i < kWords; ++i) out[lane * kWords + i] = ptx::to_tf32(words[i]);
}

__global__ void cp_async_kernel(const std::uint32_t* from, std::uint32_t* out) {
  SHARED(tile, std::uint32_t[3][128]);
  const int lane = static_cast<int>(threadIdx.x);
  for (int i = lane; i < 3 * 128; i += 32) tile[i / 128][i % 128] = 0xabababab;
  __syncwarp();
  ptx::cp_async<16>(&tile[0][4 * lane], from + 4 * lane, lane % 17);
  ptx::cp_async<8>(&tile[1][2 * lane], from + 2 * lane, lane % 9);
  ptx::cp_async<4>(&tile[2][lane], from + lane, lane % 5);
  ptx::cp_async_commit();
  ptx::cp_async_wait<0>();
  __syncwarp();
  for (int i = 0; i < 4; ++i) out[lane * kWords + i] = tile[0][4 * lane + i];
  for (int i = 0; i < 2; ++i) out[lane * kWords + 4 + i] = tile[1][2 * lane + i];
  out[lane * kWords + 6] = tile[2][lane];
}

__global__ void shuffles_kernel(std::uint32_t* out) {
  const unsigned lane = threadIdx.x, value = lane * 3 + 1;
  std::uint32_t* mine = out + lane * kWords;
  mine[0] = __shfl_sync(~0u, value, static_cast<int>(lane * 7 % 40));
  mine[1] = __shfl_sync(~0u, value, 5, 8);
  mine[2] = __shfl_xor_sync(~0u, value, 9);
  mine[3] = __shfl_xor_sync(~0u, value, 12, 8);
  mine[4] = __shfl_up_sync(~0u, value, 3);
  mine[5] = __shfl_up_sync(~0u, value, 3, 8);
  mine[6] = __shfl_down_sync(~0u, value, 5);
  mine[7] = __shfl_down_sync(~0u, value, 5, 16);
}

__global__ void votes_kernel(std::uint32_t* out) {
  const unsigned lane = threadIdx.x;
  std::uint32_t* mine = out + lane * kWords;
  mine[0] = __ballot_sync(~0u, lane % 3 == 0);
  mine[1] = static_cast<std::uint32_t>(__any_sync(~0u, lane == 31));
  mine[2] = static_cast<std::uint32_t>(__all_sync(~0u, lane < 31));
  mine[3] = __reduce_add_sync(~0u, lane);
  mine[4] = __reduce_max_sync(~0u, lane * 5 % 32);
  mine[5] = __reduce_min_sync(~0u, lane * 5 % 32 + 2);
  mine[6] = static_cast<std::uint32_t>(__popc(lane * 0x01010101u) * 1000 + __clz(static_cast<int>(lane)) * 10 +
                                       __ffs(static_cast<int>(lane)) % 10);
  mine[7] = __umulhi(lane * 0x12345678u, 0x9abcdef0u);
}

template <class... Arguments, class... Given>
Words results_of(void (*kernel)(Arguments...), const Given*... given) {
  const Exec exec{.device = {.kind = DeviceKind::cuda}};
  std::uint32_t* out = nullptr;
  constexpr std::size_t bytes = 32 * kWords * sizeof(std::uint32_t);
  check(cudaMalloc(reinterpret_cast<void**>(&out), bytes), "cudaMalloc");
  check(cudaMemset(out, 0, bytes), "cudaMemset");
  launch(exec, {"conformance", 1, 32}, kernel, given..., out);
  Words words(32 * kWords);
  check(cudaMemcpy(words.data(), out, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
  check(cudaFree(out), "cudaFree");
  return words;
}

nlohmann::json all_results() {
  Words from(128);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::uint32_t>(i * 0x01030507u + 1);
  std::uint32_t* on_device = nullptr;
  check(cudaMalloc(reinterpret_cast<void**>(&on_device), from.size() * 4), "cudaMalloc");
  check(cudaMemcpy(on_device, from.data(), from.size() * 4, cudaMemcpyHostToDevice), "cudaMemcpy");
  const std::uint32_t* source = on_device;
  nlohmann::json results;
  results["cp.async"] = results_of(cp_async_kernel, source);
  results["cvt.rna.tf32"] = results_of(to_tf32_kernel);
  results["ldmatrix"] = results_of(ldmatrix_kernel);
  results["ldmatrix.trans"] = results_of(ldmatrix_trans_kernel);
  results["mma.m16n8k16.bf16"] = results_of(mma_bf16_kernel);
  results["mma.m16n8k8.tf32"] = results_of(mma_tf32_kernel);
  results["movmatrix"] = results_of(movmatrix_kernel);
  results["shuffles"] = results_of(shuffles_kernel);
  results["votes"] = results_of(votes_kernel);
  check(cudaFree(on_device), "cudaFree");
  return results;
}

int compare(const nlohmann::json& results, const nlohmann::json& expected) {
  int different = 0;
  for (const auto& [name, words] : results.items()) {
    if (!expected.contains(name)) {
      std::printf("%-20s not in the file\n", name.c_str());
      ++different;
      continue;
    }
    const Words mine = words.get<Words>(), theirs = expected[name].get<Words>();
    std::size_t first = 0;
    while (first < mine.size() && first < theirs.size() && mine[first] == theirs[first]) ++first;
    const bool same = mine == theirs;
    different += !same;
    if (same)
      std::printf("%-20s the same %zu words\n", name.c_str(), mine.size());
    else
      std::printf("%-20s DIFFERS first in lane %zu, word %zu: %08x here, %08x in the file\n", name.c_str(),
                  first / kWords, first % kWords, mine.at(first), theirs.at(first));
  }
  return different == 0 ? 0 : 1;
}

int run(int count, char** arguments) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("skipped: there is no CUDA device\n");
    return 77;
  }
  const nlohmann::json results = all_results();
  if (count == 3 && std::strcmp(arguments[1], "--write") == 0) {
    std::ofstream file(arguments[2]);
    file << results.dump() << '\n';
    return file.good() ? 0 : 3;
  }
  if (count == 3 && std::strcmp(arguments[1], "--compare") == 0) {
    std::ifstream file(arguments[2]);
    if (!file) {
      std::fprintf(stderr, "conformance_test: can't read %s\n", arguments[2]);
      return 3;
    }
    return compare(results, nlohmann::json::parse(file));
  }
  if (count != 1) {
    std::fprintf(stderr, "usage: conformance_test [--write FILE | --compare FILE]\n");
    return 2;
  }
  std::printf("%zu results\n", results.size());
  return 0;
}

}  // namespace
}  // namespace sluice::test

int main(int count, char** arguments) { return sluice::test::run(count, arguments); }
