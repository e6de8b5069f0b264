/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4: a keyed hash for tables whose keys come from outside, so that nobody can aim collisions. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** AlSipKey: 128 secret bits. */
typedef struct {
  uint64_t k0, k1;
} AlSipKey;

/** al_sip_key_init_random: fills @key from the kernel's random source. */
void al_sip_key_init_random (AlSipKey *key);

/** al_siphash: Returns: the hash of @len bytes under @key. Not a MAC for the outside: 64 bits. */
uint64_t al_siphash (const AlSipKey *key, const void *data, size_t len);
