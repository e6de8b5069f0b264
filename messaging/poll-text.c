/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/poll-text.h"

#include <string.h>

#include "messaging/core.h"
#include "messaging/names.h"

MsgPoll *
msg_poll_copy (const MsgPoll *poll)
{
  MsgPoll *copy = g_memdup2 (poll, sizeof *poll);

  for (unsigned i = 0; i < poll->n_options; i++)
    copy->options[i] = g_strdup (poll->options[i]);
  return copy;
}

void
msg_poll_free (MsgPoll *poll)
{
  if (poll == NULL)
    return;
  for (unsigned i = 0; i < poll->n_options; i++)
    g_free (poll->options[i]);
  g_free (poll);
}

static gpointer
fail (const char *message, GError **error)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "poll", "%s", message));
  return NULL;
}

static bool
take_options (MsgPoll *poll, const MsgPoll *asked, GError **error)
{
  for (unsigned i = 0; i < asked->n_options; i++)
    {
      poll->options[i] = msg_text_tidy (asked->options[i], MSG_POLL_OPTION_CHARS, "poll", "An option", error);
      if (poll->options[i] == NULL)
        return false;
      poll->n_options++;
      for (unsigned k = 0; k < i; k++)
        if (strcmp (poll->options[i], poll->options[k]) == 0)
          return fail ("An option is there twice.", error);
    }
  return true;
}

MsgPoll *
msg_poll_tidy (const MsgPoll *asked, int64_t now_ms, GError **error)
{
  g_autoptr (MsgPoll) poll = g_new0 (MsgPoll, 1);

  g_return_val_if_fail (asked != NULL, NULL);
  if (asked->n_options < MSG_POLL_OPTIONS_MIN || asked->n_options > MSG_POLL_OPTIONS_MAX)
    return fail ("A poll has 2 to 10 options.", error);
  if (asked->quiz && (asked->multiple || asked->correct >= asked->n_options))
    return fail ("A quiz has one right option.", error);
  if (asked->closes_ms != 0 && asked->closes_ms <= now_ms)
    return fail ("A poll ends at a time to come.", error);
  if (!take_options (poll, asked, error))
    return NULL;
  poll->multiple = asked->multiple;
  poll->is_public = asked->is_public;
  poll->quiz = asked->quiz;
  poll->correct = asked->quiz ? asked->correct : 0;
  poll->closes_ms = asked->closes_ms;
  return g_steal_pointer (&poll);
}

bool
msg_poll_check_vote (const MsgPoll *poll, unsigned options, int64_t now_ms, GError **error)
{
  if (poll->closed || (poll->closes_ms != 0 && poll->closes_ms <= now_ms))
    g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "poll_closed", "The poll is over."));
  else if ((options >> poll->n_options) != 0 || (!poll->multiple && (options & (options - 1)) != 0))
    g_propagate_error (error, msg_error_new (MSG_ERROR_INVALID, "options", "That cannot be chosen."));
  else if (poll->quiz && poll->own != 0 && options != poll->own)
    g_propagate_error (error, msg_error_new (MSG_ERROR_CONFLICT, "already_voted", "In a quiz a vote stays."));
  else
    return true;
  return false;
}

void
msg_poll_count (MsgPoll *poll, unsigned options, bool less)
{
  unsigned one = less ? -1u : 1;

  if (options == 0)
    return;
  poll->voters += one;
  for (unsigned i = 0; i < poll->n_options; i++)
    if ((options >> i & 1) != 0)
      poll->counts[i] += one;
}

/* "flags correct closes_ms voters count count ...", and a line for each option */
char *
msg_poll_write (const MsgPoll *poll)
{
  GString *text = g_string_new (NULL);
  unsigned flags = poll->multiple | (unsigned) poll->is_public << 1 | (unsigned) poll->quiz << 2 | (unsigned) poll->closed << 3;

  g_string_append_printf (text, "%u %u %" G_GINT64_FORMAT " %u", flags, poll->correct, poll->closes_ms, poll->voters);
  for (unsigned i = 0; i < poll->n_options; i++)
    g_string_append_printf (text, " %u", poll->counts[i]);
  for (unsigned i = 0; i < poll->n_options; i++)
    g_string_append_printf (text, "\n%s", poll->options[i]);
  return g_string_free (text, FALSE);
}

MsgPoll *
msg_poll_parse (const char *text)
{
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;
  g_auto (GStrv) words = lines != NULL && lines[0] != NULL ? g_strsplit (lines[0], " ", -1) : NULL;
  unsigned n = lines != NULL ? g_strv_length (lines) - 1 : 0, flags;
  MsgPoll *poll;

  if (words == NULL || n < MSG_POLL_OPTIONS_MIN || n > MSG_POLL_OPTIONS_MAX || g_strv_length (words) != n + 4)
    return NULL;
  poll = g_new0 (MsgPoll, 1);
  flags = (unsigned) g_ascii_strtoull (words[0], NULL, 10);
  poll->multiple = (flags & 1) != 0;
  poll->is_public = (flags & 2) != 0;
  poll->quiz = (flags & 4) != 0;
  poll->closed = (flags & 8) != 0;
  poll->correct = (unsigned) g_ascii_strtoull (words[1], NULL, 10);
  poll->closes_ms = g_ascii_strtoll (words[2], NULL, 10);
  poll->voters = (unsigned) g_ascii_strtoull (words[3], NULL, 10);
  poll->n_options = n;
  for (unsigned i = 0; i < n; i++)
    {
      poll->counts[i] = (unsigned) g_ascii_strtoull (words[4 + i], NULL, 10);
      poll->options[i] = g_strdup (lines[1 + i]);
    }
  return poll;
}

MsgPoll *
msg_poll_read (const char *text, int64_t own)
{
  MsgPoll *poll = msg_poll_parse (text);

  if (poll == NULL)
    return NULL;
  poll->own = (unsigned) (own < 0 ? -own : own);
  if (own < 0)
    msg_poll_count (poll, poll->own, false);
  return poll;
}
