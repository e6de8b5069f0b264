/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding (RFC 4648 §5), strict and canonical: every byte string has exactly one text. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** al_base64url_len: Returns: characters that @len bytes take, without a NUL. */
size_t al_base64url_len (size_t len);
/** al_base64url_encode: @ret_text: al_base64url_len() + 1 bytes; a NUL is added. Returns: @ret_text. */
char *al_base64url_encode (const uint8_t *data, size_t len, char *ret_text);
/**
 * al_base64url_decode:
 * @text: @len characters, anything
 * @ret_data: (nullable): room for len * 3 / 4 bytes; NULL only checks
 *
 * Refuses padding, other alphabets, white space, and bits behind the last byte that are not zero (§3.5).
 *
 * Returns: how many bytes @text stands for, or -1; @ret_data then has undefined contents.
 */
ssize_t al_base64url_decode (const char *text, size_t len, uint8_t *ret_data);
