/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes as a message of a device, as a POST, and as values that are written and read again. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "signaling/json-text.h"
#include "signaling/rpc-private.h"
#include "signaling/session-private.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static unsigned n_done;

static void
check_json (AlBuf *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = al_json_parse ((const char *) text->data, text->len, &error);

  if (node == NULL)
    g_error ("%s in %.*s", error->message, (int) text->len, (const char *) text->data);
}

static void
on_send (SigConnId conn, AlBuf *text, gpointer user)
{
  check_json (text);
}

static void
on_done (SigConnId conn, gpointer user)
{
  n_done++;
}

static void
on_respond (SigConnId conn, unsigned status, AlBuf *body, unsigned retry_after_s, gpointer user)
{
  g_assert ((body == NULL) == (status == 204));
  if (body != NULL)
    check_json (body);
  n_done++;
}

static void
answer (SigRpcCall *call, JsonObject *params, gpointer user)
{
  g_autoptr (GString) text = g_string_new (NULL);

  sig_json_append_object (text, params);
  sig_rpc_reply_text (call, text->str, text->len);
}

static SigRpc *
make_rpc (void)
{
  static const SigTransport transport = { .send = on_send, .done = on_done, .respond = on_respond };
  SigRpcConfig config = { &transport, NULL, al_metrics_new (), al_clock_now_us };
  SigRpc *rpc = sig_rpc_new (&config, NULL);
  const SigOpenrpc *doc = sig_rpc_get_openrpc (rpc);

  for (unsigned i = 0; i < sig_openrpc_get_n_methods (doc); i++)
    {
      const SigMethodDoc *method = sig_openrpc_get_method (doc, i);

      sig_rpc_register (rpc, method->name, method->access, answer, NULL);
    }
  return rpc;
}

static void
write_and_read (const uint8_t *data, size_t size)
{
  g_autoptr (JsonNode) node = al_json_parse ((const char *) data, size, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) again_text = g_string_new (NULL);
  g_autoptr (JsonNode) again = NULL;

  if (node == NULL)
    return;
  sig_json_append (text, node);
  again = al_json_parse (text->str, text->len, NULL);
  g_assert (again != NULL);
  sig_json_append (again_text, again);
  g_assert (g_string_equal (text, again_text));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static SigRpc *rpc;
  static SigSession *session;
  char name[] = "x";
  MsgUser user = { .id = 1, .username = name, .display_name = name };
  MsgDevice device = { .id = 2, .user_id = 1, .name = name, .platform = name };
  SigCaller caller = { .conn = 1, .websocket = true };

  if (rpc == NULL)
    {
      rpc = make_rpc ();
      session = sig_session_new_transient (&user, &device);
    }
  n_done = 0;
  caller.session = session;
  sig_rpc_dispatch (rpc, &caller, (const char *) data, size);
  caller = (SigCaller){ .conn = 1, .admin = true };
  sig_rpc_dispatch (rpc, &caller, (const char *) data, size);
  g_assert (n_done == 2 && sig_rpc_get_in_flight (rpc) == 0);
  write_and_read (data, size);
  return 0;
}
