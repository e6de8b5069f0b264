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
#include "sfu/transport-private.h"

#include <string.h>

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

void
sfu_transport_set_state (SfuTransport *transport, SfuTransportState state)
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

void
sfu_transport_finish (SfuTransport *transport, SfuTransportEnd end, int64_t now_us)
{
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  if (end == SFU_END_TIMEOUT)
    transport->selected = SFU_NO_PATH; /* nobody consents to a word of farewell */
  sfu_dtls_close (transport->dtls, now_us);
  transport->end = end;
  sfu_transport_set_state (transport, SFU_TRANSPORT_CLOSED);
}

static void
on_dtls_send (const uint8_t *data, size_t len, void *user)
{
  SfuTransport *transport = user;

  if (transport->selected != SFU_NO_PATH)
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
    sfu_transport_finish (transport, SFU_END_DTLS, now_us);
  else
    sfu_transport_set_state (transport, SFU_TRANSPORT_CONNECTED);
}

/* after anything that may have moved DTLS on */
void
sfu_transport_follow_dtls (SfuTransport *transport, int64_t now_us)
{
  switch (sfu_dtls_get_state (transport->dtls))
    {
    case SFU_DTLS_CONNECTED:
      if (transport->state == SFU_TRANSPORT_CONNECTING)
        become_connected (transport, now_us);
      break;
    case SFU_DTLS_CLOSED:
      sfu_transport_finish (transport, SFU_END_PEER, now_us);
      break;
    case SFU_DTLS_FAILED:
      sfu_transport_finish (transport, SFU_END_DTLS, now_us);
      break;
    default:
      break;
    }
}

void
sfu_transport_start_dtls (SfuTransport *transport, int64_t now_us)
{
  if (transport->state != SFU_TRANSPORT_CONNECTING || transport->n_fingerprints == 0
      || sfu_dtls_get_state (transport->dtls) != SFU_DTLS_NEW)
    return;
  transport->dtls_restarts = transport->restarts;
  sfu_dtls_start (transport->dtls, transport->dtls_client, transport->fingerprints, transport->n_fingerprints, now_us);
  sfu_transport_follow_dtls (transport, now_us);
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
  sfu_transport_set_generation (&transport->generations[0], config->local_ufrag, config->remote_ufrag);
  transport->n_generations = 1;
  transport->overlap_until_us = INT64_MAX;
  transport->selected = SFU_NO_PATH;
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
      sfu_transport_finish (transport, SFU_END_RESTARTED, now_us);
      return;
    }
  memcpy (transport->fingerprints, fingerprints, n * sizeof *fingerprints);
  transport->n_fingerprints = n;
  sfu_transport_start_dtls (transport, now_us);
}

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
      sfu_transport_finish (transport, SFU_END_TIMEOUT, now_us);
      return;
    }
  if (now_us >= get_farewell_end_us (transport))
    {
      sfu_transport_finish (transport, SFU_END_PEER, now_us);
      return;
    }
  if (now_us >= transport->overlap_until_us)
    sfu_transport_drop_old_generation (transport);
  sfu_transport_forget_old_paths (transport, now_us);
  if (transport->state == SFU_TRANSPORT_CONNECTED && now_us - transport->heard_us >= SFU_QUIET_US)
    sfu_transport_set_state (transport, SFU_TRANSPORT_INTERRUPTED);
  sfu_dtls_tick (transport->dtls, now_us);
  sfu_transport_follow_dtls (transport, now_us);
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
  sfu_transport_finish (transport, SFU_END_LOCAL, now_us);
}

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
  return transport->selected == SFU_NO_PATH ? NULL : &transport->paths[transport->selected].path;
}

bool
sfu_transport_has_path (const SfuTransport *transport, const SfuPath *path)
{
  return sfu_transport_find_path (transport, path) != SFU_NO_PATH;
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
  return sfu_transport_was_connected (transport) && transport->selected != SFU_NO_PATH
         && now_us - transport->consent_us < SFU_CONSENT_US;
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
