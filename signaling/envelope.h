/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of JSON-RPC 2.0: request objects read, answers and notifications written. Pure. Any thread. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/** Most requests in a batch. */
#define SIG_ENVELOPE_MAX_BATCH 50
/** Most characters of an id that is a string. */
#define SIG_ENVELOPE_MAX_ID 128

/** SigEnvelopeFault: what is wrong with a message, as JSON-RPC's codes see it. */
typedef enum {
  SIG_ENVELOPE_OK,
  SIG_ENVELOPE_PARSE,       /* not strict JSON: -32700 `parse_error` */
  SIG_ENVELOPE_INVALID,     /* not a request object, or an empty batch: -32600 `invalid_request` */
  SIG_ENVELOPE_BATCH,       /* more than SIG_ENVELOPE_MAX_BATCH requests: -32600 `batch_too_large` */
  SIG_ENVELOPE_POSITIONAL   /* params is a list: -32602 `invalid_params` */
} SigEnvelopeFault;

/** SigRequest: one request object. Views point into the node it was read from. */
typedef struct {
  bool notification;   /* no id: no answer */
  JsonNode *id;        /* (transfer none) (nullable): a string, number or null; NULL (answered as null) when it has none
                          or a wrong one */
  const char *method;  /* NULL when not a request */
  JsonObject *params;  /* (transfer none) (nullable) */
} SigRequest;

/**
 * sig_envelope_parse:
 * @text: @len bytes of one message
 * @ret_root: (transfer full) (nullable): the parsed message, also for SIG_ENVELOPE_BATCH and INVALID; NULL for PARSE
 *
 * Returns: OK: @ret_root is an object, or a list of 1 to SIG_ENVELOPE_MAX_BATCH values (each still to be read).
 */
SigEnvelopeFault sig_envelope_parse (const char *text, size_t len, JsonNode **ret_root);

/**
 * sig_request_read:
 * @node: one value of a message
 *
 * Rules (JSON-RPC 2.0 §4): jsonrpc is "2.0", method a string, params (optional) an object, id (optional) a string of at
 * most SIG_ENVELOPE_MAX_ID characters, a number or null; members of other names are refused.
 *
 * Returns: OK, INVALID (the id is set if it was a right one) or POSITIONAL (method is set).
 */
SigEnvelopeFault sig_request_read (JsonNode *node, SigRequest *ret);

/** sig_envelope_append_result: @id: (nullable): NULL is written as null. @result: JSON text of @len bytes. */
void sig_envelope_append_result (GString *out, JsonNode *id, const char *result, size_t len);

/** SigEnvelopeError: the error object {code, message, data: {reason, retryAfterMs?, ...}}. */
typedef struct {
  int code;
  const char *reason, *message;
  int64_t retry_after_ms; /* 0: none */
  JsonObject *extra;      /* (nullable): more members of data */
} SigEnvelopeError;
void sig_envelope_append_error (GString *out, JsonNode *id, const SigEnvelopeError *error);

/** sig_envelope_notification: @params: (transfer none). Returns: (transfer full): the message. */
AlBuf *sig_envelope_notification (const char *method, JsonObject *params);
/** sig_envelope_notification_members: the same of params whose members are text: @len bytes of JSON between the braces,
 *  not empty; @seq is added. */
AlBuf *sig_envelope_notification_members (const char *method, const char *members, size_t len, uint64_t seq);
