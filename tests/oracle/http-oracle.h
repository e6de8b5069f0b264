/* SPDX-License-Identifier: Apache-2.0 */
/* Debian's http-parser beside ours: whatever we accept, it must accept and understand in the same way. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * http_oracle_compare: asserts the property for one request, head and body, in @data.
 *
 * Returns: what al_http_request_parse() said.
 */
int http_oracle_compare (const uint8_t *data, size_t len);
