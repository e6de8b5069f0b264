/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in under AES128_CM_SHA1_80, by libsrtp.
 *
 * libsrtp's session has one template stream for any SSRC: a packet of an SSRC that it does not know is checked by the
 * template, and only an authentic one makes a stream of its own. This file remembers in which order they were heard and
 * removes the eldest.
 *
 * The rollover counter that libsrtp expects is the likeliest one (RFC 3711 §3.3.1), or 0 for a new SSRC. Whoever missed a
 * wrap is told by no packet: all fail. Those are tried once more in a session of its own under the next counters; when
 * one is right, the stream begins anew there.
 */
#include <openssl/crypto.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <string.h>

#include "sfu/srtp-private.h"

#define KEY_BYTES 16
#define SALT_BYTES 14

typedef struct {
  uint32_t ssrc;
  uint64_t heard; /* larger: later */
} Stream;

struct SfuSrtpSha1 {
  srtp_t session; /* owned */
  uint8_t key[KEY_BYTES + SALT_BYTES];
  Stream streams[SFU_SRTP_STREAMS_MAX];
  unsigned n_streams, failures;
  uint64_t clock;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init (void)
{
  (void) srtp_init (); /* fails when somebody has done it already; without it no session can be made */
}

static void
set_policy (SfuSrtpSha1 *sha1, srtp_ssrc_type_t type, uint32_t ssrc, srtp_policy_t *ret_policy)
{
  *ret_policy = (srtp_policy_t){ .ssrc = { .type = type, .value = ssrc }, .key = sha1->key, .window_size = SFU_SRTP_WINDOW };
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80 (&ret_policy->rtp);
  srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80 (&ret_policy->rtcp);
}

static srtp_t
make_session (SfuSrtpSha1 *sha1, srtp_ssrc_type_t type, uint32_t ssrc)
{
  srtp_policy_t policy;
  srtp_t session = NULL;

  set_policy (sha1, type, ssrc, &policy);
  return srtp_create (&session, &policy) == srtp_err_status_ok ? session : NULL;
}

/* the stream of @ssrc, from @roc on */
static bool
add_stream (SfuSrtpSha1 *sha1, uint32_t ssrc, uint32_t roc)
{
  srtp_policy_t policy;

  set_policy (sha1, ssrc_specific, ssrc, &policy);
  return srtp_add_stream (sha1->session, &policy) == srtp_err_status_ok
         && srtp_set_stream_roc (sha1->session, ssrc, roc) == srtp_err_status_ok;
}

SfuSrtpSha1 *
sfu_srtp_sha1_new (const SfuSrtpKey *key)
{
  SfuSrtpSha1 *sha1 = g_new0 (SfuSrtpSha1, 1);

  (void) pthread_once (&once, init);
  memcpy (sha1->key, key->key, KEY_BYTES);
  memcpy (sha1->key + KEY_BYTES, key->salt, SALT_BYTES);
  sha1->session = make_session (sha1, ssrc_any_inbound, 0);
  if (sha1->session == NULL)
    g_clear_pointer (&sha1, sfu_srtp_sha1_free);
  return sha1;
}

void
sfu_srtp_sha1_free (SfuSrtpSha1 *sha1)
{
  if (sha1 == NULL)
    return;
  if (sha1->session != NULL)
    (void) srtp_dealloc (sha1->session);
  OPENSSL_cleanse (sha1, sizeof *sha1);
  g_free (sha1);
}

static uint32_t
get_u32 (const uint8_t *data)
{
  return (uint32_t) data[0] << 24 | (uint32_t) data[1] << 16 | (uint32_t) data[2] << 8 | data[3];
}

/* an authentic packet came: the eldest of too many streams makes way */
static void
note_heard (SfuSrtpSha1 *sha1, uint32_t ssrc, SfuSrtpStats *stats)
{
  Stream *eldest = sha1->streams, *at;

  for (at = sha1->streams; at < sha1->streams + sha1->n_streams && at->ssrc != ssrc; at++)
    if (at->heard < eldest->heard)
      eldest = at;
  if (at == sha1->streams + sha1->n_streams)
    {
      if (sha1->n_streams < SFU_SRTP_STREAMS_MAX)
        sha1->n_streams++;
      else
        {
          at = eldest;
          (void) srtp_remove_stream (sha1->session, at->ssrc);
          stats->evicted++;
        }
      at->ssrc = ssrc;
    }
  at->heard = ++sha1->clock;
  sha1->failures = 0;
}

static SfuSrtpVerdict
judge (srtp_err_status_t status)
{
  switch (status)
    {
    case srtp_err_status_ok:
      return SFU_SRTP_OK;
    case srtp_err_status_replay_fail:
      return SFU_SRTP_REPLAYED;
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return SFU_SRTP_OLD;
    case srtp_err_status_parse_err:
    case srtp_err_status_bad_param:
      return SFU_SRTP_MALFORMED;
    default:
      return SFU_SRTP_FORGED;
    }
}

/* is @packet authentic as the one of rollover counter @roc */
static bool
is_authentic (SfuSrtpSha1 *sha1, const uint8_t *packet, size_t len, uint32_t roc)
{
  srtp_t session = NULL;
  uint8_t copy[SFU_SRTP_PACKET_MAX];
  int copy_len = (int) len;
  bool ok;

  session = make_session (sha1, ssrc_specific, get_u32 (packet + 8));
  memcpy (copy, packet, len);
  ok = session != NULL && srtp_set_stream_roc (session, get_u32 (packet + 8), roc) == srtp_err_status_ok
       && srtp_unprotect (session, copy, &copy_len) == srtp_err_status_ok;
  if (session != NULL)
    (void) srtp_dealloc (session);
  return ok;
}

/* under one of the next rollover counters, see above */
static bool
recover (SfuSrtpSha1 *sha1, const uint8_t *packet, uint8_t *rtp, size_t len, int *ret_len)
{
  uint32_t ssrc = get_u32 (packet + 8), roc = 0;

  /* 0 for one that is not known; failing leaves it alone */
  (void) srtp_get_stream_roc (sha1->session, ssrc, &roc);
  for (uint32_t ahead = 1; ahead <= SFU_SRTP_ROC_AHEAD; ahead++)
    if (is_authentic (sha1, packet, len, roc + ahead))
      {
        (void) srtp_remove_stream (sha1->session, ssrc);
        memcpy (rtp, packet, len);
        *ret_len = (int) len;
        return add_stream (sha1, ssrc, roc + ahead)
               && srtp_unprotect (sha1->session, rtp, ret_len) == srtp_err_status_ok;
      }
  return false;
}

SfuSrtpVerdict
sfu_srtp_sha1_rtp (SfuSrtpSha1 *sha1, uint8_t *rtp, size_t len, SfuSrtpStats *stats, size_t *ret_len)
{
  uint8_t copy[SFU_SRTP_PACKET_MAX]; /* libsrtp may have written over one that failed */
  int plain_len = (int) len;
  SfuSrtpVerdict verdict;

  memcpy (copy, rtp, len);
  verdict = judge (srtp_unprotect (sha1->session, rtp, &plain_len));
  if (verdict != SFU_SRTP_OK && sfu_srtp_is_worth_a_try (verdict, &sha1->failures)
      && recover (sha1, copy, rtp, len, &plain_len))
    {
      verdict = SFU_SRTP_OK;
      stats->recovered++;
    }
  if (verdict == SFU_SRTP_OK)
    note_heard (sha1, get_u32 (copy + 8), stats);
  *ret_len = (size_t) plain_len;
  return verdict;
}

SfuSrtpVerdict
sfu_srtp_sha1_rtcp (SfuSrtpSha1 *sha1, uint8_t *rtcp, size_t len, SfuSrtpStats *stats, size_t *ret_len)
{
  uint32_t ssrc = get_u32 (rtcp + 4);
  int plain_len = (int) len;
  SfuSrtpVerdict verdict = judge (srtp_unprotect_rtcp (sha1->session, rtcp, &plain_len));

  if (verdict == SFU_SRTP_OK)
    note_heard (sha1, ssrc, stats);
  *ret_len = (size_t) plain_len;
  return verdict;
}
