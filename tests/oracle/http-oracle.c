/* SPDX-License-Identifier: Apache-2.0 */
#include "http-oracle.h"

#include <http_parser.h>
#include <string.h>

#include "base/http.h"

typedef struct {
  GString *target, *fields, *body;
  bool in_value, head_done, keep_alive, trailers, done;
  unsigned n_fields;
} Seen;

static int
on_url (http_parser *parser, const char *at, size_t len)
{
  g_string_append_len (((Seen *) parser->data)->target, at, (gssize) len);
  return 0;
}

/* http-parser keeps spaces behind a value; @out ends in one value */
static void
trim_value (GString *out)
{
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
}

/* fields are gathered as "name=value\n"; those behind a body are its trailers */
static int
on_name (http_parser *parser, const char *at, size_t len)
{
  Seen *seen = parser->data;

  seen->trailers = seen->head_done;
  if (seen->head_done)
    return 0;
  if (seen->in_value || seen->n_fields == 0)
    {
      trim_value (seen->fields);
      g_string_append (seen->fields, seen->n_fields > 0 ? "\n" : "");
      seen->n_fields++;
      seen->in_value = false;
    }
  g_string_append_len (seen->fields, at, (gssize) len);
  return 0;
}

static int
on_value (http_parser *parser, const char *at, size_t len)
{
  Seen *seen = parser->data;

  if (seen->head_done)
    return 0;
  if (!seen->in_value)
    g_string_append_c (seen->fields, '=');
  seen->in_value = true;
  g_string_append_len (seen->fields, at, (gssize) len);
  return 0;
}

static int
on_head (http_parser *parser)
{
  Seen *seen = parser->data;

  trim_value (seen->fields);
  seen->head_done = true;
  seen->keep_alive = http_should_keep_alive (parser);
  return 0;
}

static int
on_body (http_parser *parser, const char *at, size_t len)
{
  g_string_append_len (((Seen *) parser->data)->body, at, (gssize) len);
  return 0;
}

static int
on_done (http_parser *parser)
{
  ((Seen *) parser->data)->done = true;
  http_parser_pause (parser, 1);
  return 0;
}

static const http_parser_settings settings = {
  .on_url = on_url,
  .on_header_field = on_name,
  .on_header_value = on_value,
  .on_headers_complete = on_head,
  .on_body = on_body,
  .on_message_complete = on_done,
};

static void
compare_fields (const AlHttpRequest *request, const Seen *seen)
{
  g_autoptr (GString) fields = g_string_new (NULL);

  for (unsigned i = 0; i < request->n_fields; i++)
    {
      g_string_append (fields, i > 0 ? "\n" : "");
      g_string_append_len (fields, request->fields[i].name.ptr, (gssize) request->fields[i].name.len);
      g_string_append_c (fields, '=');
      g_string_append_len (fields, request->fields[i].value.ptr, (gssize) request->fields[i].value.len);
    }
  g_assert_cmpmem (fields->str, fields->len, seen->fields->str, seen->fields->len);
}

/* http-parser overlooks what stands behind an empty element of Connection: ", ,close" */
static bool
has_empty_elements (const AlHttpRequest *request)
{
  for (unsigned i = 0; i < request->n_fields; i++)
    {
      g_autofree char *value = g_strndup (request->fields[i].value.ptr, request->fields[i].value.len);
      g_auto (GStrv) elements = g_strsplit (value, ",", -1);

      for (unsigned j = 0; elements[j] != NULL && al_str_equal_nocase (request->fields[i].name, "connection"); j++)
        if (*g_strstrip (elements[j]) == '\0')
          return true;
    }
  return false;
}

static void
compare_head (const AlHttpRequest *request, const Seen *seen, const http_parser *parser)
{
  const char *method = http_method_str ((enum http_method) parser->method);

  g_assert_true (seen->head_done);
  g_assert_true (al_str_equal (request->method, method));
  g_assert_cmpmem (request->target.ptr, request->target.len, seen->target->str, seen->target->len);
  g_assert_cmpuint (parser->http_major, ==, 1);
  g_assert_cmpuint (parser->http_minor, ==, request->minor);
  if (request->keep_alive && !has_empty_elements (request)) /* where we close, it may overlook a close */
    g_assert_true (seen->keep_alive);
  compare_fields (request, seen);
}

