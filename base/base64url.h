/* SPDX-License-Identifier: Apache-2.0 */
/* Base64url without padding (RFC 4648 §5), as JWT, tokens and blobs use it. One spelling per value. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** AL_BASE64URL_LEN: characters (without NUL) that @n bytes become. */
#define AL_BASE64URL_LEN(n) (((n) *4 + 2) / 3)
/** AL_BASE64URL_BYTES: bytes that @n characters become. */
#define AL_BASE64URL_BYTES(n) ((n) / 4 * 3 + ((n) % 4 == 0 ? 0 : (n) % 4 - 1))

/** al_base64url_write: @ret_text: room for AL_BASE64URL_LEN (@len) + 1 characters. Returns: @ret_text. */
char *al_base64url_write (const void *data, size_t len, char *ret_text);

/** al_base64url_encode: Returns: (transfer full): NUL-terminated. */
char *al_base64url_encode (const void *data, size_t len);

/**
 * al_base64url_parse:
 * @text: @len characters, any bytes
 * @ret_data: room for @size bytes
 * @ret_len: bytes written
 *
 * Refuses padding, white space, the characters of plain base64 ("+", "/"), a length of 4 n + 1, set bits behind the last
 * byte (RFC 4648 §3.5), and what does not fit. On failure @ret_data is undefined and @ret_len untouched.
 */
bool al_base64url_parse (const char *text, size_t len, void *ret_data, size_t size, size_t *ret_len);

/** al_base64url_parse_exact: the same for a value that must be exactly @size bytes: keys, ids, hashes. */
bool al_base64url_parse_exact (const char *text, size_t len, void *ret_data, size_t size);

/** al_base64url_decode: Returns: (transfer full) (nullable): @ret_len bytes (and a NUL behind them); NULL when refused. */
uint8_t *al_base64url_decode (const char *text, size_t len, size_t *ret_len);

/** al_base64url_check: Returns: would @text be taken, and how many bytes is it: for blobs that are passed on as text. */
bool al_base64url_check (const char *text, size_t len, size_t *ret_len);
