/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values as text, appended to a string that is being built: what json-glib's generator does, without its copies. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/** sig_json_append: appends @node without white space (RFC 8259). Numbers that are not finite become null. Any thread. */
void sig_json_append (GString *out, JsonNode *node);
/** sig_json_append_object: the same for an object without its node. */
void sig_json_append_object (GString *out, JsonObject *object);
void sig_json_append_int (GString *out, int64_t value);
/** sig_json_append_string: appends @text (UTF-8) quoted and escaped. */
void sig_json_append_string (GString *out, const char *text);
