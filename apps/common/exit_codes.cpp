// SPDX-License-Identifier: Apache-2.0
#include "apps/common/exit_codes.h"

#include <cstdio>
#include <new>

#include <sluice/base/file.h>
#include "apps/common/output.h"

namespace sluice::apps {
namespace {

int report(const char* program, const char* message, int code) noexcept {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", program, message);
  return code;
}

}  // namespace

int run_main(const char* program, const std::function<int()>& body) noexcept {
  try {
    return finish_output(program, body());
  } catch (const UsageError& error) {
    return report(program, error.what(), exit_usage);
  } catch (const std::invalid_argument& error) {
    return report(program, error.what(), exit_usage);
  } catch (const CheckpointError& error) {
    return report(program, error.what(), exit_checkpoint);
  } catch (const NumericError& error) {
    return report(program, error.what(), exit_numeric);
  } catch (const WriteError& error) {
    return report(program, error.what(), exit_error);
  } catch (const IoError& error) {
    return report(program, error.what(), exit_data);
  } catch (const std::bad_alloc&) {
    return report(program, "out of memory", exit_error);
  } catch (const std::exception& error) {
    return report(program, error.what(), exit_error);
  } catch (...) {
    return report(program, "an error of an unknown kind", exit_error);
  }
}

}  // namespace sluice::apps
