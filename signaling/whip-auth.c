/* SPDX-License-Identifier: Apache-2.0 */
/* Who may publish and play a stream. Asked anew with every request: a key that was taken away serves no session more. */
#include <string.h>

#include "signaling/whip-private.h"

static char **
read_names (const char *const *entries)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  char **names;

  for (; *entries != NULL; entries++)
    {
      g_autofree char *name = g_strndup (*entries, strcspn (*entries, ":"));

      g_strv_builder_add (builder, name);
    }
  names = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return names;
}

bool
sig_whip_read_keys (SigWhip *whip, const AlConfig *settings, GError **error)
{
  const char *const *publish = al_config_get_list (settings, "streaming", "publish_keys");
  const char *const *play = al_config_get_list (settings, "streaming", "play_keys");
  g_autoptr (MsgApiKeys) publish_keys = msg_api_keys_new (publish, error);
  g_autoptr (MsgApiKeys) play_keys = publish_keys != NULL ? msg_api_keys_new (play, error) : NULL;

  if (play_keys == NULL)
    {
      g_prefix_error (error, "[streaming] %s: ", publish_keys == NULL ? "publish_keys" : "play_keys");
      return false;
    }
  msg_api_keys_free (whip->publish_keys);
  msg_api_keys_free (whip->play_keys);
  g_strfreev (whip->publish_names);
  whip->publish_keys = g_steal_pointer (&publish_keys);
  whip->play_keys = g_steal_pointer (&play_keys);
  whip->publish_names = read_names (publish);
  whip->has_play_keys = play[0] != NULL;
  return true;
}

static void
finish (SigWhipAsk *ask, bool known, bool allowed)
{
  if (allowed)
    sig_whip_serve (ask);
  else if (known)
    sig_whip_refuse (ask, 403, "Forbidden", "This token is good, but not for this stream.", 0);
  else
    sig_whip_refuse (ask, 401, "Unauthorized", "The stream needs a Bearer token: its key, or the session token of the user "
                                               "of its name.", 0);
  sig_whip_ask_free (ask);
}

/* A stream that has a key belongs to that key and not to whoever registers its name. */
static void
on_user (const char *username, gpointer data)
{
  SigWhipAsk *ask = data;
  const char *const *names = (const char *const *) ask->whip->publish_names;

  finish (ask, username != NULL,
          username != NULL && strcmp (username, ask->stream) == 0 && !g_strv_contains (names, ask->stream));
}

void
sig_whip_authorize (SigWhipAsk *ask, const char *bearer)
{
  SigWhip *whip = ask->whip;
  const char *publishes = msg_api_keys_find (whip->publish_keys, bearer);
  const char *plays = msg_api_keys_find (whip->play_keys, bearer);

  if (!ask->publisher && !whip->has_play_keys)
    finish (ask, true, true);
  else if (publishes != NULL && strcmp (publishes, ask->stream) == 0)
    finish (ask, true, true);
  else if (!ask->publisher && plays != NULL && strcmp (plays, ask->stream) == 0)
    finish (ask, true, true);
  else if (bearer == NULL || publishes != NULL || plays != NULL)
    finish (ask, bearer != NULL, false);
  else
    whip->config.find_user (bearer, on_user, ask, whip->config.user);
}
