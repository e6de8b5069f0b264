/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/audience.h"

typedef struct {
  MsgId user_id;
  unsigned n_holds;
  bool is_loaded;
  GHashTable *chats; /* MsgId -> whether the user is in it; once loaded, those alone */
} Entry;

typedef struct {
  MsgId chat_id;
  GHashTable *entries; /* set of Entry */
} Crowd;

struct SigAudience {
  GHashTable *users;  /* MsgId -> Entry */
  GHashTable *crowds; /* MsgId -> Crowd, not empty */
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_hash_table_unref (entry->chats);
  g_free (entry);
}

static void
crowd_free (gpointer data)
{
  Crowd *crowd = data;

  g_hash_table_unref (crowd->entries);
  g_free (crowd);
}

SigAudience *
sig_audience_new (void)
{
  SigAudience *self = g_new0 (SigAudience, 1);

  self->users = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, entry_free);
  self->crowds = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, crowd_free);
  return self;
}

void
sig_audience_free (SigAudience *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->crowds);
  g_hash_table_unref (self->users);
  g_free (self);
}

static void
enter (SigAudience *self, Entry *entry, MsgId chat_id)
{
  Crowd *crowd = g_hash_table_lookup (self->crowds, &chat_id);

  if (crowd == NULL)
    {
      crowd = g_new0 (Crowd, 1);
      crowd->chat_id = chat_id;
      crowd->entries = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (self->crowds, &crowd->chat_id, crowd);
    }
  (void) g_hash_table_add (crowd->entries, entry);
}

static void
leave (SigAudience *self, Entry *entry, MsgId chat_id)
{
  Crowd *crowd = g_hash_table_lookup (self->crowds, &chat_id);

  if (crowd == NULL)
    return;
  (void) g_hash_table_remove (crowd->entries, entry);
  if (g_hash_table_size (crowd->entries) == 0)
    (void) g_hash_table_remove (self->crowds, &chat_id);
}

bool
sig_audience_hold (SigAudience *self, MsgId user_id)
{
  Entry *entry = g_hash_table_lookup (self->users, &user_id);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->user_id = user_id;
      entry->chats = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
      g_hash_table_insert (self->users, &entry->user_id, entry);
    }
  entry->n_holds++;
  return entry->is_loaded;
}

void
sig_audience_release (SigAudience *self, MsgId user_id)
{
  Entry *entry = g_hash_table_lookup (self->users, &user_id);
  GHashTableIter iter;
  gpointer chat_id;

  if (entry == NULL || --entry->n_holds > 0)
    return;
  g_hash_table_iter_init (&iter, entry->chats);
  while (g_hash_table_iter_next (&iter, &chat_id, NULL))
    leave (self, entry, *(const MsgId *) chat_id);
  (void) g_hash_table_remove (self->users, &user_id);
}

/* Before they are known, who has left a chat is kept, too: what was read may be older. */
void
sig_audience_put (SigAudience *self, MsgId user_id, MsgId chat_id, bool inside)
{
  Entry *entry = g_hash_table_lookup (self->users, &user_id);

  if (entry == NULL)
    return;
  if (inside || !entry->is_loaded)
    g_hash_table_insert (entry->chats, g_memdup2 (&chat_id, sizeof chat_id), GINT_TO_POINTER (inside));
  else
    (void) g_hash_table_remove (entry->chats, &chat_id);
  if (inside)
    enter (self, entry, chat_id);
  else
    leave (self, entry, chat_id);
}

static gboolean
is_outside (gpointer chat_id, gpointer inside, gpointer data)
{
  return !GPOINTER_TO_INT (inside);
}

void
sig_audience_load (SigAudience *self, MsgId user_id, const GArray *chats)
{
  Entry *entry = g_hash_table_lookup (self->users, &user_id);

  g_return_if_fail (chats != NULL);
  if (entry == NULL || entry->is_loaded)
    return;
  for (unsigned i = 0; i < chats->len; i++)
    {
      MsgId chat_id = g_array_index (chats, MsgChatPts, i).chat_id;

      if (!g_hash_table_contains (entry->chats, &chat_id))
        sig_audience_put (self, user_id, chat_id, true);
    }
  entry->is_loaded = true;
  (void) g_hash_table_foreach_remove (entry->chats, is_outside, NULL);
}

void
sig_audience_foreach (SigAudience *self, MsgId chat_id, SigAudienceFn fn, gpointer data)
{
  const Crowd *crowd = g_hash_table_lookup (self->crowds, &chat_id);
  GHashTableIter iter;
  gpointer entry;

  if (crowd == NULL)
    return;
  g_hash_table_iter_init (&iter, crowd->entries);
  while (g_hash_table_iter_next (&iter, &entry, NULL))
    fn (((const Entry *) entry)->user_id, data);
}

unsigned
sig_audience_count (SigAudience *self, MsgId chat_id)
{
  const Crowd *crowd = g_hash_table_lookup (self->crowds, &chat_id);

  return crowd == NULL ? 0 : g_hash_table_size (crowd->entries);
}

unsigned
sig_audience_get_n (const SigAudience *self)
{
  return g_hash_table_size (self->users);
}
