/* SPDX-License-Identifier: Apache-2.0 */
/* A transport and a peer made of the same parts, without a network, in virtual time. Included once in a program. */
#pragma once

#include <openssl/ssl.h>

#include "base/dtls-hello.h"
#include "ice-peer.h"
#include "sfu/transport.h"
#include "virtual-clock.h"

#define SECOND ((int64_t) G_USEC_PER_SEC)
#define SENT_MAX 64

typedef struct {
  SfuPath to;
  size_t len;
  uint8_t data[SFU_DTLS_MTU];
} Sent;

typedef struct {
  SfuIdentity *identity, *peer_identity;
  AlHmac *hmac;
  SfuTransport *transport;
  char ufrag[SFU_ICE_UFRAG_LEN + 1], pwd[SFU_ICE_PWD_LEN + 1];
  char remote[16];
  uint32_t priority;
  SfuPath paths[12];
  int sockets[2]; /* only their addresses are used */
  Sent sent[SENT_MAX]; /* by the transport, not yet looked at */
  unsigned n_sent;
  SfuTransportState states[16];
  unsigned n_states, n_paths;
  /* the peer */
  SfuDtls *dtls;
  SfuPath dtls_path; /* where the peer sends DTLS from */
  GByteArray *kept, *kept_finished; /* take it instead of the transport: all; ChangeCipherSpec and Finished */
  SfuSrtp *srtp;
  uint64_t index;
} Bench;

static inline void
on_send (SfuTransport *transport, const SfuPath *path, const uint8_t *data, size_t len, void *user)
{
  Bench *bench = user;
  Sent *sent = &bench->sent[bench->n_sent++];

  g_assert_cmpuint (bench->n_sent, <=, SENT_MAX);
  g_assert_cmpuint (len, <=, sizeof sent->data);
  sent->to = *path;
  sent->len = len;
  memcpy (sent->data, data, len);
}

static inline void
on_state (SfuTransport *transport, SfuTransportState state, void *user)
{
  Bench *bench = user;

  g_assert_cmpint (sfu_transport_get_state (transport), ==, state);
  g_assert_cmpuint (bench->n_states, <, G_N_ELEMENTS (bench->states));
  bench->states[bench->n_states++] = state;
}

static inline void
on_path (SfuTransport *transport, const SfuPath *path, void *user)
{
  Bench *bench = user;

  g_assert_true (sfu_path_equal (path, sfu_transport_get_path (transport)));
  bench->n_paths++;
}

static const SfuTransportOps ops = { on_send, on_state, on_path };

static inline void
on_peer_send (const uint8_t *data, size_t len, void *user)
{
  Bench *bench = user;

  if (bench->kept != NULL)
    g_byte_array_append (bench->kept, data, (guint) len);
  else if (bench->kept_finished != NULL && (data[0] == 20 || al_dtls_has_finished (data, len)))
    g_byte_array_append (bench->kept_finished, data, (guint) len);
  else
    sfu_transport_on_dtls (bench->transport, &bench->dtls_path, data, len, clock_us);
}

static inline SfuFingerprint
fingerprint_of (const SfuIdentity *identity)
{
  const char *text = sfu_identity_get_fingerprint (identity);
  SfuFingerprint fingerprint;

  g_assert_true (sfu_fingerprint_parse (text, strlen (text), &fingerprint));
  return fingerprint;
}

static inline void
make_transport (Bench *bench, bool dtls_client, bool knows_fingerprint)
{
  SfuFingerprint fingerprint = fingerprint_of (bench->peer_identity);
  const SfuTransportConfig config = { .identity = bench->identity, .local_ufrag = bench->ufrag, .remote_ufrag = bench->remote,
                                      .dtls_client = dtls_client, .fingerprints = &fingerprint,
                                      .n_fingerprints = knows_fingerprint };

  bench->transport = sfu_transport_new (&config, &ops, bench, clock_us);
  sfu_transport_set_owner (bench->transport, bench->hmac, bench);
}

static inline void
bench_init (Bench *bench)
{
  memset (bench, 0, sizeof *bench);
  clock_us = CLOCK_START_US;
  bench->identity = sfu_identity_new (NULL);
  bench->peer_identity = sfu_identity_new (NULL);
  bench->hmac = al_hmac_new ();
  sfu_ice_make_ufrag (bench->identity, bench->ufrag);
  sfu_ice_make_password (bench->identity, bench->hmac, bench->ufrag, bench->pwd);
  strcpy (bench->remote, "peer");
  for (unsigned i = 0; i < G_N_ELEMENTS (bench->paths); i++)
    {
      g_autofree char *text = i % 2 == 0 ? g_strdup_printf ("192.0.2.%u:5000", i + 1)
                                         : g_strdup_printf ("[2001:db8::%u]:5000", i + 1);

      g_assert_true (al_addr_parse (text, 0, &bench->paths[i].remote, NULL));
      bench->paths[i].via = &bench->sockets[0];
    }
  make_transport (bench, false, true);
  bench->dtls = sfu_dtls_new (bench->peer_identity, on_peer_send, bench);
  bench->dtls_path = bench->paths[0];
}

