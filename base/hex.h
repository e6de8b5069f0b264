/* SPDX-License-Identifier: Apache-2.0 */
/* Lower-case hexadecimal. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** al_hex_write: @ret_text: room for 2 * @len + 1 characters. Returns: @ret_text. */
char *al_hex_write (const void *data, size_t len, char *ret_text);

/** al_hex_parse: @text: exactly 2 * @size digits of either case, no other character. On failure @ret_data is undefined. */
bool al_hex_parse (const char *text, size_t len, void *ret_data, size_t size);
