/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url without padding (RFC 4648 §5), as JWT, tokens and blobs use it. One spelling per value. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** AL_BASE64URL_LEN: characters (without NUL) that @n bytes become. */
#define AL_BASE64URL_LEN(n) (((n) *4 + 2) / 3)

/** al_base64url_len: Returns: characters that @len bytes take, without a NUL. */
size_t al_base64url_len (size_t len);

/** al_base64url_write: @ret_text: room for al_base64url_len (@len) + 1 characters. Returns: @ret_text. */
char *al_base64url_write (const void *data, size_t len, char *ret_text);

/** al_base64url_encode: Returns: (transfer full): NUL-terminated. */
char *al_base64url_encode (const void *data, size_t len);

/**
 * al_base64url_decode:
 * @text: @len characters, anything
 * @ret_data: (nullable): room for len * 3 / 4 bytes; NULL only checks
 *
 * Refuses padding, white space, the characters of plain base64 ("+", "/"), a length of 4 n + 1, and set bits behind the
 * last byte (RFC 4648 §3.5): two texts for the same bytes would make signatures and ids ambiguous.
 *
 * Returns: how many bytes @text stands for, or -1; @ret_data then has undefined contents.
 */
ssize_t al_base64url_decode (const char *text, size_t len, void *ret_data);

/** al_base64url_decode_exact: the same for a value that must be exactly @size bytes: keys, ids, hashes. Returns: false,
 *  nothing written, when @len characters cannot be that; otherwise as al_base64url_decode(). */
bool al_base64url_decode_exact (const char *text, size_t len, void *ret_data, size_t size);
