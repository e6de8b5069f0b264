/* SPDX-License-Identifier: Apache-2.0 */
/* What rings, calls and invitations into rooms: so that a device that leaves meanwhile is woken, and told of the end. */
#include <string.h>

#include "signaling/profile.h"
#include "signaling/push-private.h"

/* Ring: by its key, and by who is rung. */
typedef struct Ring Ring;
struct Ring {
  SigPushNews news;  /* owned strings */
  char *key;         /* owned: a call's id, or "ROOM USER" */
  MsgId to;
  Ring *next;        /* of the same user */
};

static void
ring_free (gpointer data)
{
  Ring *ring = data;

  sig_push_news_clear (&ring->news);
  g_free (ring->key);
  g_free (ring);
}

void
sig_push_rings_init (SigPush *self)
{
  self->rings = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, ring_free);
  self->ringing = g_hash_table_new (g_int64_hash, g_int64_equal);
}

void
sig_push_rings_clear (SigPush *self)
{
  g_clear_pointer (&self->ringing, g_hash_table_unref);
  g_clear_pointer (&self->rings, g_hash_table_unref);
}

static char *
get_room_key (MsgId room_id, MsgId to)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, room_id, to);
}

bool
sig_push_rings_has (const SigPush *self, const SigPushNews *news, MsgId to)
{
  g_autofree char *key = news->kind == SIG_PUSH_CALL ? g_strdup (news->call_id) : get_room_key (news->room_id, to);

  return g_hash_table_contains (self->rings, key);
}

void
sig_push_rings_ring_device (SigPush *self, MsgId user_id, MsgId device_id)
{
  for (const Ring *ring = g_hash_table_lookup (self->ringing, &user_id); ring != NULL; ring = ring->next)
    sig_push_wake (self, &ring->news, user_id, device_id);
}

static Ring *
make_call (SigPush *self, JsonObject *payload)
{
  Ring *ring = g_new0 (Ring, 1);
  MsgId from = sig_json_get_id (payload, "from");

  ring->to = sig_json_get_id (payload, "to");
  ring->news = (SigPushNews){ .kind = SIG_PUSH_CALL,
                              .from = from,
                              .call_id = g_strdup (json_object_get_string_member (payload, "callId")),
                              .video = json_object_get_boolean_member (payload, "video"),
                              .expires_ms = self->config.wall_ms () + self->ring_ms };
  ring->key = g_strdup (ring->news.call_id);
  return ring;
}

static void
add_ring (SigPush *self, Ring *ring)
{
  ring->next = g_hash_table_lookup (self->ringing, &ring->to);
  (void) g_hash_table_replace (self->ringing, &ring->to, ring);
  (void) g_hash_table_replace (self->rings, ring->key, ring);
  sig_push_wake (self, &ring->news, ring->to, 0);
}

/* the key of ringing lies in the first ring of the chain */
static void
unlink_ring (SigPush *self, Ring *ring)
{
  Ring *first = g_hash_table_lookup (self->ringing, &ring->to);

  if (first == ring)
    {
      (void) g_hash_table_remove (self->ringing, &ring->to);
      if (ring->next != NULL)
        (void) g_hash_table_replace (self->ringing, &ring->next->to, ring->next);
      return;
    }
  while (first->next != ring)
    first = first->next;
  first->next = ring->next;
}

static void
tell_end (SigPush *self, const Ring *ring, const char *reason)
{
  SigPushNews news;

  sig_push_news_copy (&ring->news, &news);
  news.kind = ring->news.kind == SIG_PUSH_CALL ? SIG_PUSH_CALL_ENDED : SIG_PUSH_ROOM_ENDED;
  news.reason = g_strdup (reason);
  sig_push_wake (self, &news, ring->to, 0);
  sig_push_news_clear (&news);
}

static void
end_ring (SigPush *self, Ring *ring, const char *reason)
{
  unlink_ring (self, ring);
  tell_end (self, ring, reason);
  (void) g_hash_table_remove (self->rings, ring->key);
}

/* It rang when the server stopped, and its devices may still say so. */
static void
end_old_ring (SigPush *self, JsonObject *payload)
{
  Ring *ring = make_call (self, payload);

  tell_end (self, ring, "missed");
  ring_free (ring);
}

/* --- Calls --- */

void
sig_push_call (SigPush *self, const char *name, JsonObject *payload)
{
  Ring *ring = g_hash_table_lookup (self->rings, json_object_get_string_member (payload, "callId"));

  if (g_str_equal (name, "call.ringing") && ring == NULL)
    add_ring (self, make_call (self, payload));
  else if (g_str_equal (name, "call.connecting") && ring != NULL)
    end_ring (self, ring, "answered_elsewhere");
  else if (g_str_equal (name, "call.ended") && ring != NULL)
    end_ring (self, ring, json_object_get_string_member (payload, "reason"));
  else if (g_str_equal (name, "call.ended") && g_str_equal (json_object_get_string_member (payload, "reason"), "missed"))
    end_old_ring (self, payload);
}

/* --- Rooms --- */

void
sig_push_room (SigPush *self, const SigRoomsRing *told)
{
  g_autofree char *key = get_room_key (told->room_id, told->to);
  Ring *ring = g_hash_table_lookup (self->rings, key);

  if (told->ended != NULL)
    {
      if (ring != NULL)
        end_ring (self, ring, told->ended);
      return;
    }
  if (ring != NULL) /* once more: as long as the newest */
    {
      ring->news.from = told->from;
      ring->news.expires_ms = told->expires_ms;
      return;
    }
  ring = g_new0 (Ring, 1);
  ring->to = told->to;
  ring->key = g_steal_pointer (&key);
  ring->news = (SigPushNews){ .kind = SIG_PUSH_ROOM,
                              .from = told->from,
                              .room_id = told->room_id,
                              .text = g_strdup (told->title),
                              .expires_ms = told->expires_ms };
  add_ring (self, ring);
}
