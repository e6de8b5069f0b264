/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the state machine, and which verb a message goes to. */
#include "relay/mobility.h"

#define REPLY_SOURCES 65536 /* 1 MiB: sources of unverified requests that are counted apart */
#define REVOKED_MAX 65536

typedef void (*Verb) (RelayRequest *request);

static void
on_sweep (AlTimer *timer, void *user)
{
  RelayTurn *turn = user;

  relay_reservations_sweep (turn->shared.reservations, turn->sweep_us);
}

static void
make_replies (RelayTurn *turn)
{
  const AlRateLimit limit = al_rate_limit (turn->config->replies_per_s, G_USEC_PER_SEC);

  g_clear_pointer (&turn->replies, al_rate_table_free);
  if (turn->config->replies_per_s > 0)
    turn->replies = al_rate_table_new (&limit, REPLY_SOURCES);
}

RelayTurn *
relay_turn_new (unsigned worker, const RelayTurnConfig *config, const RelayShared *shared, AlTimerWheel *wheel,
                int64_t epoch_us, const RelayIo *io, void *user)
{
  RelayTurn *turn = g_new0 (RelayTurn, 1);

  turn->worker = worker;
  turn->shared = *shared;
  turn->wheel = wheel;
  turn->io = *io;
  turn->user = user;
  turn->hmac = al_hmac_new ();
  turn->revoked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  turn->links = g_hash_table_new (NULL, NULL);
  al_sip_key_init_random (&turn->sip);
  al_timer_init (&turn->sweep, on_sweep, turn);
  relay_turn_set_config (turn, config, epoch_us);
  return turn;
}

static void
end_all (RelayTurn *turn, RelayEndReason reason, int64_t now_us)
{
  for (unsigned i = 0; i < turn->n_buckets; i++)
    while (turn->buckets[i] != NULL)
      relay_alloc_end (turn->buckets[i], reason, now_us);
}

void
relay_turn_free (RelayTurn *turn)
{
  if (turn == NULL)
    return;
  end_all (turn, RELAY_END_SHUTDOWN, 0);
  al_timer_cancel (&turn->sweep);
  g_free (turn->buckets);
  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    g_free (turn->by_port[family]);
  al_rate_table_free (turn->replies);
  g_hash_table_unref (turn->revoked);
  g_hash_table_unref (turn->links);
  al_hmac_free (turn->hmac);
  g_free (turn);
}

void
relay_turn_set_config (RelayTurn *turn, const RelayTurnConfig *config, int64_t epoch_us)
{
  bool same_rate = turn->config != NULL && turn->config->replies_per_s == config->replies_per_s;

  turn->config = config;
  turn->epoch_us = epoch_us;
  turn->policies++;
  for (unsigned i = 0; i < turn->n_buckets; i++)
    for (RelayAlloc *alloc = turn->buckets[i]; alloc != NULL; alloc = alloc->next)
      relay_alloc_apply_policy (alloc);
  if (!same_rate)
    make_replies (turn);
}

