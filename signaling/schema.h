/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small subset of JSON Schema, compiled once from docs/openrpc.json, checked on every request.
 *
 * Understood: type (a word or a list of words), properties, required, additionalProperties (true, false or a schema),
 * maxProperties, minLength and maxLength (characters), minimum, maximum, minItems, maxItems, items, enum, const, oneOf,
 * $ref into #/components/schemas, format "base64url" with x-bytes, x-minBytes, x-maxBytes (decoded), format "id".
 * Annotations (title, description, examples, default, deprecated) are skipped; every other keyword is an error, so that
 * nothing in the document is believed to be checked and is not.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>

#define SIG_SCHEMA_ERROR (sig_schema_error_quark ())
GQuark sig_schema_error_quark (void);
typedef enum { SIG_SCHEMA_ERROR_INVALID } SigSchemaError;

typedef struct SigSchema SigSchema;       /* one compiled schema; owned by its set; immutable */
typedef struct SigSchemaSet SigSchemaSet; /* all schemas of a document */

/** sig_schema_set_new: @components: (transfer none) (nullable): the object that #/components/schemas names; referenced. */
SigSchemaSet *sig_schema_set_new (JsonObject *components);
void sig_schema_set_free (SigSchemaSet *set);

/** sig_schema_set_compile: Returns: (transfer none) (nullable): lives as long as @set. Errors: SIG_SCHEMA_ERROR. */
const SigSchema *sig_schema_set_compile (SigSchemaSet *set, JsonNode *schema, GError **error);

/**
 * sig_schema_set_compile_params:
 * @params: OpenRPC's list of content descriptors {name, schema, required}
 * @shapes: (nullable): x-shapes: lists of names, of which exactly one list must be there in full, and no name of another
 *   (a name that stands in several lists, or in none, is free). [["token"], ["jwt", "device"]]
 *
 * Returns: (transfer none) (nullable): an object that is closed (unknown members are faults).
 */
const SigSchema *sig_schema_set_compile_params (SigSchemaSet *set, JsonArray *params, JsonArray *shapes, GError **error);

/** SIG_SCHEMA_FAULT_BYTES: room for a fault's text and its NUL. */
#define SIG_SCHEMA_FAULT_BYTES 192

/**
 * sig_schema_check:
 * @value: (transfer none): of at most AL_JSON_MAX_DEPTH levels, as al_json_parse() makes them
 * @root: the first word of the path: "params"
 * @ret_fault: (nullable): SIG_SCHEMA_FAULT_BYTES bytes; on false "params.device.name: expected at most 64 characters",
 *   the first fault in document order; valid UTF-8. Holds no values of the peer, but may hold its member names
 *
 * No allocation. Any thread.
 */
bool sig_schema_check (const SigSchema *schema, JsonNode *value, const char *root, char *ret_fault);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SigSchemaSet, sig_schema_set_free)
