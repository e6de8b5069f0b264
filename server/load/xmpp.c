/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/xmpp.h"

#include <stdarg.h>
#include <string.h>

/* what has come of a stanza that is not complete; stanzas without a body are forgotten beyond it */
#define KEEP_BYTES 8192

static void
open_stream (LoadUser *user)
{
  load_send (user,
             "<?xml version='1.0'?><stream:stream to='%s' version='1.0' xmlns='jabber:client' "
             "xmlns:stream='http://etherx.jabber.org/streams'>",
             user->load->xmpp);
}

void
load_xmpp_begin (LoadUser *user)
{
  user->text = g_string_new (NULL);
  user->step = 0;
  open_stream (user);
}

static void
authenticate (LoadUser *user)
{
  char plain[64];
  int len = g_snprintf (plain, sizeof plain, "%cu%u%csecret", 0, user->index, 0);
  g_autofree char *text = g_base64_encode ((const guchar *) plain, (gsize) len);

  load_send (user, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", text);
}

/* what is waited for in each step of RFC 6120 section 9.1, without TLS */
static const char *const awaited[] = { "</stream:features>", "<success", "</stream:features>", "</jid>" };

bool
load_xmpp_log_in (LoadUser *user, const char *text, size_t len)
{
  g_string_append_len (user->text, text, (gssize) len);
  if (strstr (user->text->str, awaited[user->step]) == NULL)
    return false;
  g_string_truncate (user->text, 0);
  switch (user->step++)
    {
    case 0:
      authenticate (user);
      return false;
    case 1:
      open_stream (user);
      return false;
    case 2:
      load_send (user, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
      return false;
    default:
      load_send (user, "<presence/>");
      return true;
    }
}

void
load_xmpp_take_bodies (LoadUser *user, const char *text, size_t len, LoadXmppBodyFn fn, void *data)
{
  char *at, *end;

  g_string_append_len (user->text, text, (gssize) len);
  at = user->text->str;
  while ((at = strstr (at, "<body>")) != NULL && (end = strstr (at, "</body>")) != NULL)
    {
      *end = '\0';
      fn (at + strlen ("<body>"), data);
      g_string_erase (user->text, 0, end + strlen ("</body>") - user->text->str);
      at = user->text->str;
    }
  if (user->text->len > KEEP_BYTES)
    g_string_erase (user->text, 0, (gssize) (user->text->len - KEEP_BYTES));
}

void
load_xmpp_send_body (LoadUser *from, const LoadUser *to, const char *format, ...)
{
  char body[256];
  va_list args;

  va_start (args, format);
  (void) g_vsnprintf (body, sizeof body, format, args);
  va_end (args);
  load_send (from, "<message to='u%u@%s' type='chat' id='%s'><body>%s</body></message>", to->index, from->load->xmpp, body,
             body);
}