/* RFC 8656 §5: who may be asked what */
static void
on_request (RelayRequest *request)
{
  static const struct {
    uint16_t method;
    Verb verb;
  } verbs[] = {
    { AL_STUN_ALLOCATE, relay_allocate },
    { AL_STUN_REFRESH, relay_refresh },
    { AL_STUN_CREATE_PERMISSION, relay_create_permission },
    { AL_STUN_CHANNEL_BIND, relay_channel_bind },
    { AL_STUN_CONNECT, relay_connect },
    { AL_STUN_CONNECTION_BIND, relay_connection_bind },
  };
  const AlStunMessage *message = request->message;

  if (message->method == AL_STUN_BINDING)
    {
      relay_binding (request);
      return;
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (verbs[i].method == message->method)
      {
        if (relay_credentials_are_none (request->turn->config->credentials))
          relay_reply_error (request, 403); /* STUN alone is served */
        else if (relay_auth (request) && !relay_reply_unknown (request, relay_known, RELAY_KNOWN_N))
          verbs[i].verb (request);
        return;
      }
  request->turn->stats.dropped[RELAY_DROP_MALFORMED]++; /* RFC 8489 §6.3: of a method that is not supported: silently */
}

bool
relay_turn_on_message (RelayTurn *turn, const RelayTuple *from, const uint8_t *data, size_t len, int64_t now_us)
{
  AlStunMessage message;
  RelayRequest request = { .turn = turn, .from = from, .message = &message, .now_us = now_us };

  if (len > 0 && (data[0] & 0xc0) == 0x40)
    {
      relay_data_channel (turn, from, data, len, now_us);
      return relay_turn_has (turn, from);
    }
  request.alloc = relay_alloc_find (turn, from);
  if (!al_stun_parse (data, len, &message) || !al_stun_check_fingerprint (&message))
    {
      turn->stats.dropped[RELAY_DROP_MALFORMED]++;
      return request.alloc != NULL;
    }
  if (message.cls == AL_STUN_REQUEST)
    on_request (&request);
  else if (message.cls == AL_STUN_INDICATION && message.method == AL_STUN_SEND)
    {
      relay_data_send (&request);
      return request.alloc != NULL;
    }
  /* other indications (Binding: a keepalive) and answers to nothing that we asked have no effect */
  return true;
}

void
relay_turn_on_closed (RelayTurn *turn, const RelayTuple *tuple, int64_t now_us)
{
  RelayAlloc *alloc = relay_alloc_find (turn, tuple);

  if (alloc != NULL && !relay_mobility_park (alloc))
    relay_alloc_end (alloc, RELAY_END_CLOSED, now_us);
}

bool
relay_turn_has (RelayTurn *turn, const RelayTuple *tuple)
{
  return relay_alloc_find (turn, tuple) != NULL;
}

static gboolean
is_over (gpointer id, gpointer until, gpointer now_s)
{
  return *(int64_t *) until <= *(int64_t *) now_s;
}

void
relay_turn_revoke (RelayTurn *turn, const char *id, int64_t until_s, int64_t now_us)
{
  int64_t now_s = (now_us + turn->epoch_us) / G_USEC_PER_SEC;
  size_t len = strlen (id);

  if (g_hash_table_size (turn->revoked) >= REVOKED_MAX)
    (void) g_hash_table_foreach_remove (turn->revoked, is_over, &now_s);
  if (g_hash_table_size (turn->revoked) >= REVOKED_MAX)
    g_hash_table_remove_all (turn->revoked); /* bounded; such credentials still end by their time */
  g_hash_table_replace (turn->revoked, g_strdup (id), g_memdup2 (&until_s, sizeof until_s));
  for (unsigned i = 0; i < turn->n_buckets; i++)
    for (RelayAlloc *alloc = turn->buckets[i], *next; alloc != NULL; alloc = next)
      {
        next = alloc->next;
        if (alloc->id_len == len && memcmp (alloc->id, id, len) == 0)
          relay_alloc_end (alloc, RELAY_END_REVOKED, now_us);
      }
}

ssize_t
relay_turn_frame (const uint8_t *data, size_t len)
{
  if (len < 4)
    return len > 0 && (data[0] & 0x80) != 0 ? -1 : 0;
  if ((data[0] & 0xc0) == 0x40)
    return 4 + ((data[2] << 8 | data[3]) + 3) / 4 * 4;
  if ((data[0] & 0xc0) != 0 || (data[3] & 3) != 0)
    return -1;
  if (len >= 8 && !(data[4] == 0x21 && data[5] == 0x12 && data[6] == 0xa4 && data[7] == 0x42))
    return -1;
  return (ssize_t) al_stun_frame (data, len);
}

void
relay_turn_count_drops (RelayTurn *turn, RelayDrop why, uint64_t n)
{
  turn->stats.dropped[why] += n;
}

void
relay_turn_get_stats (const RelayTurn *turn, RelayTurnStats *ret_stats)
{
  *ret_stats = turn->stats;
}

void
relay_turn_foreach (RelayTurn *turn, void (*fn) (const RelayAllocInfo *info, void *user), void *user)
{
  for (unsigned i = 0; i < turn->n_buckets; i++)
    for (const RelayAlloc *alloc = turn->buckets[i]; alloc != NULL; alloc = alloc->next)
      {
        RelayAllocInfo info;

        relay_alloc_get_info (alloc, &info);
        fn (&info, user);
      }
}
