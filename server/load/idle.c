/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario "idle N": opens connections until N users are authenticated, at most 64 handshakes at once. */
#include <openssl/rand.h>
#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "server/load/load.h"
#include "server/load/xmpp.h"

#define AT_ONCE 64

static void
start_session (LoadUser *user)
{
  g_autofree char *sub = g_strdup_printf ("%s-%u", user->load->name, user->index);
  g_autofree char *jwt = load_make_jwt (user->load->jwt_secret, sub);
  /* the base point of Ed25519: a valid key that nobody needs the secret of here */
  static const char *identity_key = "WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY";

  load_send (user,
             "{\"jsonrpc\":\"2.0\",\"id\":\"start\",\"method\":\"session.start\",\"params\":{\"jwt\":\"%s\",\"device\":"
             "{\"name\":\"load\",\"platform\":\"load\",\"identityKey\":\"%s\"}}}",
             jwt, identity_key);
}

static void
on_open (LoadConn *conn, void *data)
{
  start_session (data);
}

static void
on_message (LoadConn *conn, char *text, size_t len, void *data)
{
  LoadUser *user = data;
  const char *object;

  if (user->ready)
    {
      if (user->load->on_message != NULL)
        user->load->on_message (user, text, len);
      return;
    }
  if (user->load->xmpp != NULL)
    {
      user->ready = load_xmpp_log_in (user, text, len);
      user->load->n_ready += user->ready ? 1 : 0;
      return;
    }
  object = strstr (text, "\"user\"");
  if (strstr (text, "\"error\"") != NULL || object == NULL || !load_find_string (object, "id", user->id, sizeof user->id))
    {
      g_printerr ("aldis-load: session.start: %.200s\n", text);
      load_conn_abort (conn);
      return;
    }
  user->ready = true;
  user->load->n_ready++;
}

static void
on_closed (LoadConn *conn, void *data)
{
  LoadUser *user = data;

  user->conn = NULL;
  user->load->n_lost++;
  if (user->ready)
    user->load->n_ready--;
  user->ready = false;
  if (user->text != NULL)
    g_string_free (g_steal_pointer (&user->text), TRUE);
}

static const LoadConnOps ops = { .on_open = on_open, .on_message = on_message, .on_closed = on_closed };

void
load_idle (Load *load, unsigned n)
{
  int64_t begin_us = al_clock_now_us ();
  unsigned first = load->n_users;

  g_assert (load->users == NULL); /* their addresses are handed out */
  load->users = g_new0 (LoadUser, n);
  while (load->n_ready + load->n_lost < n && al_clock_now_us () - begin_us < 300 * G_USEC_PER_SEC)
    {
      while (load->n_users < n && load->n_users - load->n_ready - load->n_lost < AT_ONCE)
        {
          LoadUser *user = &load->users[load->n_users];
          g_autoptr (GError) error = NULL;

          user->load = load;
          user->index = load->n_users++;
          user->conn = load_conn_new (load->loop, &load->address, load->bare, load->tls, &ops, user, &error);
          if (user->conn == NULL)
            g_error ("%s", error->message);
          if (load->xmpp != NULL)
            load_xmpp_begin (user);
          else if (load->bare)
            {
              user->ready = true;
              load->n_ready++;
            }
        }
      al_loop_iterate (load->loop, 10);
    }
  g_print ("idle connections=%u lost=%u seconds=%.2f\n", load->n_ready - first, load->n_lost,
           (double) (al_clock_now_us () - begin_us) / G_USEC_PER_SEC);
}