static inline void
bench_clear (Bench *bench)
{
  sfu_transport_free (bench->transport);
  sfu_dtls_free (bench->dtls);
  sfu_srtp_free (bench->srtp);
  sfu_identity_free (bench->identity);
  sfu_identity_free (bench->peer_identity);
  al_hmac_free (bench->hmac);
}

/* a check by @path; credentials are the bench's unless @check has its own. Returns: was it valid */
static inline bool
check_with (Bench *bench, const SfuPath *path, IcePeerCheck check)
{
  AlStunMessage message;
  uint8_t data[512];
  size_t len;

  check.local = check.local != NULL ? check.local : bench->ufrag;
  check.remote = check.remote != NULL ? check.remote : bench->remote;
  check.pwd = check.pwd != NULL ? check.pwd : bench->pwd;
  len = ice_peer_write (bench->hmac, &check, data, sizeof data);
  g_assert_true (al_stun_parse (data, len, &message));
  return sfu_transport_on_stun (bench->transport, &message, path, clock_us);
}

static inline bool
check (Bench *bench, const SfuPath *path, bool use_candidate)
{
  return check_with (bench, path, (IcePeerCheck){ .use_candidate = use_candidate });
}

/* Returns: how many of what was sent were successes of STUN; DTLS goes to the peer */
static inline unsigned
take_sent (Bench *bench)
{
  unsigned n_successes = 0;

  for (unsigned i = 0; i < bench->n_sent; i++)
    {
      const Sent *sent = &bench->sent[i];
      AlStunMessage message;

      if (al_stun_parse (sent->data, sent->len, &message))
        n_successes += message.cls == AL_STUN_SUCCESS;
      else
        {
          g_assert_true (sfu_path_equal (&sent->to, sfu_transport_get_path (bench->transport)));
          sfu_dtls_on_datagram (bench->dtls, sent->data, sent->len, clock_us);
        }
    }
  bench->n_sent = 0;
  return n_successes;
}

static inline void
run_dtls (Bench *bench)
{
  for (unsigned i = 0; i < 10; i++)
    {
      (void) take_sent (bench);
      sfu_dtls_tick (bench->dtls, clock_us);
    }
}

static inline void
take_keys (Bench *bench)
{
  SfuSrtpKey send, receive;
  SfuSrtpProfile profile = sfu_dtls_export (bench->dtls, &send, &receive);

  g_assert_cmpint (profile, ==, SFU_SRTP_AEAD_AES_128_GCM);
  bench->srtp = sfu_srtp_new (profile, &send, &receive);
}

static inline void
connect_peer (Bench *bench)
{
  SfuFingerprint fingerprint = fingerprint_of (bench->identity);

  g_assert_true (check (bench, &bench->paths[0], true));
  sfu_dtls_start (bench->dtls, true, &fingerprint, 1, clock_us);
  run_dtls (bench);
  g_assert_cmpint (sfu_transport_get_state (bench->transport), ==, SFU_TRANSPORT_CONNECTED);
  take_keys (bench);
}

/* an RTP or RTCP packet of the peer by @path. Returns: was it taken */
static inline bool
packet_from (Bench *bench, const SfuPath *path, bool rtcp)
{
  uint8_t data[200] = { 0x80, 96 };
  size_t len;

  bench->index++;
  data[1] = rtcp ? 201 : 96;
  data[2] = rtcp ? 0 : (uint8_t) (bench->index >> 8);
  data[3] = rtcp ? 24 : (uint8_t) bench->index;
  data[rtcp ? 7 : 11] = 77;
  if (bench->srtp == NULL)
    len = 120;
  else if (rtcp)
    len = sfu_srtp_protect_rtcp (bench->srtp, data, 100, sizeof data);
  else
    len = sfu_srtp_protect_rtp (bench->srtp, data, 100, sizeof data, 12, bench->index);
  return (rtcp ? sfu_transport_unprotect_rtcp (bench->transport, path, data, len, clock_us)
               : sfu_transport_unprotect_rtp (bench->transport, path, data, len, clock_us)) == 100;
}

static inline void
tick_at (Bench *bench, int64_t at_us)
{
  clock_us = at_us;
  sfu_transport_tick (bench->transport, clock_us);
}

static inline SfuTransportStats
stats_of (const Bench *bench)
{
  SfuTransportStats stats;

  sfu_transport_get_stats (bench->transport, &stats);
  return stats;
}

#define assert_state(bench, state) g_assert_cmpint (sfu_transport_get_state ((bench)->transport), ==, (state))
