// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/ptx.h>
#include "tests/emulator/buffer.h"
#include "tests/emulator/planted.h"

namespace sluice::test {
namespace {

using kernels::cuda::launch;
using kernels::cuda::LaunchConfig;
namespace ptx = kernels::cuda::ptx;

enum class Mistake { planted, none };

__global__ void misaligned_kernel(float* p) { reinterpret_cast<float4*>(p + 1)[threadIdx.x] = make_float4(1, 2, 3, 4); }

__global__ void copy_kernel(const float* from, float* to) { to[threadIdx.x] = from[threadIdx.x]; }

__global__ void out_of_bounds_kernel(float* p, int n) { p[threadIdx.x + n] = 1; }

__global__ void tree_in_a_warp_kernel(float* p, Mistake mistake) {
  SHARED(sums, float[64]);
  const unsigned t = threadIdx.x;
  sums[t] = p[t];
  sums[t + 32] = 0;
  for (unsigned distance = 16; distance > 0; distance /= 2) {
    if (mistake == Mistake::none) __syncwarp();
    const float other = sums[t + distance];
    if (mistake == Mistake::none) __syncwarp();
    sums[t] += other;
  }
  p[t] = sums[t];
}

__global__ void shuffle_of_half_kernel(float* p) {
  float value = p[threadIdx.x];
  if (threadIdx.x % 32 < 16) value = __shfl_xor_sync(~0u, value, 1);
  p[threadIdx.x] = value;
}

__global__ void shuffle_by_halves_kernel(float* p) {
  float value = p[threadIdx.x];
  if (threadIdx.x % 32 < 16)
    value = __shfl_xor_sync(0xffffu, value, 1);
  else
    value = __shfl_xor_sync(0xffff0000u, value, 2);
  p[threadIdx.x] = value;
}

__global__ void shuffle_from_outside_kernel(float* p) {
  p[threadIdx.x] = __shfl_sync(threadIdx.x < 16 ? 0xffffu : 0xffff0000u, 1.0f, 20);
}

__global__ void shuffle_without_itself_kernel(float* p) { p[threadIdx.x] = __shfl_sync(0xffffu, 1.0f, 0); }

__global__ void barrier_of_some_kernel(float* p) {
  if (threadIdx.x < 32) __syncthreads();
  p[threadIdx.x] = 1;
}

__global__ void two_barriers_kernel(float* p) {
  if (threadIdx.x < 32) {
    p[threadIdx.x] += 1;
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void sum_of_blocks_kernel(float* p, Mistake mistake) {
  if (threadIdx.x != 0) return;
  if (mistake == Mistake::none)
    atomicAdd(p, 1.0f);
  else
    p[0] += 1;
}

__global__ void two_reductions_kernel(float* p, Mistake mistake) {
  SHARED(parts, float[4]);
  for (int k = 0; k < 2; ++k) {
    float sum = p[threadIdx.x];
    for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(~0u, sum, distance);
    if (mistake == Mistake::none) __syncthreads();
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = sum;
    __syncthreads();
    p[threadIdx.x] = parts[threadIdx.x % 4];
  }
}

// Warps 0 and 1 hand a value over by a barrier of their own; warps 2 and 3 go by.
__global__ void named_barrier_kernel(float* p, Mistake mistake) {
  SHARED(handed, float[32]);
  const emulator::Location at = emulator::Location::current();
  if (threadIdx.x < 32) handed[threadIdx.x] = 3;
  if (threadIdx.x < 64 || mistake == Mistake::planted)
    emulator::block_collective(1 + (mistake == Mistake::planted ? static_cast<int>(threadIdx.x / 32) % 2 : 0), 64,
                               nullptr, nullptr, "bar.sync", at);
  if (threadIdx.x >= 32 && threadIdx.x < 64) p[threadIdx.x - 32] = handed[threadIdx.x - 32];
}

__global__ void endless_spin_kernel(float* p) {
  emulator::wait_until([](void* flag) { return *static_cast<const volatile float*>(flag) == 7; }, p, "a spin on a flag",
                       emulator::Location::current());
}

__global__ void deep_kernel(float* p) {
  volatile float local[40000];
  for (int i = 0; i < 40000; ++i) local[i] = static_cast<float>(i);
  p[threadIdx.x] = local[threadIdx.x];
}

__global__ void neighbours_kernel(std::uint16_t* p) { p[threadIdx.x] = static_cast<std::uint16_t>(p[threadIdx.x] + 1); }
__global__ void byte_neighbours_kernel(std::uint8_t* p) {
  p[threadIdx.x] = static_cast<std::uint8_t>(p[threadIdx.x] + 1);
}
__global__ void same_value_kernel(float* p) { p[0] = 1; }

__global__ void order_of_blocks_kernel(float* p) {
  if (blockIdx.x == 0)
    p[1] = 2;
  else
    p[threadIdx.x] = p[1];
}

__global__ void large_static_kernel(float* p) {
  SHARED(large, float[13000]);
  large[threadIdx.x] = 1;
  p[threadIdx.x] = large[threadIdx.x];
}

__global__ void dynamic_kernel(float* p, int n) {
  SHARED_DYNAMIC(float, buffer);
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x)) buffer[i] = 1;
  __syncthreads();
  p[threadIdx.x] = buffer[threadIdx.x];
}

__global__ void rows_past_the_tile_kernel(float* p) {
  SHARED_DYNAMIC(std::uint16_t, tile);
  for (unsigned i = threadIdx.x; i < 256; i += 32) tile[i] = 1;
  __syncthreads();
  std::uint32_t registers[4];
  ptx::ldmatrix_x4(registers, tile + threadIdx.x % 16 * 16 + threadIdx.x / 16 * 16);
  p[threadIdx.x] = static_cast<float>(registers[0]);
}

__global__ void large_memcpy_kernel(const float* from, float* to) {
  float values[32];
  memcpy(values, from + 32 * threadIdx.x, sizeof values);
  float sum = 0;
  for (const float value : values) sum += value;
  to[threadIdx.x] = sum;
}

__global__ void async_copy_kernel(const float* from, float* to, Mistake mistake) {
  SHARED(tile, float[128]);
  ptx::cp_async16(tile + 4 * threadIdx.x, from + 4 * threadIdx.x, true);
  ptx::cp_async_commit();
  if (mistake == Mistake::none) ptx::cp_async_wait<0>();
  __syncthreads();
  to[threadIdx.x] = tile[threadIdx.x];
  if (mistake == Mistake::planted) ptx::cp_async_wait<0>();
}

__global__ void async_copy_never_awaited_kernel(const float* from) {
  SHARED(tile, float[128]);
  ptx::cp_async16(tile + 4 * threadIdx.x, from + 4 * threadIdx.x, true);
  ptx::cp_async_commit();
}

// One on 256 ones (and, by warps, right is what a clean kernel leaves).
template <class Kernel, class... Arguments>
std::function<bool()> on_ones(const LaunchConfig& config, Kernel kernel, Arguments... arguments) {
  return [=] {
    const Buffer<float> ones(256, 1.0f);
    launch(kOnDevice, config, kernel, ones.data(), arguments...);
    ones.values();
    return true;
  };
}

}  // namespace

std::vector<Planted> planted_in_small_kernels() {
  const auto checked = Seen::by_the_checked_build;
  return {
      {"misaligned float4", checked, "misaligned", on_ones({"misaligned", 1, 32}, misaligned_kernel)},
      {"pointer of the host", checked, "an address of the host",
       [] {
         const std::vector<float> host(32, 1.0f);
         const Buffer<float> to(32);
         launch(kOnDevice, {"copy", 1, 32}, copy_kernel, host.data(), to.data());
         wait();
         return true;
       }},
      {"null pointer", Seen::always, "a null pointer",
       [] {
         const Buffer<float> to(32);
         launch(kOnDevice, {"copy", 1, 32}, copy_kernel, nullptr, to.data());
         wait();
         return true;
       }},
      {"write past global memory", checked, "1024 bytes into a device buffer of 1024 bytes (parameter 1 of the kernel)",
       on_ones({"out_of_bounds", 1, 32}, out_of_bounds_kernel, 225)},
      {"write pages past global memory", Seen::always, "a device buffer of 1024 bytes",
       on_ones({"out_of_bounds", 1, 32}, out_of_bounds_kernel, 1024)},
      {"write before global memory", checked, "out of bounds",
       on_ones({"out_of_bounds", 1, 32}, out_of_bounds_kernel, -1)},
      {"no __syncwarp", checked, "shared `sums`", on_ones({"tree", 1, 32}, tree_in_a_warp_kernel, Mistake::planted)},
      {"__syncwarp (clean)", Seen::never, "", on_ones({"tree", 1, 32}, tree_in_a_warp_kernel, Mistake::none)},
      {"shuffle in diverged code", Seen::always, "its warp waits", on_ones({"shuffle", 1, 32}, shuffle_of_half_kernel)},
      {"shuffle by halves (clean)", Seen::never, "", on_ones({"shuffle", 1, 64}, shuffle_by_halves_kernel)},
      {"shuffle from outside the mask", Seen::always, "outside its mask",
       on_ones({"shuffle", 1, 32}, shuffle_from_outside_kernel)},
      {"lane not in its own mask", Seen::always, "not in its own mask",
       on_ones({"shuffle", 1, 32}, shuffle_without_itself_kernel)},
      {"__syncthreads by some", Seen::always, "__syncthreads", on_ones({"barrier", 1, 64}, barrier_of_some_kernel)},
      {"two __syncthreads in if and else", Seen::always, "diverge", on_ones({"barrier", 1, 64}, two_barriers_kernel)},
      {"blocks race on +=", checked, "data race", on_ones({"sum", 4, 32}, sum_of_blocks_kernel, Mistake::planted)},
      {"blocks add atomically (clean)", Seen::never, "", on_ones({"sum", 4, 32}, sum_of_blocks_kernel, Mistake::none)},
      {"second reduction overruns the first", checked, "shared `parts`",
       on_ones({"reductions", 1, 128}, two_reductions_kernel, Mistake::planted)},
      {"two reductions (clean)", Seen::never, "",
       on_ones({"reductions", 1, 128}, two_reductions_kernel, Mistake::none)},
      {"another named barrier", checked, "shared `handed`",
       on_ones({"named", 1, 128}, named_barrier_kernel, Mistake::planted)},
      {"named barrier of two warps (clean)", Seen::never, "",
       on_ones({"named", 1, 128}, named_barrier_kernel, Mistake::none)},
      {"spin that never ends", Seen::always, "deadlock", on_ones({"spin", 1, 32}, endless_spin_kernel)},
      {"stack overflow", Seen::always, "stack overflow", on_ones({"deep", 1, 32}, deep_kernel)},
      {"16-bit neighbours (clean)", Seen::never, "",
       [] {
         const Buffer<std::uint16_t> p(64, 1);
         launch(kOnDevice, {"neighbours", 1, 64}, neighbours_kernel, p.data());
         return p.values() == std::vector<std::uint16_t>(64, 2);
       }},
      {"8-bit neighbours (clean)", Seen::never, "",
       [] {
         const Buffer<std::uint8_t> p(63 + 1, 1);
         launch(kOnDevice, {"neighbours", 1, 64}, byte_neighbours_kernel, p.data());
         return p.values() == std::vector<std::uint8_t>(64, 2);
       }},
      {"all threads store the same value", checked, "data race", on_ones({"same", 1, 32}, same_value_kernel)},
      {"a block reads what another writes", checked, "data race", on_ones({"order", 2, 32}, order_of_blocks_kernel)},
      {"uninitialised global memory", checked, "uninitialised",
       [] {
         const Buffer<std::uint16_t> p(64);
         launch(kOnDevice, {"neighbours", 1, 64}, neighbours_kernel, p.data());
         wait();
         return true;
       }},
      {"static shared memory over 48 KiB", Seen::always, "over the limit of 48 KiB",
       on_ones({"large", 1, 32}, large_static_kernel)},
      {"dynamic shared memory over 227 KiB", Seen::always, "at most 232448",
       on_ones({"dynamic", 1, 32, 240 << 10}, dynamic_kernel, 32)},
      {"write past dynamic shared memory", checked, "1024 bytes into shared `dynamic shared memory` of 1024 bytes",
       on_ones({"dynamic", 1, 32, 1024}, dynamic_kernel, 257)},
      {"block of 1056 threads", Seen::always, "at most 1024", on_ones({"dynamic", 1, 1056, 1024}, dynamic_kernel, 1)},
      {"block of 16 threads", Seen::always, "whole warps",
       on_ones({"tree", 1, 16}, tree_in_a_warp_kernel, Mistake::none)},
      {"grid too deep", Seen::always, "65535", on_ones({"same", dim3(1, 1, 65536), 32}, same_value_kernel)},
      {"ldmatrix past the tile", checked, "out of bounds", on_ones({"rows", 1, 32, 512}, rows_past_the_tile_kernel)},
      {"large memcpy out of bounds", checked, "read of 128 bytes out of bounds",
       [] {
         const Buffer<float> from(64, 1.0f), to(32);
         launch(kOnDevice, {"large_memcpy", 1, 32}, large_memcpy_kernel, from.data(), to.data());
         wait();
         return true;
       }},
      {"cp.async read before the wait", checked, "before the cp.async",
       [] {
         const Buffer<float> from(128, 1.0f), to(32);
         launch(kOnDevice, {"async_copy", 1, 32}, async_copy_kernel, from.data(), to.data(), Mistake::planted);
         return to.values() == std::vector<float>(32, 1);
       }},
      {"cp.async (clean)", Seen::never, "",
       [] {
         const Buffer<float> from(128, 1.0f), to(32);
         launch(kOnDevice, {"async_copy", 1, 32}, async_copy_kernel, from.data(), to.data(), Mistake::none);
         return to.values() == std::vector<float>(32, 1);
       }},
      {"cp.async never waited for", Seen::always, "never waited for",
       [] {
         const Buffer<float> from(128, 1.0f);
         launch(kOnDevice, {"async_copy", 1, 32}, async_copy_never_awaited_kernel, from.data());
         wait();
         return true;
       }},
      {"use after free", Seen::always, "that was freed",
       [] {
         const float* freed = Buffer<float>(32, 1.0f).data();
         const Buffer<float> to(32);
         launch(kOnDevice, {"copy", 1, 32}, copy_kernel, freed, to.data());
         wait();
         return true;
       }},
  };
}

}  // namespace sluice::test
