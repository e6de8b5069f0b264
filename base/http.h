/* SPDX-License-Identifier: Apache-2.0 */
/* A strict HTTP/1.1 request codec (RFC 9110, RFC 9112). Pure: bytes in, views into them out. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AL_HTTP_MAX_HEAD 16384
#define AL_HTTP_MAX_FIELDS 100

/** AlStr: a view of @len bytes, not NUL-terminated. */
typedef struct {
  const char *ptr;
  size_t len;
} AlStr;

bool al_str_equal (AlStr a, const char *b);
/** al_str_equal_nocase: ASCII case folding only. */
bool al_str_equal_nocase (AlStr a, const char *b);
/** al_str_trim: Returns: @a without spaces and tabs around it (OWS of RFC 9110 §5.6.3). */
AlStr al_str_trim (AlStr a);
/** al_str_has_token: is @token one of the comma-separated elements (RFC 9110 §5.6.1), case folded. */
bool al_str_has_token (AlStr list, const char *token);

typedef struct {
  AlStr name, value; /* value without surrounding white space */
} AlHttpField;

/** AlHttpRequest: views point into the parsed bytes and live as long as these. */
typedef struct {
  AlStr method;
  AlStr target;           /* as sent: origin-form or "*" */
  AlStr path;             /* target up to "?", still percent-encoded */
  AlStr query;            /* behind "?", may be empty */
  unsigned minor;         /* HTTP/1.minor, 0 or 1 */
  AlHttpField fields[AL_HTTP_MAX_FIELDS];
  unsigned n_fields;
  int64_t content_length; /* -1: none given */
  bool chunked;
  bool keep_alive;
  bool expect_continue;
  bool upgrade_websocket; /* a complete RFC 6455 §4.2.1 handshake: GET, HTTP/1.1, Upgrade, Connection, key, version 13 */
  AlStr websocket_key;
  size_t head_len;        /* bytes of the request head, its empty line included */
} AlHttpRequest;

/** AL_HTTP_MORE: the head is not complete; every other value but OK is the status code to answer before closing. */
typedef enum {
  AL_HTTP_MORE = 0,
  AL_HTTP_OK = 1,
  AL_HTTP_BAD_REQUEST = 400,
  AL_HTTP_URI_TOO_LONG = 414,
  AL_HTTP_UPGRADE_REQUIRED = 426,  /* a WebSocket version other than 13 */
  AL_HTTP_FIELDS_TOO_LARGE = 431,
  AL_HTTP_NOT_IMPLEMENTED = 501,   /* a transfer coding other than chunked */
  AL_HTTP_VERSION = 505
} AlHttpStatus;

/**
 * al_http_request_parse:
 *
 * Refuses bare LF, obs-fold, white space before the colon, NUL and control bytes, missing or doubled Host, doubled or
 * conflicting Content-Length, Content-Length with Transfer-Encoding, more than AL_HTTP_MAX_FIELDS fields, a head over
 * AL_HTTP_MAX_HEAD. @ret is written only on AL_HTTP_OK.
 */
AlHttpStatus al_http_request_parse (const uint8_t *data, size_t len, AlHttpRequest *ret);
/** al_http_request_get: Returns: the field's value or {NULL, 0}. */
AlStr al_http_request_get (const AlHttpRequest *request, const char *name);

/** AlHttpChunked: decoder state for one chunked body (RFC 9112 §7.1); zero it to begin. */
typedef struct {
  int state;
  uint64_t left;
  unsigned line_bytes;
} AlHttpChunked;
typedef enum { AL_CHUNK_MORE, AL_CHUNK_DATA, AL_CHUNK_END, AL_CHUNK_ERROR } AlChunk;
/**
 * al_http_chunked_next:
 * @ret_used: bytes of @data consumed by this step
 * @ret_body: on AL_CHUNK_DATA a view of body bytes inside @data
 *
 * Extensions and trailers are skipped within AL_HTTP_MAX_HEAD bytes.
 */
AlChunk al_http_chunked_next (AlHttpChunked *chunked, const uint8_t *data, size_t len, size_t *ret_used, AlStr *ret_body);

/** al_http_reason: Returns: the standard phrase of a status code, "" when unknown. */
const char *al_http_reason (unsigned status);
/** al_http_write_date: @ret: "Sun, 06 Nov 1994 08:49:37 GMT" and NUL (RFC 9110 §5.6.7). */
void al_http_write_date (int64_t wall_s, char ret[30]);
