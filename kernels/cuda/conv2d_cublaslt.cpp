// SPDX-License-Identifier: Apache-2.0
// Convolutions of 1x1 with stride 1, and so linear maps, by cuBLASLt. Its matrices are column-major, so ours, by rows,
// are the transposes of what it sees: with x [M,C], weight [K,C] and y [M,K] by rows,
//   forward           y' [K,M]  = weight [K,C] x' [C,M], plus bias [K]
//   backward_input    dx' [C,M] = weight' [C,K] dy' [K,M]
//   backward_weight   dw' [C,K] = x' [C,M] dy [M,K]
// Source: NVIDIA, cuBLAS documentation, cublasLtMatmul.
#include <cublasLt.h>

#include <map>
#include <mutex>
#include <tuple>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_libraries.h>
#include <sluice/kernels/cuda/launch.h>
#include <sluice/kernels/cuda/shared_library.h>
#include <sluice/kernels/cuda/sum_rows.h>

namespace sluice::kernels::cuda {
namespace {

struct Cublas {
  SharedLibrary library{"cuBLASLt", {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"}};

#define SLUICE_CUBLAS(name) \
  decltype(&cublasLt##name) name = library.function<decltype(&cublasLt##name)>("cublasLt" #name)
  SLUICE_CUBLAS(GetStatusString);
  SLUICE_CUBLAS(Create);
  SLUICE_CUBLAS(MatrixLayoutCreate);
  SLUICE_CUBLAS(MatrixLayoutDestroy);
  SLUICE_CUBLAS(MatmulDescCreate);
  SLUICE_CUBLAS(MatmulDescDestroy);
  SLUICE_CUBLAS(MatmulDescSetAttribute);
  SLUICE_CUBLAS(MatmulPreferenceCreate);
  SLUICE_CUBLAS(MatmulPreferenceDestroy);
  SLUICE_CUBLAS(MatmulPreferenceSetAttribute);
  SLUICE_CUBLAS(MatmulAlgoGetHeuristic);
  SLUICE_CUBLAS(Matmul);
#undef SLUICE_CUBLAS
};

const Cublas& cublas() {
  static const Cublas functions;
  return functions;
}

void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw DeviceError(concat("cuBLASLt: ", what, " failed: ", cublas().GetStatusString(status)));
}

std::mutex mutex;

cublasLtHandle_t handle_on(int device) {
  static std::map<int, cublasLtHandle_t> handles;
  cublasLtHandle_t& handle = handles[device];
  if (handle == nullptr) check(cublas().Create(&handle), "cublasLtCreate");
  return handle;
}

// What NVIDIA's documentation advises for Hopper.
constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

template <class T>
constexpr cudaDataType_t kDataType = std::is_same_v<T, float> ? CUDA_R_32F : CUDA_R_16BF;

// A matrix as it lies in memory: `rows` contiguous elements in each column.
struct Matrix {
  std::int64_t rows, columns;
  cudaDataType_t type;
};

struct Factors {
  Matrix a, b, d;
  cublasOperation_t turn_a, turn_b;
};

template <class T>
Factors factors_of(Conv2dPass pass, const Conv2dShape& s) {
  const std::int64_t rows = s.batch * s.out_height * s.out_width;
  const Matrix x{s.in_channels, rows, kDataType<T>}, y{s.out_channels, rows, kDataType<T>};
  const Matrix weight{s.in_channels, s.out_channels, kDataType<T>};
  switch (pass) {
    case Conv2dPass::forward: return {weight, x, y, CUBLAS_OP_T, CUBLAS_OP_N};
    case Conv2dPass::backward_input: return {weight, y, x, CUBLAS_OP_N, CUBLAS_OP_N};
    case Conv2dPass::backward_weight: break;
  }
  return {x, y, {s.in_channels, s.out_channels, CUDA_R_32F}, CUBLAS_OP_N, CUBLAS_OP_T};
}

// A product as cuBLASLt knows it; made once a shape and kept.
class Product {
 public:
  Product(const Factors& f, cudaDataType_t bias_type, Bias bias, bool in_fp32) {
    const Cublas& c = cublas();
    try {
      check(c.MatmulDescCreate(&operation_, in_fp32 ? CUBLAS_COMPUTE_32F : CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F),
            "cublasLtMatmulDescCreate");
      set(CUBLASLT_MATMUL_DESC_TRANSA, f.turn_a);
      set(CUBLASLT_MATMUL_DESC_TRANSB, f.turn_b);
      if (bias == Bias::present) {
        set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
        set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, bias_type);
      }
      layout(a_, f.a);
      layout(b_, f.b);
      layout(d_, f.d);
      choose();
    } catch (...) {
      destroy();
      throw;
    }
  }
  ~Product() { destroy(); }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  bool supported() const { return supported_; }

  void run(const Exec& exec, const void* a, const void* b, const void* bias, void* d, void* workspace) {
    constexpr float one = 1, zero = 0;
    if (bias != nullptr) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    check(cublas().Matmul(handle_on(exec.device.index), operation_, &one, a, a_, b, b_, &zero, d, d_, d, d_,
                          &algorithm_, workspace, kWorkspaceBytes, stream_of(exec)),
          "cublasLtMatmul");
  }

 private:
  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, const Value& value) {
    check(cublas().MatmulDescSetAttribute(operation_, attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  }

  static void layout(cublasLtMatrixLayout_t& layout, const Matrix& m) {
    check(cublas().MatrixLayoutCreate(&layout, m.type, static_cast<std::uint64_t>(m.rows),
                                      static_cast<std::uint64_t>(m.columns), m.rows),
          "cublasLtMatrixLayoutCreate");
  }

  // The first that its heuristics know, of those that sum in a fixed order.
  void choose() {
    const Cublas& c = cublas();
    cublasLtMatmulPreference_t preference = nullptr;
    check(c.MatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      return c.MatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value);
    };
    constexpr std::uint32_t alignment = 16, schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    cublasLtMatmulHeuristicResult_t result{};
    int found = 0;
    cublasStatus_t status = prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kWorkspaceBytes);
    if (status == CUBLAS_STATUS_SUCCESS) status = prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
    for (const auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      if (status == CUBLAS_STATUS_SUCCESS) status = prefer(attribute, alignment);
    if (status == CUBLAS_STATUS_SUCCESS)
      status = c.MatmulAlgoGetHeuristic(handle_on(0), operation_, a_, b_, d_, d_, preference, 1, &result, &found);
    c.MatmulPreferenceDestroy(preference);
    supported_ = status == CUBLAS_STATUS_SUCCESS && found == 1;
    algorithm_ = result.algo;
  }

  void destroy() {
    const Cublas& c = cublas();
    for (cublasLtMatrixLayout_t one : {a_, b_, d_})
      if (one != nullptr) c.MatrixLayoutDestroy(one);
    if (operation_ != nullptr) c.MatmulDescDestroy(operation_);
  }

  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, d_ = nullptr;
  cublasLtMatmulAlgo_t algorithm_{};
  bool supported_ = false;
};

// The caller holds the lock.
template <class T>
Product& product_of(Conv2dPass pass, const Conv2dShape& shape) {
  static std::map<std::tuple<Conv2dPass, Conv2dShape, MatmulPrecision>, Product> known;
  const std::tuple key{pass, shape, matmul_precision()};
  const auto found = known.find(key);
  if (found != known.end()) return found->second;
  const bool in_fp32 = !std::is_same_v<T, float> || matmul_precision() == MatmulPrecision::fp32;
  return known
      .try_emplace(key, factors_of<T>(pass, shape), kDataType<T>,
                   pass == Conv2dPass::forward ? shape.window.bias : Bias::absent, in_fp32)
      .first->second;
}

template <class T>
bool supports(Conv2dPass pass, const Conv2dShape& s) {
  const Conv2dWindow& w = s.window;
  if (s.kernel_height != 1 || s.kernel_width != 1 || w.stride_height != 1 || w.stride_width != 1 ||
      w.padding_height != 0 || w.padding_width != 0 || w.groups != 1)
    return false;
  const std::lock_guard lock(mutex);
  return product_of<T>(pass, s).supported();
}

// cuBLASLt's workspace, then weight and bias in bf16, then what sum_rows asks for.
template <class T>
std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& s) {
  const std::size_t sums = pass == Conv2dPass::backward_weight
                               ? sum_rows_scratch_bytes(s.batch * s.out_height * s.out_width, s.out_channels)
                               : 0;
  return kWorkspaceBytes + copy_bytes<T>(s.weight_size()) + copy_bytes<T>(s.out_channels) + sums;
}

template <class T>
void run(const Exec& exec, Conv2dPass pass, const Conv2dShape& s, const Conv2dOperands<T>& operands, void* scratch) {
  auto* const workspace = static_cast<std::byte*>(scratch);
  std::byte *const weight_copy = workspace + kWorkspaceBytes,
                   *const bias_copy = weight_copy + copy_bytes<T>(s.weight_size()),
                   *const sums = bias_copy + copy_bytes<T>(s.out_channels);
  const std::lock_guard lock(mutex);
  Product& product = product_of<T>(pass, s);
  switch (pass) {
    case Conv2dPass::forward: {
      const T* weight = weight_as<T>(exec, s, operands, weight_copy);
      const T* bias = operands.bias == nullptr ? nullptr : copy_as<T>(exec, s.out_channels, operands.bias, bias_copy);
      return product.run(exec, weight, operands.x, bias, operands.y, workspace);
    }
    case Conv2dPass::backward_input:
      return product.run(exec, weight_as<T>(exec, s, operands, weight_copy), operands.y, nullptr, operands.x,
                         workspace);
    case Conv2dPass::backward_weight:
      product.run(exec, operands.x, operands.y, nullptr, operands.weight, workspace);
      if (operands.bias != nullptr)
        sum_rows<T>(exec, s.batch * s.out_height * s.out_width, s.out_channels, operands.y, operands.bias, sums);
      return;
  }
}

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_cublaslt() {
  cublas();
  return {"cublaslt", supports<T>, scratch_bytes<T>, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_cublaslt<T>); });

}  // namespace sluice::kernels::cuda
