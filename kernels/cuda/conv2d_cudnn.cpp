// SPDX-License-Identifier: Apache-2.0
// cuDNN's convolution over NHWC and KRSC. Algorithm 1 of each pass is its implicit GEMM, which is deterministic and on
// tensor cores where the types allow it; for these layouts it has no other that is both.
// Source: NVIDIA, cuDNN API reference, cudnnConvolutionForward and the functions beside it.
#include <cudnn.h>

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

struct Cudnn {
  SharedLibrary library{"cuDNN", {"libcudnn.so.9", "libcudnn.so"}};

#define SLUICE_CUDNN(name) decltype(&cudnn##name) name = library.function<decltype(&cudnn##name)>("cudnn" #name)
  SLUICE_CUDNN(GetErrorString);
  SLUICE_CUDNN(Create);
  SLUICE_CUDNN(SetStream);
  SLUICE_CUDNN(CreateTensorDescriptor);
  SLUICE_CUDNN(DestroyTensorDescriptor);
  SLUICE_CUDNN(SetTensor4dDescriptor);
  SLUICE_CUDNN(CreateFilterDescriptor);
  SLUICE_CUDNN(DestroyFilterDescriptor);
  SLUICE_CUDNN(SetFilter4dDescriptor);
  SLUICE_CUDNN(CreateConvolutionDescriptor);
  SLUICE_CUDNN(DestroyConvolutionDescriptor);
  SLUICE_CUDNN(SetConvolution2dDescriptor);
  SLUICE_CUDNN(SetConvolutionGroupCount);
  SLUICE_CUDNN(SetConvolutionMathType);
  SLUICE_CUDNN(GetConvolutionForwardWorkspaceSize);
  SLUICE_CUDNN(GetConvolutionBackwardDataWorkspaceSize);
  SLUICE_CUDNN(GetConvolutionBackwardFilterWorkspaceSize);
  SLUICE_CUDNN(ConvolutionForward);
  SLUICE_CUDNN(ConvolutionBackwardData);
  SLUICE_CUDNN(ConvolutionBackwardFilter);
  SLUICE_CUDNN(AddTensor);
#undef SLUICE_CUDNN
};

const Cudnn& cudnn() {
  static const Cudnn functions;
  return functions;
}

void check(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS)
    throw DeviceError(concat("cuDNN: ", what, " failed: ", cudnn().GetErrorString(status)));
}

// One handle a device; whoever uses one holds the lock.
std::mutex handle_mutex;

cudnnHandle_t handle_on(int device) {
  static std::map<int, cudnnHandle_t> handles;
  cudnnHandle_t& handle = handles[device];
  if (handle == nullptr) check(cudnn().Create(&handle), "cudnnCreate");
  return handle;
}

int narrow(std::int64_t value) { return static_cast<int>(value); }

template <class T>
constexpr cudnnDataType_t kDataType = std::is_same_v<T, float> ? CUDNN_DATA_FLOAT : CUDNN_DATA_BFLOAT16;

template <class T>
class Descriptors {
 public:
  cudnnTensorDescriptor_t x = nullptr, y = nullptr, bias = nullptr;
  cudnnFilterDescriptor_t weight = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;

  explicit Descriptors(const Conv2dShape& s) {
    const Cudnn& c = cudnn();
    const Conv2dWindow& w = s.window;
    try {
      tensor(x, s.batch, s.in_channels, s.height, s.width);
      tensor(y, s.batch, s.out_channels, s.out_height, s.out_width);
      tensor(bias, 1, s.out_channels, 1, 1);
      check(c.CreateFilterDescriptor(&weight), "cudnnCreateFilterDescriptor");
      check(c.SetFilter4dDescriptor(weight, kDataType<T>, CUDNN_TENSOR_NHWC, narrow(s.out_channels),
                                    narrow(s.in_channels / w.groups), narrow(s.kernel_height), narrow(s.kernel_width)),
            "cudnnSetFilter4dDescriptor");
      check(c.CreateConvolutionDescriptor(&convolution), "cudnnCreateConvolutionDescriptor");
      check(c.SetConvolution2dDescriptor(convolution, narrow(w.padding_height), narrow(w.padding_width),
                                         narrow(w.stride_height), narrow(w.stride_width), narrow(w.dilation_height),
                                         narrow(w.dilation_width), CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
            "cudnnSetConvolution2dDescriptor");
      check(c.SetConvolutionGroupCount(convolution, narrow(w.groups)), "cudnnSetConvolutionGroupCount");
      const bool fp32 = std::is_same_v<T, float> && matmul_precision() == MatmulPrecision::fp32;
      check(c.SetConvolutionMathType(convolution, fp32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH),
            "cudnnSetConvolutionMathType");
    } catch (...) {
      destroy();
      throw;
    }
  }
  ~Descriptors() { destroy(); }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;

 private:
  static void tensor(cudnnTensorDescriptor_t& descriptor, std::int64_t batch, std::int64_t channels,
                     std::int64_t height, std::int64_t width) {
    check(cudnn().CreateTensorDescriptor(&descriptor), "cudnnCreateTensorDescriptor");
    check(cudnn().SetTensor4dDescriptor(descriptor, CUDNN_TENSOR_NHWC, kDataType<T>, narrow(batch), narrow(channels),
                                        narrow(height), narrow(width)),
          "cudnnSetTensor4dDescriptor");
  }

  void destroy() {
    const Cudnn& c = cudnn();
    for (cudnnTensorDescriptor_t descriptor : {x, y, bias})
      if (descriptor != nullptr) c.DestroyTensorDescriptor(descriptor);
    if (weight != nullptr) c.DestroyFilterDescriptor(weight);
    if (convolution != nullptr) c.DestroyConvolutionDescriptor(convolution);
  }
};

// What cuDNN asks for to run a pass at a shape; nothing where it can't.
struct Workspace {
  bool supported = false;
  std::size_t bytes = 0;
};

template <class T>
Workspace workspace_of(Conv2dPass pass, const Conv2dShape& shape) {
  // The same on every device of a process.
  static std::map<std::tuple<Conv2dPass, Conv2dShape, MatmulPrecision>, Workspace> known;
  const std::lock_guard lock(handle_mutex);
  const std::tuple key{pass, shape, matmul_precision()};
  if (const auto found = known.find(key); found != known.end()) return found->second;
  const Cudnn& c = cudnn();
  const cudnnHandle_t handle = handle_on(0);
  const Descriptors<T> d(shape);
  cudnnStatus_t status = CUDNN_STATUS_NOT_SUPPORTED;
  std::size_t bytes = 0;
  switch (pass) {
    case Conv2dPass::forward:
      status = c.GetConvolutionForwardWorkspaceSize(handle, d.x, d.weight, d.convolution, d.y,
                                                    CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, &bytes);
      break;
    case Conv2dPass::backward_input:
      status = c.GetConvolutionBackwardDataWorkspaceSize(handle, d.weight, d.y, d.convolution, d.x,
                                                         CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, &bytes);
      break;
    case Conv2dPass::backward_weight:
      status = c.GetConvolutionBackwardFilterWorkspaceSize(handle, d.x, d.y, d.convolution, d.weight,
                                                           CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, &bytes);
      break;
  }
  return known[key] = {status == CUDNN_STATUS_SUCCESS, bytes};
}

// Scratch: cuDNN's workspace, then weight and bias in bf16, then what sum_rows asks for.
template <class T>
struct Scratch {
  std::size_t workspace_bytes, weight_bytes, bias_bytes, sums_bytes;

