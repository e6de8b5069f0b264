/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness of the kernel, fit for keys, tokens and ids. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** al_random_bytes: fills @data with @len bytes from getrandom(2). Aborts the process if the kernel has none to give. */
void al_random_bytes (void *data, size_t len);

/** al_random_id: Returns: evenly from 1 to 2^53 - 1, so that it survives a JSON number of any reader. */
int64_t al_random_id (void);
