// SPDX-License-Identifier: Apache-2.0
// What the compiler calls from a kernel that is built with -fsanitize=thread,alignment. The names are those of the
// sanitizers' runtimes, which are not linked.
#include <unistd.h>

#include <cstring>

#include <sluice/emulator/access_checker.h>

namespace {

using sluice::emulator::Access;

// Never destroyed: what frees memory at exit still speaks to it; the trace prints at exit.
sluice::emulator::AccessChecker& access_checker = *new sluice::emulator::AccessChecker;

struct SourceLocation {
  const char* file;
  std::uint32_t line, column;
};

struct TypeDescriptor {
  std::uint16_t kind, info;
  char name[1];
};

struct TypeMismatch {
  SourceLocation location;
  const TypeDescriptor* type;
  unsigned char log_alignment, kind;
};

}  // namespace

#define CALLER __builtin_return_address(0)

#define SLUICE_PLAIN_HOOKS(prefix, bytes)                               \
  void __tsan_##prefix##read##bytes(void* memory) {                     \
    access_checker.kernel_access(memory, bytes, Access::read, CALLER);  \
  }                                                                     \
  void __tsan_##prefix##write##bytes(void* memory) {                    \
    access_checker.kernel_access(memory, bytes, Access::write, CALLER); \
  }
#define SLUICE_HOOKS(bytes)             \
  SLUICE_PLAIN_HOOKS(, bytes)           \
  SLUICE_PLAIN_HOOKS(unaligned_, bytes) \
  SLUICE_PLAIN_HOOKS(volatile_, bytes)

// One thread runs at a time, so a read and a write are atomic together.
#define SLUICE_ATOMIC_FETCH(bits, name, expression)                                            \
  Word##bits __tsan_atomic##bits##_fetch_##name(volatile Word##bits* p, Word##bits v, int) {   \
    access_checker.atomic_access(const_cast<Word##bits*>(p), bits / 8, Access::write, CALLER); \
    const Word##bits old = *p;                                                                 \
    *p = static_cast<Word##bits>(expression);                                                  \
    return old;                                                                                \
  }
#define SLUICE_ATOMIC_HOOKS(bits)                                                                                     \
  using Word##bits = std::uint##bits##_t;                                                                             \
  Word##bits __tsan_atomic##bits##_load(const volatile Word##bits* p, int) {                                          \
    access_checker.atomic_access(const_cast<const Word##bits*>(p), bits / 8, Access::read, CALLER);                   \
    return *p;                                                                                                        \
  }                                                                                                                   \
  void __tsan_atomic##bits##_store(volatile Word##bits* p, Word##bits v, int) {                                       \
    access_checker.atomic_access(const_cast<Word##bits*>(p), bits / 8, Access::write, CALLER);                        \
    *p = v;                                                                                                           \
  }                                                                                                                   \
  Word##bits __tsan_atomic##bits##_exchange(volatile Word##bits* p, Word##bits v, int) {                              \
    access_checker.atomic_access(const_cast<Word##bits*>(p), bits / 8, Access::write, CALLER);                        \
    const Word##bits old = *p;                                                                                        \
    *p = v;                                                                                                           \
    return old;                                                                                                       \
  }                                                                                                                   \
  SLUICE_ATOMIC_FETCH(bits, add, old + v)                                                                             \
  SLUICE_ATOMIC_FETCH(bits, sub, old - v)                                                                             \
  SLUICE_ATOMIC_FETCH(bits, and, old& v)                                                                              \
  SLUICE_ATOMIC_FETCH(bits, or, old | v)                                                                              \
  SLUICE_ATOMIC_FETCH(bits, xor, old ^ v)                                                                             \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile Word##bits* p, Word##bits* expected, Word##bits desired, \
                                                    int, int) {                                                       \
    access_checker.atomic_access(const_cast<Word##bits*>(p), bits / 8, Access::write, CALLER);                        \
    const Word##bits old = *p;                                                                                        \
    if (old == *expected) {                                                                                           \
      *p = desired;                                                                                                   \
      return 1;                                                                                                       \
    }                                                                                                                 \
    *expected = old;                                                                                                  \
    return 0;                                                                                                         \
  }                                                                                                                   \
  Word##bits __tsan_atomic##bits##_compare_exchange_val(volatile Word##bits* p, Word##bits expected,                  \
                                                        Word##bits desired, int, int) {                               \
    access_checker.atomic_access(const_cast<Word##bits*>(p), bits / 8, Access::write, CALLER);                        \
    const Word##bits old = *p;                                                                                        \
    if (old == expected) *p = desired;                                                                                \
    return old;                                                                                                       \
  }

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

SLUICE_HOOKS(1)
SLUICE_HOOKS(2)
SLUICE_HOOKS(4)
SLUICE_HOOKS(8)
SLUICE_HOOKS(16)

void __tsan_read_range(void* memory, std::size_t bytes) {
  access_checker.kernel_access(memory, bytes, Access::read, CALLER);
}
void __tsan_write_range(void* memory, std::size_t bytes) {
  access_checker.kernel_access(memory, bytes, Access::write, CALLER);
}

SLUICE_ATOMIC_HOOKS(8)
SLUICE_ATOMIC_HOOKS(16)
SLUICE_ATOMIC_HOOKS(32)
SLUICE_ATOMIC_HOOKS(64)

// Kernels call these in place of memcpy, memmove and memset (CMakeLists.txt renames them): calls of the C library are
// not instrumented.
void* sluice_checked_memcpy(void* to, const void* from, std::size_t bytes) {
  access_checker.kernel_access(from, bytes, Access::read, CALLER);
  access_checker.kernel_access(to, bytes, Access::write, CALLER);
  return std::memmove(to, from, bytes);
}
void* sluice_checked_memset(void* to, int value, std::size_t bytes) {
  access_checker.kernel_access(to, bytes, Access::write, CALLER);
  return std::memset(to, value, bytes);
}

void __ubsan_handle_type_mismatch_v1(const TypeMismatch* mismatch, std::uintptr_t address) {
  if ((address & ((std::uintptr_t{1} << mismatch->log_alignment) - 1)) == 0) return;
  access_checker.misaligned(reinterpret_cast<const void*>(address), mismatch->type->name, mismatch->location.file,
                            mismatch->location.line);
}
void __ubsan_handle_type_mismatch_v1_abort(const TypeMismatch* mismatch, std::uintptr_t address) {
  __ubsan_handle_type_mismatch_v1(mismatch, address);
}

}  // extern "C"