  Scratch(Conv2dPass pass, const Conv2dShape& s)
      : workspace_bytes((workspace_of<T>(pass, s).bytes + 255) / 256 * 256),
        weight_bytes(copy_bytes<T>(s.weight_size())),
        bias_bytes(copy_bytes<T>(s.out_channels)),
        sums_bytes(pass == Conv2dPass::backward_weight
                       ? sum_rows_scratch_bytes(s.batch * s.out_height * s.out_width, s.out_channels)
                       : 0) {}
  std::size_t bytes() const { return workspace_bytes + weight_bytes + bias_bytes + sums_bytes; }
};

template <class T>
bool supports(Conv2dPass pass, const Conv2dShape& s) {
  constexpr std::int64_t most = std::int64_t{1} << 31;
  return s.x_size() < most && s.y_size() < most && s.weight_size() < most && workspace_of<T>(pass, s).supported;
}

template <class T>
std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  return Scratch<T>(pass, shape).bytes();
}

template <class T>
void run(const Exec& exec, Conv2dPass pass, const Conv2dShape& s, const Conv2dOperands<T>& operands, void* scratch) {
  const Scratch<T> part(pass, s);
  auto* const workspace = static_cast<std::byte*>(scratch);
  std::byte *const weight_copy = workspace + part.workspace_bytes, *const bias_copy = weight_copy + part.weight_bytes,
                   *const sums = bias_copy + part.bias_bytes;
  const Cudnn& c = cudnn();
  constexpr float one = 1, zero = 0;
  const std::lock_guard lock(handle_mutex);
  const cudnnHandle_t handle = handle_on(exec.device.index);
  check(c.SetStream(handle, stream_of(exec)), "cudnnSetStream");
  const Descriptors<T> d(s);
  switch (pass) {
    case Conv2dPass::forward: {
      const T* weight = weight_as<T>(exec, s, operands, weight_copy);
      check(c.ConvolutionForward(handle, &one, d.x, operands.x, d.weight, weight, d.convolution,
                                 CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, workspace, part.workspace_bytes,
                                 &zero, d.y, operands.y),
            "cudnnConvolutionForward");
      if (operands.bias == nullptr) return;
      const T* bias = copy_as<T>(exec, s.out_channels, operands.bias, bias_copy);
      return check(c.AddTensor(handle, &one, d.bias, bias, &one, d.y, operands.y), "cudnnAddTensor");
    }
    case Conv2dPass::backward_input: {
      const T* weight = weight_as<T>(exec, s, operands, weight_copy);
      return check(c.ConvolutionBackwardData(handle, &one, d.weight, weight, d.y, operands.y, d.convolution,
                                             CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, workspace, part.workspace_bytes, &zero,
                                             d.x, operands.x),
                   "cudnnConvolutionBackwardData");
    }
    case Conv2dPass::backward_weight: {
      void* dweight = std::is_same_v<T, float> ? static_cast<void*>(operands.weight) : weight_copy;
      check(c.ConvolutionBackwardFilter(handle, &one, d.x, operands.x, d.y, operands.y, d.convolution,
                                        CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, workspace, part.workspace_bytes, &zero,
                                        d.weight, dweight),
            "cudnnConvolutionBackwardFilter");
      if constexpr (!std::is_same_v<T, float>)
        Elementwise<Cuda>::cast(exec, s.weight_size(), reinterpret_cast<const T*>(weight_copy), operands.weight);
      if (operands.bias != nullptr)
        sum_rows<T>(exec, s.batch * s.out_height * s.out_width, s.out_channels, operands.y, operands.bias, sums);
      return;
    }
  }
}

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_cudnn() {
  cudnn();
  return {"cudnn", supports<T>, scratch_bytes<T>, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_cudnn<T>); });

}  // namespace sluice::kernels::cuda
