/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ICE-lite, DTLS and SRTP of one peer.
 *
 *   NEW --nominated--> CONNECTING --DTLS finished--> CONNECTED <==quiet / heard==> INTERRUPTED
 *     `-------------------`---- end, failure, silence ---`------> CLOSED <-----------'
 *
 * An address becomes a path of this peer by a check with the right integrity, and by nothing else; the last nominated one is
 * where everything is sent to. A generation is what one ICE offer and answer agreed on; there are at most two.
 */
#include "sfu/transport.h"

#include <string.h>

#include "base/dtls-hello.h"

#define NOBODY -1

typedef struct {
  SfuPath path;
  int64_t heard_us; /* the last valid check */
} Known;

typedef struct {
  char local[SFU_ICE_UFRAG_LEN];
  char *remote; /* NULL: not known */
} Generation;

struct SfuTransport {
  /* passed in, not owned */
  const SfuIdentity *identity;
  const SfuTransportOps *ops;
  void *user;
  AlHmac *hmac;
  /* owned */
  SfuDtls *dtls;
  SfuSrtp *srtp; /* once CONNECTED */
  Generation generations[2]; /* the present one, the one before */

  SfuTransportState state;
  SfuTransportEnd end;
  bool dtls_client;
  SfuFingerprint fingerprints[SFU_FINGERPRINTS_MAX];
  unsigned n_fingerprints;

  unsigned n_generations;
  unsigned restarts, dtls_restarts; /* how many there were; at the start of DTLS */
  int64_t overlap_until_us;         /* of the generation before; INT64_MAX: the present one has not nominated yet */
  bool has_nomination;
  uint32_t nomination;

  Known paths[SFU_PATHS_MAX];
  unsigned n_paths;
  int selected; /* in paths, or NOBODY */

  int64_t made_us;
  int64_t heard_us;   /* anything authentic */
  int64_t consent_us; /* the last valid check by the selected path */
  int64_t farewell_us; /* when an alert came that nobody can authenticate, and nothing authentic since; INT64_MAX: none */
  SfuTransportStats stats;
};

bool
sfu_path_equal (const SfuPath *a, const SfuPath *b)
{
  return a->via == b->via && al_addr_equal (&a->remote, &b->remote) && al_addr_equal (&a->local, &b->local);
}

const char *
sfu_transport_state_name (SfuTransportState state)
{
  static const char *const names[SFU_TRANSPORT_N] = { "new", "connecting", "connected", "interrupted", "closed" };

  return names[state];
}

static void
set_state (SfuTransport *transport, SfuTransportState state)
{
  static const uint8_t edges[SFU_TRANSPORT_N] = {
    [SFU_TRANSPORT_NEW] = 1 << SFU_TRANSPORT_CONNECTING | 1 << SFU_TRANSPORT_CLOSED,
    [SFU_TRANSPORT_CONNECTING] = 1 << SFU_TRANSPORT_CONNECTED | 1 << SFU_TRANSPORT_CLOSED,
    [SFU_TRANSPORT_CONNECTED] = 1 << SFU_TRANSPORT_INTERRUPTED | 1 << SFU_TRANSPORT_CLOSED,
    [SFU_TRANSPORT_INTERRUPTED] = 1 << SFU_TRANSPORT_CONNECTED | 1 << SFU_TRANSPORT_CLOSED,
  };

  g_assert (edges[transport->state] >> state & 1);
  g_debug ("transport %.*s: %s -> %s", SFU_ICE_UFRAG_LEN, transport->generations[0].local,
           sfu_transport_state_name (transport->state), sfu_transport_state_name (state));
  transport->state = state;
  transport->ops->on_state (transport, state, transport->user);
}

static void
finish (SfuTransport *transport, SfuTransportEnd end, int64_t now_us)
{
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  if (end == SFU_END_TIMEOUT)
    transport->selected = NOBODY; /* nobody consents to a word of farewell */
  sfu_dtls_close (transport->dtls, now_us);
  transport->end = end;
  set_state (transport, SFU_TRANSPORT_CLOSED);
}

static bool
was_connected (const SfuTransport *transport)
{
  return transport->state == SFU_TRANSPORT_CONNECTED || transport->state == SFU_TRANSPORT_INTERRUPTED;
}

/* ---- paths ---- */

static int
find_path (const SfuTransport *transport, const SfuPath *path)
{
  for (unsigned i = 0; i < transport->n_paths; i++)
    if (sfu_path_equal (&transport->paths[i].path, path))
      return (int) i;
  return NOBODY;
}

static void
remove_path (SfuTransport *transport, unsigned index)
{
  unsigned last = --transport->n_paths;

  if (transport->selected == (int) index)
    transport->selected = NOBODY;
  else if (transport->selected == (int) last)
    transport->selected = (int) index;
  transport->paths[index] = transport->paths[last];
}

/* the one that was checked least recently, but never the one in use */
static void
remove_eldest (SfuTransport *transport)
{
  int eldest = NOBODY;

  for (int i = 0; i < (int) transport->n_paths; i++)
    if (i != transport->selected && (eldest == NOBODY || transport->paths[i].heard_us < transport->paths[eldest].heard_us))
      eldest = i;
  remove_path (transport, (unsigned) eldest);
}

static int
learn_path (SfuTransport *transport, const SfuPath *path, int64_t now_us)
{
  int index = find_path (transport, path);

  if (index == NOBODY)
    {
      if (transport->n_paths == SFU_PATHS_MAX)
        remove_eldest (transport);
      index = (int) transport->n_paths++;
      transport->paths[index].path = *path;
    }
  transport->paths[index].heard_us = now_us;
  return index;
}

/* RFC 7675 §5.1: consent is each path's own */
static void
forget_old_paths (SfuTransport *transport, int64_t now_us)
{
  for (unsigned i = transport->n_paths; i > 0; i--)
    if (transport->selected != (int) i - 1 && now_us - transport->paths[i - 1].heard_us >= SFU_CONSENT_US)
      remove_path (transport, i - 1);
}

/* ---- DTLS ---- */

static void
on_dtls_send (const uint8_t *data, size_t len, void *user)
{
  SfuTransport *transport = user;

  if (transport->selected != NOBODY)
    transport->ops->send (transport, &transport->paths[transport->selected].path, data, len, transport->user);
}

static void
become_connected (SfuTransport *transport, int64_t now_us)
{
  SfuSrtpKey send, receive;
  SfuSrtpProfile profile = sfu_dtls_export (transport->dtls, &send, &receive);

  if (profile != SFU_SRTP_NONE)
    {
      transport->srtp = sfu_srtp_new (profile, &send, &receive);
      sfu_dtls_release (transport->dtls, now_us);
    }
  OPENSSL_cleanse (&send, sizeof send);
  OPENSSL_cleanse (&receive, sizeof receive);
  if (transport->srtp == NULL)
    finish (transport, SFU_END_DTLS, now_us);
  else
    set_state (transport, SFU_TRANSPORT_CONNECTED);
}

/* after anything that may have moved DTLS on */
static void
follow_dtls (SfuTransport *transport, int64_t now_us)
{
  switch (sfu_dtls_get_state (transport->dtls))
    {
    case SFU_DTLS_CONNECTED:
      if (transport->state == SFU_TRANSPORT_CONNECTING)
        become_connected (transport, now_us);
      break;
    case SFU_DTLS_CLOSED:
      finish (transport, SFU_END_PEER, now_us);
      break;
    case SFU_DTLS_FAILED:
      finish (transport, SFU_END_DTLS, now_us);
      break;
    default:
      break;
    }
}

static void
start_dtls (SfuTransport *transport, int64_t now_us)
{
  if (transport->state != SFU_TRANSPORT_CONNECTING || transport->n_fingerprints == 0
      || sfu_dtls_get_state (transport->dtls) != SFU_DTLS_NEW)
    return;
  transport->dtls_restarts = transport->restarts;
  sfu_dtls_start (transport->dtls, transport->dtls_client, transport->fingerprints, transport->n_fingerprints, now_us);
  follow_dtls (transport, now_us);
}

/* ---- life ---- */

static void
set_generation (Generation *generation, const char *local, const char *remote)
{
  memcpy (generation->local, local, SFU_ICE_UFRAG_LEN);
  generation->remote = g_strdup (remote);
}

SfuTransport *
sfu_transport_new (const SfuTransportConfig *config, const SfuTransportOps *ops, void *user, int64_t now_us)
{
  SfuTransport *transport;

  g_return_val_if_fail (strlen (config->local_ufrag) == SFU_ICE_UFRAG_LEN, NULL);
  g_return_val_if_fail (config->n_fingerprints <= SFU_FINGERPRINTS_MAX, NULL);
  transport = g_new0 (SfuTransport, 1);
  transport->identity = config->identity;
  transport->ops = ops;
  transport->user = user;
  transport->dtls_client = config->dtls_client;
  transport->dtls = sfu_dtls_new (config->identity, on_dtls_send, transport);
  set_generation (&transport->generations[0], config->local_ufrag, config->remote_ufrag);
  transport->n_generations = 1;
  transport->overlap_until_us = INT64_MAX;
  transport->selected = NOBODY;
  transport->made_us = transport->heard_us = transport->consent_us = now_us;
  transport->farewell_us = INT64_MAX;
  transport->n_fingerprints = config->n_fingerprints;
  if (config->n_fingerprints > 0)
    memcpy (transport->fingerprints, config->fingerprints, config->n_fingerprints * sizeof *config->fingerprints);
  return transport;
}

void
sfu_transport_free (SfuTransport *transport)
{
  if (transport == NULL)
    return;
  sfu_dtls_free (transport->dtls);
  sfu_srtp_free (transport->srtp);
  for (unsigned i = 0; i < 2; i++)
    g_free (transport->generations[i].remote);
  g_free (transport);
}

void
sfu_transport_set_owner (SfuTransport *transport, AlHmac *hmac, void *user)
{
  transport->hmac = hmac;
  transport->user = user;
}

static bool
contains (const SfuFingerprint *fingerprints, unsigned n, const SfuFingerprint *wanted)
{
  for (unsigned i = 0; i < n; i++)
    if (sfu_fingerprint_equal (&fingerprints[i], wanted))
      return true;
  return false;
}

void
sfu_transport_set_fingerprints (SfuTransport *transport, const SfuFingerprint *fingerprints, unsigned n, int64_t now_us)
{
  const SfuFingerprint *peer = sfu_dtls_get_peer (transport->dtls);
  bool same = transport->n_fingerprints == 0;

  g_return_if_fail (n >= 1 && n <= SFU_FINGERPRINTS_MAX);
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  if (peer != NULL)
    same = contains (fingerprints, n, peer);
  for (unsigned i = 0; peer == NULL && i < transport->n_fingerprints; i++)
    same = same || contains (fingerprints, n, &transport->fingerprints[i]);
  if (!same && sfu_dtls_get_state (transport->dtls) != SFU_DTLS_NEW)
    {
      finish (transport, SFU_END_RESTARTED, now_us);
      return;
    }
  memcpy (transport->fingerprints, fingerprints, n * sizeof *fingerprints);
  transport->n_fingerprints = n;
  start_dtls (transport, now_us);
}

static void
drop_old_generation (SfuTransport *transport)
{
  g_clear_pointer (&transport->generations[1].remote, g_free);
  transport->n_generations = 1;
  transport->overlap_until_us = INT64_MAX;
}

void
sfu_transport_restart_ice (SfuTransport *transport, const char *local_ufrag, const char *remote_ufrag, int64_t now_us)
{
  g_return_if_fail (strlen (local_ufrag) == SFU_ICE_UFRAG_LEN);
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  drop_old_generation (transport);
  transport->generations[1] = transport->generations[0];
  set_generation (&transport->generations[0], local_ufrag, remote_ufrag);
  transport->n_generations = 2;
  transport->has_nomination = false;
  transport->restarts++;
}

/* ---- ICE ---- */

/* Returns: which generation @check belongs to; NOBODY: none */
static int
find_generation (const SfuTransport *transport, const SfuIceCheck *check)
{
  for (unsigned i = 0; i < transport->n_generations; i++)
    {
      const Generation *generation = &transport->generations[i];

      if (memcmp (generation->local, check->local, SFU_ICE_UFRAG_LEN) == 0)
        return generation->remote == NULL
                       || (strlen (generation->remote) == check->remote_len
                           && memcmp (generation->remote, check->remote, check->remote_len) == 0)
                   ? (int) i
                   : NOBODY;
    }
  return NOBODY;
}

/* RFC 8445 §8.1.1: the controlling agent chooses; the last word counts. Who numbers nominations (0xC001) is not led back by an
 * older one that comes late, nor by a check that only keeps another path alive; unless there is no path at all */
static bool
is_nomination (const SfuTransport *transport, const SfuIceCheck *check, int generation)
{
  if (!check->use_candidate && !check->has_nomination)
    return false;
  if (transport->selected == NOBODY)
    return true;
  if (generation > 0)
    return transport->overlap_until_us == INT64_MAX; /* until the present generation has one */
  return !transport->has_nomination || (check->has_nomination && check->nomination >= transport->nomination);
}

static void
nominate (SfuTransport *transport, const SfuIceCheck *check, int generation, int path, int64_t now_us)
{
  if (generation == 0)
    {
      if (check->has_nomination)
        transport->nomination = check->nomination;
      transport->has_nomination = transport->has_nomination || check->has_nomination;
      if (transport->n_generations > 1 && transport->overlap_until_us == INT64_MAX)
        transport->overlap_until_us = now_us + SFU_OVERLAP_US;
    }
  if (transport->selected == path)
    return;
  transport->selected = path;
  transport->stats.path_changes++;
  transport->ops->on_path (transport, &transport->paths[path].path, transport->user);
}

static void
note_check (SfuTransport *transport, const SfuIceCheck *check, int generation, const SfuPath *path, int64_t now_us)
{
  int index = learn_path (transport, path, now_us);

  transport->heard_us = now_us;
  transport->farewell_us = INT64_MAX;
  if (is_nomination (transport, check, generation))
    nominate (transport, check, generation, index, now_us);
  if (index == transport->selected)
    transport->consent_us = now_us;
  if (transport->state == SFU_TRANSPORT_NEW && transport->selected != NOBODY)
    {
      set_state (transport, SFU_TRANSPORT_CONNECTING);
      start_dtls (transport, now_us);
    }
  else if (transport->state == SFU_TRANSPORT_INTERRUPTED && transport->selected != NOBODY)
    set_state (transport, SFU_TRANSPORT_CONNECTED);
}

bool
sfu_transport_on_stun (SfuTransport *transport, const AlStunMessage *message, const SfuPath *path, int64_t now_us)
{
  uint8_t reply[SFU_ICE_REPLY_MAX];
  SfuIceCheck check;
  int generation;
  size_t len;

  if (transport->state == SFU_TRANSPORT_CLOSED)
    return false;
  if (!sfu_ice_check (transport->identity, transport->hmac, message, &check)
      || (generation = find_generation (transport, &check)) == NOBODY)
    {
      transport->stats.rx_bad_checks++;
      return false;
    }
  len = sfu_ice_answer (transport->identity, transport->hmac, &check, &path->remote, reply, sizeof reply);
  g_assert (len > 0);
  transport->stats.rx_checks++;
  transport->ops->send (transport, path, reply, len, transport->user);
  if (!sfu_ice_is_valid (&check))
    return false;
  note_check (transport, &check, generation, path, now_us);
  return true;
}

void
sfu_transport_forget_via (SfuTransport *transport, const void *via, int64_t now_us)
{
  for (unsigned i = transport->n_paths; i > 0; i--)
    if (transport->paths[i - 1].path.via == via)
      remove_path (transport, i - 1);
  if (transport->selected == NOBODY && transport->state == SFU_TRANSPORT_CONNECTED)
    set_state (transport, SFU_TRANSPORT_INTERRUPTED);
}

/* ---- packets ---- */

void
sfu_transport_on_dtls (SfuTransport *transport, const SfuPath *path, const uint8_t *data, size_t len, int64_t now_us)
{
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  if (find_path (transport, path) == NOBODY)
    {
      transport->stats.rx_bad_path++;
      return;
    }
  /* RFC 8842 §5: a connection of its own after an ICE restart. Without one it is a late copy, or a forgery */
  if (was_connected (transport) && transport->restarts != transport->dtls_restarts && al_dtls_is_client_hello (data, len))
    {
      finish (transport, SFU_END_RESTARTED, now_us);
      return;
    }
  /* after an ICE restart the peer may close the connection that it is about to replace: its ClientHello decides */
  if (was_connected (transport) && transport->restarts != transport->dtls_restarts && al_dtls_is_alert (data, len))
    {
      transport->farewell_us = MIN (transport->farewell_us, now_us);
      return;
    }
  sfu_dtls_on_datagram (transport->dtls, data, len, now_us);
  follow_dtls (transport, now_us);
  if (was_connected (transport) && al_dtls_is_alert (data, len))
    transport->farewell_us = MIN (transport->farewell_us, now_us);
}

/* may a packet from @path be decrypted */
static bool
is_welcome (SfuTransport *transport, const SfuPath *path)
{
  if (!was_connected (transport))
    {
      transport->stats.rx_early++;
      return false;
    }
  if (transport->selected != NOBODY && sfu_path_equal (&transport->paths[transport->selected].path, path))
    return true;
  if (find_path (transport, path) != NOBODY)
    return true;
  transport->stats.rx_bad_path++;
  return false;
}

static size_t
note_packet (SfuTransport *transport, size_t wire_len, size_t len, int64_t now_us)
{
  if (len == 0)
    return 0;
  if (transport->stats.rx_pkts == 0)
    sfu_dtls_drop_flight (transport->dtls); /* who has the keys has finished */
  transport->heard_us = now_us;
  transport->farewell_us = INT64_MAX;
  transport->stats.rx_pkts++;
  transport->stats.rx_bytes += wire_len;
  if (transport->state == SFU_TRANSPORT_INTERRUPTED && transport->selected != NOBODY)
    set_state (transport, SFU_TRANSPORT_CONNECTED);
  return len;
}

size_t
sfu_transport_unprotect_rtp (SfuTransport *transport, const SfuPath *path, uint8_t *rtp, size_t len, int64_t now_us)
{
  if (!is_welcome (transport, path))
    return 0;
  return note_packet (transport, len, sfu_srtp_unprotect_rtp (transport->srtp, rtp, len), now_us);
}

size_t
sfu_transport_unprotect_rtcp (SfuTransport *transport, const SfuPath *path, uint8_t *rtcp, size_t len, int64_t now_us)
{
  if (!is_welcome (transport, path))
    return 0;
  return note_packet (transport, len, sfu_srtp_unprotect_rtcp (transport->srtp, rtcp, len), now_us);
}

/* ---- time ---- */

/* when a transport in this state, of which nothing more is heard, is over */
static int64_t
get_end_us (const SfuTransport *transport)
{
  if (transport->state == SFU_TRANSPORT_NEW)
    return transport->made_us + SFU_SETUP_US;
  return MIN (transport->heard_us, transport->consent_us + SFU_CONSENT_US) + SFU_SILENCE_US;
}

/* when an alert is believed, as nothing contradicts it */
static int64_t
get_farewell_end_us (const SfuTransport *transport)
{
  return transport->farewell_us == INT64_MAX ? INT64_MAX : transport->farewell_us + SFU_FAREWELL_US;
}

void
sfu_transport_tick (SfuTransport *transport, int64_t now_us)
{
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  if (now_us >= get_end_us (transport))
    {
      finish (transport, SFU_END_TIMEOUT, now_us);
      return;
    }
  if (now_us >= get_farewell_end_us (transport))
    {
      finish (transport, SFU_END_PEER, now_us);
      return;
    }
  if (now_us >= transport->overlap_until_us)
    drop_old_generation (transport);
  forget_old_paths (transport, now_us);
  if (transport->state == SFU_TRANSPORT_CONNECTED && now_us - transport->heard_us >= SFU_QUIET_US)
    set_state (transport, SFU_TRANSPORT_INTERRUPTED);
  sfu_dtls_tick (transport->dtls, now_us);
  follow_dtls (transport, now_us);
}

int64_t
sfu_transport_get_deadline (const SfuTransport *transport)
{
  int64_t deadline_us;

  if (transport->state == SFU_TRANSPORT_CLOSED)
    return INT64_MAX;
  deadline_us = MIN (get_end_us (transport), sfu_dtls_get_deadline (transport->dtls));
  deadline_us = MIN (deadline_us, transport->overlap_until_us);
  deadline_us = MIN (deadline_us, get_farewell_end_us (transport));
  if (transport->state == SFU_TRANSPORT_CONNECTED)
    deadline_us = MIN (deadline_us, transport->heard_us + SFU_QUIET_US);
  return deadline_us;
}

void
sfu_transport_close (SfuTransport *transport, int64_t now_us)
{
  finish (transport, SFU_END_LOCAL, now_us);
}

/* ---- questions ---- */

SfuTransportState
sfu_transport_get_state (const SfuTransport *transport)
{
  return transport->state;
}

SfuTransportEnd
sfu_transport_get_end (const SfuTransport *transport)
{
  return transport->end;
}

const char *
sfu_transport_get_error (const SfuTransport *transport)
{
  return sfu_dtls_get_error (transport->dtls);
}

const SfuPath *
sfu_transport_get_path (const SfuTransport *transport)
{
  return transport->selected == NOBODY ? NULL : &transport->paths[transport->selected].path;
}

bool
sfu_transport_has_path (const SfuTransport *transport, const SfuPath *path)
{
  return find_path (transport, path) != NOBODY;
}

bool
sfu_transport_has_ufrag (const SfuTransport *transport, const uint8_t ufrag[SFU_ICE_UFRAG_LEN])
{
  for (unsigned i = 0; i < transport->n_generations; i++)
    if (memcmp (transport->generations[i].local, ufrag, SFU_ICE_UFRAG_LEN) == 0)
      return true;
  return false;
}

bool
sfu_transport_may_send (const SfuTransport *transport, int64_t now_us)
{
  return was_connected (transport) && transport->selected != NOBODY && now_us - transport->consent_us < SFU_CONSENT_US;
}

SfuSrtp *
sfu_transport_get_srtp (SfuTransport *transport)
{
  return transport->srtp;
}

void
sfu_transport_get_stats (const SfuTransport *transport, SfuTransportStats *ret_stats)
{
  *ret_stats = transport->stats;
  if (transport->srtp != NULL)
    sfu_srtp_get_stats (transport->srtp, &ret_stats->srtp);
}
