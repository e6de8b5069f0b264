/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request heads (RFC 9112 §2-§6). Stricter than the RFC where leniency has let requests be smuggled: nothing is skipped,
 * folded, merged or guessed, so that no proxy in front of us can read the same bytes as another request.
 */
#include "base/http.h"

#include <string.h>

#define MAX_METHOD 20

typedef struct {
  AlHttpRequest *request;
  unsigned n_host, n_content_length, n_transfer_encoding, n_websocket_key, n_websocket_version;
  bool close, keep_alive, connection_upgrade, upgrade_websocket;
  AlStr websocket_version;
} Head;

/* RFC 9110 §5.6.2 */
static bool
is_tchar (uint8_t c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool
is_token (AlStr text)
{
  for (size_t i = 0; i < text.len; i++)
    if (!is_tchar ((uint8_t) text.ptr[i]))
      return false;
  return text.len > 0;
}

/* Cuts @line at the first @c. Returns: false when there is none. */
static bool
cut (AlStr *line, char c, AlStr *ret_before)
{
  const char *at = memchr (line->ptr, c, line->len);

  if (at == NULL)
    return false;
  *ret_before = (AlStr){ line->ptr, (size_t) (at - line->ptr) };
  line->len -= ret_before->len + 1;
  line->ptr = at + 1;
  return true;
}

static AlHttpStatus
parse_version (AlStr text, AlHttpRequest *request)
{
  if (text.len != 8 || memcmp (text.ptr, "HTTP/", 5) != 0 || !g_ascii_isdigit (text.ptr[5]) || text.ptr[6] != '.' ||
      !g_ascii_isdigit (text.ptr[7]))
    return AL_HTTP_BAD_REQUEST;
  if (text.ptr[5] != '1' || text.ptr[7] > '1')
    return AL_HTTP_VERSION;
  request->minor = (unsigned) (text.ptr[7] - '0');
  return AL_HTTP_OK;
}

/* method SP request-target SP HTTP-version, of which the target is in origin-form, or "*" with OPTIONS (§3.2) */
static AlHttpStatus
parse_request_line (AlStr line, AlHttpRequest *request)
{
  const char *question;

  if (!cut (&line, ' ', &request->method) || !cut (&line, ' ', &request->target))
    return AL_HTTP_BAD_REQUEST;
  if (request->method.len == 0 || request->method.len > MAX_METHOD)
    return AL_HTTP_BAD_REQUEST;
  for (size_t i = 0; i < request->method.len; i++)
    if (!g_ascii_isupper (request->method.ptr[i]))
      return AL_HTTP_BAD_REQUEST;
  if (request->target.len == 0 || (request->target.ptr[0] != '/' && !(al_str_equal (request->target, "*") &&
                                                                      al_str_equal (request->method, "OPTIONS"))))
    return AL_HTTP_BAD_REQUEST;
  for (size_t i = 0; i < request->target.len; i++)
    if (!g_ascii_isgraph (request->target.ptr[i]) || request->target.ptr[i] == '#')
      return AL_HTTP_BAD_REQUEST;
  question = memchr (request->target.ptr, '?', request->target.len);
  request->path = request->query = request->target;
  if (question != NULL)
    request->path.len = (size_t) (question - request->target.ptr);
  request->query.ptr += request->path.len + (question != NULL);
  request->query.len -= request->path.len + (question != NULL);
  return parse_version (line, request);
}

/* uri-host [":" port] (RFC 9110 §7.2): no more than its alphabet is checked */
static bool
is_host (AlStr value)
{
  for (size_t i = 0; i < value.len; i++)
    if (!g_ascii_isalnum (value.ptr[i]) && memchr (".-_:[]%~", value.ptr[i], 8) == NULL)
      return false;
  return value.len > 0;
}

/* 1*DIGIT without leading zeros, so that nobody reads it as octal; up to 2^63-1 */
static bool
parse_content_length (AlStr value, int64_t *ret)
{
  int64_t length = 0;

  if (value.len == 0 || (value.ptr[0] == '0' && value.len > 1))
    return false;
  for (size_t i = 0; i < value.len; i++)
    {
      if (!g_ascii_isdigit (value.ptr[i]) || __builtin_mul_overflow (length, 10, &length) ||
          __builtin_add_overflow (length, value.ptr[i] - '0', &length))
        return false;
    }
  *ret = length;
  return true;
}

/* base64 of 16 bytes (RFC 6455 §4.1): 21 characters, one of which only the upper two bits count, and "==" */
static bool
is_websocket_key (AlStr value)
{
  if (value.len != 24 || value.ptr[22] != '=' || value.ptr[23] != '=' || strchr ("AQgw", value.ptr[21]) == NULL)
    return false;
  for (size_t i = 0; i < 21; i++)
    if (!g_ascii_isalnum (value.ptr[i]) && value.ptr[i] != '+' && value.ptr[i] != '/')
      return false;
  return true;
}

/* What the field means to the framing and to the connection. */
static AlHttpStatus
take_field (Head *head, const AlHttpField *field)
{
  AlHttpRequest *request = head->request;
  AlStr name = field->name, value = field->value;

  if (al_str_equal_nocase (name, "host"))
    return ++head->n_host > 1 || !is_host (value) ? AL_HTTP_BAD_REQUEST : AL_HTTP_OK;
  if (al_str_equal_nocase (name, "content-length"))
    return ++head->n_content_length > 1 || !parse_content_length (value, &request->content_length) ? AL_HTTP_BAD_REQUEST
                                                                                                   : AL_HTTP_OK;
  if (al_str_equal_nocase (name, "transfer-encoding"))
    {
      request->chunked = al_str_equal_nocase (value, "chunked");
      if (++head->n_transfer_encoding > 1 || value.len == 0)
        return AL_HTTP_BAD_REQUEST;
      return request->chunked ? AL_HTTP_OK : AL_HTTP_NOT_IMPLEMENTED;
    }
  if (al_str_equal_nocase (name, "connection"))
    {
      head->close |= al_str_has_token (value, "close");
      head->keep_alive |= al_str_has_token (value, "keep-alive");
      head->connection_upgrade |= al_str_has_token (value, "upgrade");
    }
  else if (al_str_equal_nocase (name, "upgrade"))
    {
      head->upgrade_websocket |= al_str_has_token (value, "websocket");
    }
  else if (al_str_equal_nocase (name, "expect"))
    {
      request->expect_continue |= al_str_equal_nocase (value, "100-continue");
    }
  else if (al_str_equal_nocase (name, "sec-websocket-key"))
    {
      head->n_websocket_key++;
      request->websocket_key = value;
    }
  else if (al_str_equal_nocase (name, "sec-websocket-version"))
    {
      head->n_websocket_version++;
      head->websocket_version = value;
    }
  return AL_HTTP_OK;
}

/* field-name ":" OWS field-value OWS, where OWS is spaces only: a tab is a control byte like the others here */
static AlHttpStatus
parse_field (Head *head, AlStr line)
{
  AlHttpRequest *request = head->request;
  AlHttpField field = { .value = line };

  /* a name that is not a token: also obs-fold, and white space before the colon (§5.1, §5.2) */
  if (!cut (&field.value, ':', &field.name) || !is_token (field.name))
    return AL_HTTP_BAD_REQUEST;
  for (size_t i = 0; i < field.value.len; i++)
    if (g_ascii_iscntrl (field.value.ptr[i]))
      return AL_HTTP_BAD_REQUEST;
  field.value = al_str_trim (field.value);
  if (request->n_fields == AL_HTTP_MAX_FIELDS)
    return AL_HTTP_FIELDS_TOO_LARGE;
  request->fields[request->n_fields++] = field;
  return take_field (head, &field);
}

/* A WebSocket handshake is whole or an error; Upgrade on another method or in HTTP/1.0 is ignored (RFC 9110 §7.8). */
static AlHttpStatus
finish_upgrade (Head *head)
{
  AlHttpRequest *request = head->request;

  if (!head->upgrade_websocket || !head->connection_upgrade || request->minor != 1 ||
      !al_str_equal (request->method, "GET"))
    return AL_HTTP_OK;
  if (head->n_websocket_version != 1 || !al_str_equal (head->websocket_version, "13"))
    return AL_HTTP_UPGRADE_REQUIRED;
  /* a body would be read as frames by one side and as a body by the other */
  if (head->n_websocket_key != 1 || !is_websocket_key (request->websocket_key) || request->chunked ||
      request->content_length > 0)
    return AL_HTTP_BAD_REQUEST;
  request->upgrade_websocket = true;
  return AL_HTTP_OK;
}

/* What only the whole head can tell. */
static AlHttpStatus
finish (Head *head)
{
  AlHttpRequest *request = head->request;

  if (request->minor == 1 && head->n_host == 0)
    return AL_HTTP_BAD_REQUEST;
  /* §6.1: both together, or a coding in HTTP/1.0, is how requests are smuggled */
  if (request->chunked && (head->n_content_length > 0 || request->minor == 0))
    return AL_HTTP_BAD_REQUEST;
  request->keep_alive = !head->close && (request->minor == 1 || head->keep_alive);
  request->expect_continue &= request->minor == 1;
  return finish_upgrade (head);
}

/* Returns: AL_HTTP_OK with the next line, without CR LF, and the cursor behind it. */
static AlHttpStatus
next_line (const char *data, size_t len, size_t *pos, AlStr *ret_line)
{
  const char *start = data + *pos;
  size_t room = MIN (len, AL_HTTP_MAX_HEAD) - *pos;
  /* with no bytes there may be no pointer either, which memchr must not be given */
  const char *lf = room > 0 ? memchr (start, '\n', room) : NULL;

  if (lf == NULL)
    {
      if (len >= AL_HTTP_MAX_HEAD)
        return *pos == 0 ? AL_HTTP_URI_TOO_LONG : AL_HTTP_FIELDS_TOO_LARGE;
      return AL_HTTP_MORE;
    }
  if (lf == start || lf[-1] != '\r')
    return AL_HTTP_BAD_REQUEST;
  *ret_line = (AlStr){ start, (size_t) (lf - start) - 1 };
  *pos += ret_line->len + 2;
  return AL_HTTP_OK;
}

AlHttpStatus
al_http_request_parse (const uint8_t *data, size_t len, AlHttpRequest *ret)
{
  AlHttpRequest request;
  Head head = { .request = &request };
  AlHttpStatus status;
  AlStr line;
  size_t pos = 0;

  memset (&request, 0, offsetof (AlHttpRequest, fields));
  memset (&request.n_fields, 0, sizeof request - offsetof (AlHttpRequest, n_fields));
  request.content_length = -1;
  status = next_line ((const char *) data, len, &pos, &line);
  if (status == AL_HTTP_OK)
    status = parse_request_line (line, &request);
  while (status == AL_HTTP_OK)
    {
      status = next_line ((const char *) data, len, &pos, &line);
      if (status != AL_HTTP_OK)
        break;
      if (line.len == 0)
        {
          status = finish (&head);
          break;
        }
      status = parse_field (&head, line);
    }
  if (status != AL_HTTP_OK)
    return status;
  request.head_len = pos;
  memcpy (ret, &request, offsetof (AlHttpRequest, fields) + request.n_fields * sizeof *request.fields);
  memcpy (&ret->n_fields, &request.n_fields, sizeof request - offsetof (AlHttpRequest, n_fields));
  return AL_HTTP_OK;
}

AlStr
al_http_request_get (const AlHttpRequest *request, const char *name)
{
  for (unsigned i = 0; i < request->n_fields; i++)
    if (al_str_equal_nocase (request->fields[i].name, name))
      return request->fields[i].value;
  return (AlStr){ NULL, 0 };
}
