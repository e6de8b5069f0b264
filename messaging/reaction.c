/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/reaction.h"

#include <string.h>

MsgReaction *
msg_reactions_find (const GArray *reactions, const char *emoji)
{
  for (unsigned i = 0; i < reactions->len; i++)
    if (strcmp (g_array_index (reactions, MsgReaction, i).emoji, emoji) == 0)
      return &g_array_index (reactions, MsgReaction, i);
  return NULL;
}

const char *
msg_reactions_get_own (const GArray *reactions)
{
  for (unsigned i = 0; reactions != NULL && i < reactions->len; i++)
    if (g_array_index (reactions, MsgReaction, i).own)
      return g_array_index (reactions, MsgReaction, i).emoji;
  return NULL;
}

void
msg_reactions_count (GArray *reactions, const char *emoji, bool less)
{
  MsgReaction *found = msg_reactions_find (reactions, emoji);
  MsgReaction added = { .count = 1 };

  if (found == NULL && !less)
    {
      (void) g_strlcpy (added.emoji, emoji, sizeof added.emoji);
      g_array_append_val (reactions, added);
    }
  else if (found != NULL && !less)
    found->count++;
  else if (found != NULL && --found->count == 0)
    g_array_remove_index (reactions, (unsigned) (found - (MsgReaction *) (void *) reactions->data));
}

/* "emoji count emoji count ...": no emoji has a blank */
char *
msg_reactions_write (const GArray *reactions)
{
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < reactions->len; i++)
    {
      const MsgReaction *reaction = &g_array_index (reactions, MsgReaction, i);

      g_string_append_printf (text, i > 0 ? " %s %u" : "%s %u", reaction->emoji, reaction->count);
    }
  return g_string_free (text, FALSE);
}

GArray *
msg_reactions_parse (const char *text)
{
  GArray *reactions = g_array_new (FALSE, FALSE, sizeof (MsgReaction));
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", " ", -1);

  for (unsigned i = 0; words[i] != NULL && words[i + 1] != NULL; i += 2)
    {
      MsgReaction reaction = { .count = (unsigned) g_ascii_strtoull (words[i + 1], NULL, 10) };

      (void) g_strlcpy (reaction.emoji, words[i], sizeof reaction.emoji);
      g_array_append_val (reactions, reaction);
    }
  return reactions;
}

GArray *
msg_reactions_read (const char *text, const char *own)
{
  g_autoptr (GArray) reactions = NULL;
  MsgReaction *found;

  if (text == NULL)
    return NULL;
  reactions = msg_reactions_parse (text);
  if (own != NULL && own[0] == '!')
    msg_reactions_count (reactions, ++own, false);
  found = own != NULL ? msg_reactions_find (reactions, own) : NULL;
  if (found != NULL)
    found->own = true;
  return reactions->len > 0 ? g_steal_pointer (&reactions) : NULL;
}
