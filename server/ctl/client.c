/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/client.h"

#include <curl/curl.h>

#include "base/json.h"

struct CtlClient {
  char *socket_path;
  CURL *curl;
  struct curl_slist *fields;
};

G_DEFINE_QUARK (ctl-error-quark, ctl_error)

/* an administrator's lists are long, but a server that never stops talking is broken */
#define MAX_ANSWER_BYTES (256u << 20)
#define MAX_ANSWER_VALUES (16u << 20)

CtlClient *
ctl_client_new (const char *socket_path)
{
  CtlClient *client = g_new0 (CtlClient, 1);

  client->socket_path = g_strdup (socket_path);
  client->curl = curl_easy_init ();
  client->fields = curl_slist_append (NULL, "Content-Type: application/json");
  return client;
}

void
ctl_client_free (CtlClient *client)
{
  if (client == NULL)
    return;
  curl_slist_free_all (client->fields);
  curl_easy_cleanup (client->curl);
  g_free (client->socket_path);
  g_free (client);
}

static size_t
on_bytes (char *data, size_t size, size_t n, void *user)
{
  GString *answer = user;

  if (answer->len + size * n > MAX_ANSWER_BYTES)
    return 0;
  g_string_append_len (answer, data, (gssize) (size * n));
  return size * n;
}

static char *
make_request (const char *method, JsonObject *params)
{
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *request = json_object_new ();

  json_object_set_string_member (request, "jsonrpc", "2.0");
  json_object_set_int_member (request, "id", 1);
  json_object_set_string_member (request, "method", method);
  if (params != NULL)
    json_object_set_object_member (request, "params", params);
  json_node_take_object (node, request);
  return json_to_string (node, FALSE);
}

static bool
post (CtlClient *client, const char *request, GString *answer, GError **error)
{
  CURLcode code;

  curl_easy_reset (client->curl);
  (void) curl_easy_setopt (client->curl, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
  (void) curl_easy_setopt (client->curl, CURLOPT_URL, "http://localhost/rpc");
  (void) curl_easy_setopt (client->curl, CURLOPT_PROXY, "");
  (void) curl_easy_setopt (client->curl, CURLOPT_POSTFIELDS, request);
  (void) curl_easy_setopt (client->curl, CURLOPT_HTTPHEADER, client->fields);
  (void) curl_easy_setopt (client->curl, CURLOPT_WRITEFUNCTION, on_bytes);
  (void) curl_easy_setopt (client->curl, CURLOPT_WRITEDATA, answer);
  (void) curl_easy_setopt (client->curl, CURLOPT_TIMEOUT, 60L);
  (void) curl_easy_setopt (client->curl, CURLOPT_NOSIGNAL, 1L);
  code = curl_easy_perform (client->curl);
  if (code == CURLE_OK)
    return true;
  g_set_error (error, CTL_ERROR, CTL_ERROR_UNREACHABLE,
               "no server answers at %s (%s). Is aldisd running, and are you root or its user?", client->socket_path,
               curl_easy_strerror (code));
  return false;
}

/* "taken: that username exists": the stable reason first, then the sentence */
static void
set_answer_error (GError **error, JsonObject *object)
{
  const char *reason = NULL;

  if (json_object_has_member (object, "data"))
    reason = json_object_get_string_member_with_default (json_object_get_object_member (object, "data"), "reason", NULL);
  g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "%s%s%s",
               json_object_get_string_member_with_default (object, "message", "?"),
               reason != NULL ? ": " : "", reason != NULL ? reason : "");
}

JsonObject *
ctl_client_call (CtlClient *client, const char *method, JsonObject *params, GError **error)
{
  g_autofree char *request = make_request (method, params);
  g_autoptr (GString) answer = g_string_new (NULL);
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  if (!post (client, request, answer, error))
    return NULL;
  node = al_json_parse_values (answer->str, answer->len, MAX_ANSWER_VALUES, error);
  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    {
      g_prefix_error (error, "%s: not an answer: ", method);
      if (error != NULL && *error == NULL)
        g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "%s: not an answer", method);
      return NULL;
    }
  object = json_node_get_object (node);
  if (json_object_has_member (object, "error"))
    {
      JsonNode *failure = json_object_get_member (object, "error");

      if (JSON_NODE_HOLDS_OBJECT (failure))
        set_answer_error (error, json_node_get_object (failure));
      else
        g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "%s", answer->str);
      return NULL;
    }
  if (!json_object_has_member (object, "result") || !JSON_NODE_HOLDS_OBJECT (json_object_get_member (object, "result")))
    {
      g_set_error (error, CTL_ERROR, CTL_ERROR_ANSWER, "%s: no result", method);
      return NULL;
    }
  return json_object_ref (json_object_get_object_member (object, "result"));
}
