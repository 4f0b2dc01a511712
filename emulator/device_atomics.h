// SPDX-License-Identifier: Apache-2.0
// Atomics of the device language under a host compiler. One thread runs at a time, so a read and a write are atomic
// together; they go through the compiler's atomic builtins so that the checked build knows them.
#pragma once

#include <type_traits>

// *address = change(*address); returns what was there.
template <class T, class Change>
T atomic_update(T* address, const Change& change) {
  T old, next;
  __atomic_load(address, &old, __ATOMIC_RELAXED);
  do next = change(old);
  while (!__atomic_compare_exchange(address, &old, &next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return old;
}

template <class T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  if constexpr (std::is_integral_v<T>)
    return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);
  else
    return atomic_update(address, [&](T old) { return old + value; });
}

template <class T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> desired) {
  __atomic_compare_exchange_n(address, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}

template <class T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  T old;
  __atomic_exchange(address, &value, &old, __ATOMIC_RELAXED);
  return old;
}

template <class T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return atomic_update(address, [&](T old) { return old < value ? value : old; });
}

template <class T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return atomic_update(address, [&](T old) { return value < old ? value : old; });
}

// Counts 0 .. most and round again.
inline unsigned atomicInc(unsigned* address, unsigned most) {
  return atomic_update(address, [&](unsigned old) { return old >= most ? 0 : old + 1; });
}
