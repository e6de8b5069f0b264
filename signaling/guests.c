/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/guests.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/base64url.h"
#include "base/random.h"

#define PREFIX "alg_"
#define RANDOM_BYTES 32
#define HASH_BYTES SHA256_DIGEST_LENGTH

struct SigGuests {
  GMainContext *context;    /* passed in, not owned */
  SigSessions *sessions;    /* likewise */
  int64_t (*now_us) (void);
  GHashTable *by_device;    /* &device->id -> SigGuest (owned) */
  GHashTable *by_hash;      /* hash -> SigGuest */
  GQueue idle;              /* longest idle first */
  GQueue ending;
  GSource *source;          /* (nullable): while there are ending ones */
};

static guint
hash_hash (gconstpointer hash)
{
  guint value;

  memcpy (&value, hash, sizeof value);
  return value;
}

static gboolean
equal_hash (gconstpointer a, gconstpointer b)
{
  return CRYPTO_memcmp (a, b, HASH_BYTES) == 0;
}

static void
guest_free (gpointer data)
{
  SigGuest *guest = data;

  msg_user_free (guest->user);
  msg_device_free (guest->device);
  g_free (guest);
}

static void
set_idle (SigGuests *guests, SigGuest *guest, bool idle)
{
  if (guest->ending || idle == (guest->idle_since_us != 0))
    return;
  guest->idle_since_us = idle ? MAX (guests->now_us (), 1) : 0;
  if (idle)
    g_queue_push_tail_link (&guests->idle, &guest->link);
  else
    g_queue_unlink (&guests->idle, &guest->link);
}

static void
forget (SigGuests *guests, SigGuest *guest)
{
  set_idle (guests, guest, false);
  if (guest->ending)
    g_queue_unlink (&guests->ending, &guest->link);
  (void) g_hash_table_remove (guests->by_hash, guest->hash);
  (void) g_hash_table_remove (guests->by_device, &guest->device->id);
}

static void
on_ended (SigSession *session, SigSessionEnd reason, gpointer user)
{
  SigGuests *guests = user;
  MsgId device_id = sig_session_get_device_id (session);
  SigGuest *guest = g_hash_table_lookup (guests->by_device, &device_id);

  if (guest != NULL)
    forget (guests, guest);
}

static void
clear_source (SigGuests *guests)
{
  if (guests->source == NULL)
    return;
  g_source_destroy (guests->source);
  g_clear_pointer (&guests->source, g_source_unref);
}

static void
end_now (SigGuests *guests, SigGuest *guest)
{
  if (sig_sessions_lookup (guests->sessions, guest->device->id) != NULL)
    (void) sig_sessions_revoke_device (guests->sessions, guest->device->id); /* on_ended() follows */
  else
    forget (guests, guest);
}

static gboolean
on_turn (gpointer user)
{
  SigGuests *guests = user;
  SigGuest *guest;

  clear_source (guests);
  while ((guest = g_queue_peek_head (&guests->ending)) != NULL)
    end_now (guests, guest);
  return G_SOURCE_REMOVE;
}

static const SigSessionListener listener = { .on_ended = on_ended };

SigGuests *
sig_guests_new (GMainContext *context, SigSessions *sessions, int64_t (*now_us) (void))
{
  SigGuests *guests = g_new0 (SigGuests, 1);

  guests->context = context;
  guests->sessions = sessions;
  guests->now_us = now_us;
  guests->by_device = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, guest_free);
  guests->by_hash = g_hash_table_new (hash_hash, equal_hash);
  g_queue_init (&guests->idle);
  g_queue_init (&guests->ending);
  sig_sessions_listen (sessions, &listener, guests);
  return guests;
}

void
sig_guests_free (SigGuests *guests)
{
  if (guests == NULL)
    return;
  clear_source (guests);
  sig_sessions_unlisten (guests->sessions, &listener, guests);
  g_hash_table_unref (guests->by_hash);
  g_hash_table_unref (guests->by_device);
  g_free (guests);
}

static void
make_token (SigGuest *guest, char **ret_token)
{
  uint8_t random[RANDOM_BYTES];
  g_autofree char *text = NULL;

  al_random_bytes (random, sizeof random);
  text = al_base64url_encode (random, sizeof random);
  OPENSSL_cleanse (random, sizeof random);
  *ret_token = g_strconcat (PREFIX, text, NULL);
  (void) SHA256 ((const unsigned char *) *ret_token, strlen (*ret_token), guest->hash);
}

const SigGuest *
sig_guests_add (SigGuests *guests, MsgId room_id, const char *name, int64_t now_ms, char **ret_token)
{
  SigGuest *guest = g_new0 (SigGuest, 1);
  const MsgUser user = { .id = msg_id_new (),
                         .username = (char *) "",
                         .display_name = (char *) name,
                         .created_at_ms = now_ms };
  const MsgDevice device = { .id = msg_id_new (),
                             .user_id = user.id,
                             .name = (char *) "guest",
                             .platform = (char *) "guest",
                             .added_at_ms = now_ms };

  guest->link.data = guest;
  guest->user = msg_user_copy (&user);
  guest->device = msg_device_copy (&device);
  guest->room_id = room_id;
  make_token (guest, ret_token);
  g_hash_table_insert (guests->by_device, &guest->device->id, guest);
  g_hash_table_insert (guests->by_hash, guest->hash, guest);
  set_idle (guests, guest, true);
  return guest;
}

bool
sig_guests_is_token (const char *token)
{
  return g_str_has_prefix (token, PREFIX);
}

const SigGuest *
sig_guests_find (SigGuests *guests, const char *token)
{
  uint8_t hash[HASH_BYTES];

  (void) SHA256 ((const unsigned char *) token, strlen (token), hash);
  return g_hash_table_lookup (guests->by_hash, hash);
}

void
sig_guests_set_inside (SigGuests *guests, MsgId device_id, bool inside)
{
  SigGuest *guest = g_hash_table_lookup (guests->by_device, &device_id);

  if (guest != NULL)
    set_idle (guests, guest, !inside);
}

void
sig_guests_end (SigGuests *guests, MsgId device_id)
{
  SigGuest *guest = g_hash_table_lookup (guests->by_device, &device_id);

  if (guest == NULL || guest->ending)
    return;
  set_idle (guests, guest, false);
  guest->ending = true;
  (void) g_hash_table_remove (guests->by_hash, guest->hash);
  g_queue_push_tail_link (&guests->ending, &guest->link);
  if (guests->source != NULL)
    return;
  guests->source = g_idle_source_new ();
  g_source_set_priority (guests->source, G_PRIORITY_DEFAULT);
  g_source_set_callback (guests->source, on_turn, guests, NULL);
  (void) g_source_attach (guests->source, guests->context);
}

void
sig_guests_tick (SigGuests *guests)
{
  int64_t now_us = guests->now_us ();
  SigGuest *guest;

  while ((guest = g_queue_peek_head (&guests->idle)) != NULL && now_us - guest->idle_since_us >= SIG_GUEST_IDLE_US)
    sig_guests_end (guests, guest->device->id);
}

unsigned
sig_guests_get_n (const SigGuests *guests)
{
  return g_hash_table_size (guests->by_device);
}
