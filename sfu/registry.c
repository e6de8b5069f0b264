/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/registry.h"

#include <pthread.h>
#include <string.h>

/* legs more than the least busy worker has before a check that came to a busy one is given away */
#define UNEVEN_MIN 1
#define UNEVEN_PART 16

typedef struct {
  uint64_t room, peer;
  bool publisher;
} Key;

typedef struct {
  Key key;
  unsigned worker;
  SfuLegSetup *setup;               /* a reference: what is known of it */
  char ufrags[2][SFU_UFRAG_MAX + 1]; /* the present one, and the one before a restart of ICE */
} Entry;

struct SfuRegistry {
  pthread_mutex_t lock;
  /* protected by lock */
  GHashTable *legs;   /* Key of the entry -> Entry, owned */
  GHashTable *ufrags; /* text of the entry -> Entry */
  unsigned n;
  unsigned *loads;
};

static guint
key_hash (gconstpointer data)
{
  const Key *key = data;
  uint64_t mixed = (key->room * 31 + key->peer) * 2 + key->publisher;

  return (guint) (mixed ^ mixed >> 32);
}

static gboolean
key_equal (gconstpointer left, gconstpointer right)
{
  const Key *a = left, *b = right;

  return a->room == b->room && a->peer == b->peer && a->publisher == b->publisher;
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  sfu_leg_setup_unref (entry->setup);
  g_free (entry);
}

SfuRegistry *
sfu_registry_new (unsigned workers)
{
  SfuRegistry *registry = g_new0 (SfuRegistry, 1);

  (void) pthread_mutex_init (&registry->lock, NULL);
  registry->legs = g_hash_table_new_full (key_hash, key_equal, NULL, entry_free);
  registry->ufrags = g_hash_table_new (g_str_hash, g_str_equal);
  registry->n = workers;
  registry->loads = g_new0 (unsigned, workers);
  return registry;
}

void
sfu_registry_free (SfuRegistry *registry)
{
  if (registry == NULL)
    return;
  g_hash_table_unref (registry->ufrags);
  g_hash_table_unref (registry->legs);
  (void) pthread_mutex_destroy (&registry->lock);
  g_free (registry->loads);
  g_free (registry);
}

static void
forget (SfuRegistry *registry, Entry *entry)
{
  for (unsigned i = 0; i < 2; i++)
    if (entry->ufrags[i][0] != '\0')
      (void) g_hash_table_remove (registry->ufrags, entry->ufrags[i]);
  if (entry->worker != SFU_NOBODY)
    registry->loads[entry->worker]--;
  (void) g_hash_table_remove (registry->legs, &entry->key);
}

static Entry *
add (SfuRegistry *registry, const Key *key)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->key = *key;
  entry->worker = SFU_NOBODY;
  (void) g_hash_table_insert (registry->legs, &entry->key, entry);
  return entry;
}

/* the ufrag before stays good: checks of its generation are under way */
static void
note_ufrag (SfuRegistry *registry, Entry *entry, const char *ufrag)
{
  if (strcmp (entry->ufrags[0], ufrag) == 0)
    return;
  if (entry->ufrags[1][0] != '\0')
    (void) g_hash_table_remove (registry->ufrags, entry->ufrags[1]);
  if (entry->ufrags[0][0] != '\0')
    (void) g_hash_table_remove (registry->ufrags, entry->ufrags[0]);
  memcpy (entry->ufrags[1], entry->ufrags[0], sizeof entry->ufrags[1]);
  (void) g_strlcpy (entry->ufrags[0], ufrag, sizeof entry->ufrags[0]);
  for (unsigned i = 0; i < 2; i++)
    if (entry->ufrags[i][0] != '\0')
      (void) g_hash_table_insert (registry->ufrags, entry->ufrags[i], entry);
}

SfuLegSetup *
sfu_registry_set (SfuRegistry *registry, SfuLegSetup *setup, unsigned *ret_worker)
{
  const Key key = { setup->room, setup->peer, setup->publisher };
  SfuLegSetup *told = setup;
  Entry *entry;

  (void) pthread_mutex_lock (&registry->lock);
  entry = g_hash_table_lookup (registry->legs, &key);
  if (entry == NULL && !setup->ended)
    entry = add (registry, &key);
  if (entry == NULL || entry->worker == SFU_NOBODY)
    told = NULL;
  else
    *ret_worker = entry->worker;
  if (entry != NULL && setup->ended)
    forget (registry, entry);
  else if (entry != NULL)
    {
      note_ufrag (registry, entry, setup->local_ufrag);
      sfu_leg_setup_unref (entry->setup);
      entry->setup = sfu_leg_setup_ref (setup);
    }
  (void) pthread_mutex_unlock (&registry->lock);
  if (told == NULL)
    sfu_leg_setup_unref (setup);
  return told;
}

static Entry *
look_up (SfuRegistry *registry, const char *ufrag, size_t len)
{
  char text[SFU_UFRAG_MAX + 1];

  if (len > SFU_UFRAG_MAX)
    return NULL;
  memcpy (text, ufrag, len);
  text[len] = '\0';
  return g_hash_table_lookup (registry->ufrags, text);
}

static unsigned
choose (const SfuRegistry *registry, unsigned worker)
{
  unsigned least = worker;

  for (unsigned i = 0; i < registry->n; i++)
    if (registry->loads[i] < registry->loads[least])
      least = i;
  return registry->loads[worker] > registry->loads[least] + UNEVEN_MIN + registry->loads[least] / UNEVEN_PART ? least
                                                                                                              : worker;
}

unsigned
sfu_registry_claim (SfuRegistry *registry, const char *ufrag, size_t len, unsigned worker, SfuLegSetup **ret_setup)
{
  unsigned owner = SFU_NO_LEG;
  Entry *entry;

  (void) pthread_mutex_lock (&registry->lock);
  entry = look_up (registry, ufrag, len);
  if (entry != NULL && entry->worker == SFU_NOBODY)
    {
      entry->worker = choose (registry, worker);
      registry->loads[entry->worker]++;
      *ret_setup = sfu_leg_setup_ref (entry->setup);
    }
  if (entry != NULL)
    owner = entry->worker;
  (void) pthread_mutex_unlock (&registry->lock);
  return owner;
}

SfuLegSetup *
sfu_registry_take_over (SfuRegistry *registry, const char *ufrag, size_t len, unsigned from, unsigned to)
{
  SfuLegSetup *setup = NULL;
  Entry *entry;

  (void) pthread_mutex_lock (&registry->lock);
  entry = look_up (registry, ufrag, len);
  if (entry != NULL && entry->worker == from)
    {
      registry->loads[from]--;
      registry->loads[to]++;
      entry->worker = to;
      setup = sfu_leg_setup_ref (entry->setup);
    }
  (void) pthread_mutex_unlock (&registry->lock);
  return setup;
}

unsigned
sfu_registry_find (SfuRegistry *registry, const char *ufrag, size_t len)
{
  const Entry *entry;
  unsigned owner;

  (void) pthread_mutex_lock (&registry->lock);
  entry = look_up (registry, ufrag, len);
  owner = entry != NULL ? entry->worker : SFU_NO_LEG;
  (void) pthread_mutex_unlock (&registry->lock);
  return owner;
}

unsigned
sfu_registry_get_load (SfuRegistry *registry, unsigned worker)
{
  unsigned load;

  (void) pthread_mutex_lock (&registry->lock);
  load = registry->loads[worker];
  (void) pthread_mutex_unlock (&registry->lock);
  return load;
}
