/* What libFuzzer calls. */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#endif