/* Decodes what follows the head, as its framing says. Returns: bytes used; @ret_done: the body is whole. */
static size_t
read_body (const AlHttpRequest *request, const uint8_t *data, size_t len, GString *body, bool *ret_done, bool *ret_error)
{
  AlHttpChunked chunked = { 0 };
  size_t pos = 0, used;
  AlChunk chunk;
  AlStr view;

  *ret_error = false;
  if (!request->chunked)
    {
      uint64_t length = request->content_length > 0 ? (uint64_t) request->content_length : 0;

      pos = (size_t) MIN (length, (uint64_t) len);
      g_string_append_len (body, (const char *) data, (gssize) pos);
      *ret_done = pos == length;
      return pos;
    }
  do
    {
      chunk = al_http_chunked_next (&chunked, data + pos, len - pos, &used, &view);
      pos += used;
      if (chunk == AL_CHUNK_DATA)
        g_string_append_len (body, view.ptr, (gssize) view.len);
    }
  while (chunk == AL_CHUNK_DATA);
  *ret_done = chunk == AL_CHUNK_END;
  *ret_error = chunk == AL_CHUNK_ERROR;
  return pos;
}

static void
compare_body (const AlHttpRequest *request, const uint8_t *data, size_t len, const Seen *seen, const http_parser *parser,
              size_t n)
{
  g_autoptr (GString) body = g_string_new (NULL);
  bool done, error;
  size_t used = read_body (request, data + request->head_len, len - request->head_len, body, &done, &error);

  if (parser->upgrade) /* http-parser stops behind the head and leaves the body to the caller */
    return;
  if (error) /* ours is the stricter one */
    return;
  if (seen->trailers && HTTP_PARSER_ERRNO (parser) != HPE_PAUSED) /* it applies framing fields of trailers, we skip them */
    return;
  g_assert_true (HTTP_PARSER_ERRNO (parser) == HPE_OK || HTTP_PARSER_ERRNO (parser) == HPE_PAUSED);
  g_assert_cmpint (done, ==, seen->done);
  g_assert_cmpmem (body->str, body->len, seen->body->str, seen->body->len);
  /* at a pause it stands on the last byte of the message */
  if (done)
    g_assert_cmpuint (n + (n < request->head_len + used), ==, request->head_len + used);
}

/* http-parser 2.9.4 takes every field whose name begins with Transfer-Encoding for that field */
static bool
confuses_oracle (const AlHttpRequest *request)
{
  for (unsigned i = 0; i < request->n_fields; i++)
    if (request->fields[i].name.len > 17 && g_ascii_strncasecmp (request->fields[i].name.ptr, "transfer-encoding", 17) == 0)
      return true;
  return false;
}

int
http_oracle_compare (const uint8_t *data, size_t len)
{
  AlHttpRequest request;
  AlHttpStatus status = al_http_request_parse (data, len, &request);
  Seen seen = { 0 };
  http_parser parser;
  size_t n;

  if (status != AL_HTTP_OK || confuses_oracle (&request))
    return (int) status;
  seen.target = g_string_new (NULL);
  seen.fields = g_string_new (NULL);
  seen.body = g_string_new (NULL);
  http_parser_init (&parser, HTTP_REQUEST);
  parser.data = &seen;
  n = http_parser_execute (&parser, &settings, (const char *) data, len);
  if (HTTP_PARSER_ERRNO (&parser) != HPE_INVALID_METHOD) /* it knows only those of a list, ours all that look like one */
    {
      compare_head (&request, &seen, &parser);
      compare_body (&request, data, len, &seen, &parser, n);
    }
  g_string_free (seen.target, TRUE);
  g_string_free (seen.fields, TRUE);
  g_string_free (seen.body, TRUE);
  return AL_HTTP_OK;
}
