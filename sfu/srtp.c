/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SRTP and SRTCP: the two directions in one object. What is sent is made in srtp-send.c; here is what comes in, by libsrtp.
 *
 * libsrtp's session has one template stream for any SSRC: a packet of an SSRC that it does not know is checked by the
 * template, and only an authentic one makes a stream of its own. This file remembers in which order they were heard and
 * removes the eldest.
 *
 * The rollover counter that libsrtp expects is the likeliest one (RFC 3711 §3.3.1), or 0 for a new SSRC. Whoever missed a
 * wrap is told by no packet: all fail. Those are tried once more in a session of its own under the next counters; when
 * one is right, the stream begins anew there.
 */
#include "sfu/srtp.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <string.h>

#include "sfu/srtp-private.h"

#define TRIES_AT_ONCE 8  /* failures in a row that are each tried again; */
#define TRY_EVERY 16     /* afterwards each of so many: a flood of forgeries costs little more than without */
#define TRY_OLD_EVERY 32 /* of what looks as if it were behind the window: after so many in a row it may be far ahead */
#define ROC_AHEAD 2      /* 131,072 packets may be missed */

typedef struct {
  uint32_t ssrc;
  uint64_t heard; /* larger: later */
} Stream;

struct SfuSrtp {
  SfuSrtpProfile profile;
  SfuSrtpSender sender;
  /* receiving; owned */
  srtp_t session;
  uint8_t key[SFU_SRTP_KEY_MAX + SFU_SRTP_SALT_MAX];
  Stream streams[SFU_SRTP_STREAMS_MAX];
  unsigned n_streams, failures;
  uint64_t clock;
  SfuSrtpStats stats;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
init (void)
{
  (void) srtp_init (); /* fails when somebody has done it already; without it no session can be made */
}

const char *
sfu_srtp_profile_get_name (SfuSrtpProfile profile)
{
  switch (profile)
    {
    case SFU_SRTP_AES128_CM_SHA1_80: return "AES128_CM_SHA1_80";
    case SFU_SRTP_AEAD_AES_128_GCM: return "AEAD_AES_128_GCM";
    case SFU_SRTP_AEAD_AES_256_GCM: return "AEAD_AES_256_GCM";
    default: return "none";
    }
}

unsigned
sfu_srtp_profile_get_key_len (SfuSrtpProfile profile)
{
  return profile == SFU_SRTP_AEAD_AES_256_GCM ? 32 : profile == SFU_SRTP_NONE ? 0 : 16;
}

unsigned
sfu_srtp_profile_get_salt_len (SfuSrtpProfile profile)
{
  return profile == SFU_SRTP_AES128_CM_SHA1_80 ? 14 : profile == SFU_SRTP_NONE ? 0 : 12;
}

static srtp_t
make_session (SfuSrtp *srtp, srtp_ssrc_type_t type, uint32_t ssrc)
{
  srtp_policy_t policy = { .ssrc = { .type = type, .value = ssrc }, .key = srtp->key, .window_size = SFU_SRTP_WINDOW };
  srtp_profile_t profile = (srtp_profile_t) srtp->profile; /* the same numbers */
  srtp_t session = NULL;

  if (srtp_crypto_policy_set_from_profile_for_rtp (&policy.rtp, profile) != srtp_err_status_ok
      || srtp_crypto_policy_set_from_profile_for_rtcp (&policy.rtcp, profile) != srtp_err_status_ok
      || srtp_create (&session, &policy) != srtp_err_status_ok)
    return NULL;
  return session;
}

/* the stream of @ssrc in @session, from @roc on */
static bool
add_stream (SfuSrtp *srtp, srtp_t session, uint32_t ssrc, uint32_t roc)
{
  srtp_policy_t policy = { .ssrc = { .type = ssrc_specific, .value = ssrc }, .key = srtp->key, .window_size = SFU_SRTP_WINDOW };
  srtp_profile_t profile = (srtp_profile_t) srtp->profile;

  return srtp_crypto_policy_set_from_profile_for_rtp (&policy.rtp, profile) == srtp_err_status_ok
         && srtp_crypto_policy_set_from_profile_for_rtcp (&policy.rtcp, profile) == srtp_err_status_ok
         && srtp_add_stream (session, &policy) == srtp_err_status_ok
         && srtp_set_stream_roc (session, ssrc, roc) == srtp_err_status_ok;
}

SfuSrtp *
sfu_srtp_new (SfuSrtpProfile profile, const SfuSrtpKey *send, const SfuSrtpKey *receive)
{
  unsigned key_len = sfu_srtp_profile_get_key_len (profile), salt_len = sfu_srtp_profile_get_salt_len (profile);
  SfuSrtp *srtp;

  g_return_val_if_fail (key_len > 0, NULL);
  (void) pthread_once (&once, init);
  srtp = g_new0 (SfuSrtp, 1);
  srtp->profile = profile;
  memcpy (srtp->key, receive->key, key_len);
  memcpy (srtp->key + key_len, receive->salt, salt_len);
  srtp->session = make_session (srtp, ssrc_any_inbound, 0);
  if (srtp->session != NULL && sfu_srtp_sender_init (&srtp->sender, profile, send))
    return srtp;
  sfu_srtp_free (srtp);
  return NULL;
}

void
sfu_srtp_free (SfuSrtp *srtp)
{
  if (srtp == NULL)
    return;
  if (srtp->session != NULL)
    (void) srtp_dealloc (srtp->session);
  sfu_srtp_sender_clear (&srtp->sender);
  OPENSSL_cleanse (srtp, sizeof *srtp);
  g_free (srtp);
}

SfuSrtpProfile
sfu_srtp_get_profile (const SfuSrtp *srtp)
{
  return srtp->profile;
}

unsigned
sfu_srtp_get_overhead (const SfuSrtp *srtp)
{
  return srtp->sender.tag_len;
}

void
sfu_srtp_get_stats (const SfuSrtp *srtp, SfuSrtpStats *ret_stats)
{
  *ret_stats = srtp->stats;
}

size_t
sfu_srtp_protect_rtp (SfuSrtp *srtp, uint8_t *rtp, size_t len, size_t size, size_t header_len, uint64_t index)
{
  return sfu_srtp_sender_rtp (&srtp->sender, rtp, len, size, header_len, index);
}

size_t
sfu_srtp_protect_rtcp (SfuSrtp *srtp, uint8_t *rtcp, size_t len, size_t size)
{
  return sfu_srtp_sender_rtcp (&srtp->sender, rtcp, len, size);
}

static uint32_t
get_u32 (const uint8_t *data)
{
  return (uint32_t) data[0] << 24 | (uint32_t) data[1] << 16 | (uint32_t) data[2] << 8 | data[3];
}

/* an authentic packet came: the eldest of too many streams makes way */
static void
note_heard (SfuSrtp *srtp, uint32_t ssrc)
{
  Stream *eldest = srtp->streams, *at;

  for (at = srtp->streams; at < srtp->streams + srtp->n_streams && at->ssrc != ssrc; at++)
    if (at->heard < eldest->heard)
      eldest = at;
  if (at == srtp->streams + srtp->n_streams)
    {
      if (srtp->n_streams < SFU_SRTP_STREAMS_MAX)
        srtp->n_streams++;
      else
        {
          at = eldest;
          (void) srtp_remove_stream (srtp->session, at->ssrc);
          srtp->stats.evicted++;
        }
      at->ssrc = ssrc;
    }
  at->heard = ++srtp->clock;
  srtp->failures = 0;
  srtp->stats.ok++;
}

static size_t
count_failure (SfuSrtp *srtp, srtp_err_status_t status)
{
  switch (status)
    {
    case srtp_err_status_replay_fail:
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      srtp->stats.bad_replay++;
      break;
    case srtp_err_status_parse_err:
    case srtp_err_status_bad_param:
      srtp->stats.bad_format++;
      break;
    default:
      srtp->stats.bad_auth++;
      break;
    }
  return 0;
}

/* is @packet authentic as the one of rollover counter @roc */
static bool
is_authentic (SfuSrtp *srtp, const uint8_t *packet, size_t len, uint32_t roc)
{
  srtp_t session = NULL;
  uint8_t copy[SFU_SRTP_PACKET_MAX];
  int copy_len = (int) len;
  bool ok;

  session = make_session (srtp, ssrc_specific, get_u32 (packet + 8));
  memcpy (copy, packet, len);
  ok = session != NULL && srtp_set_stream_roc (session, get_u32 (packet + 8), roc) == srtp_err_status_ok
       && srtp_unprotect (session, copy, &copy_len) == srtp_err_status_ok;
  if (session != NULL)
    (void) srtp_dealloc (session);
  return ok;
}

/* may a wrong guess of the rollover counter be the reason for this failure */
static bool
is_worth_a_try (SfuSrtp *srtp, srtp_err_status_t status)
{
  unsigned before = srtp->failures;

  if (status == srtp_err_status_ok)
    return false;
  srtp->failures++;
  if (status == srtp_err_status_replay_old)
    return before % TRY_OLD_EVERY == TRY_OLD_EVERY - 1;
  return status == srtp_err_status_auth_fail && (before < TRIES_AT_ONCE || before % TRY_EVERY == 0);
}

/* under one of the next rollover counters, see above */
static bool
recover (SfuSrtp *srtp, const uint8_t *packet, uint8_t *rtp, size_t len, int *ret_len)
{
  uint32_t ssrc = get_u32 (packet + 8), roc = 0;

  /* 0 for one that is not known; failing leaves it alone */
  (void) srtp_get_stream_roc (srtp->session, ssrc, &roc);
  for (uint32_t ahead = 1; ahead <= ROC_AHEAD; ahead++)
    if (is_authentic (srtp, packet, len, roc + ahead))
      {
        (void) srtp_remove_stream (srtp->session, ssrc);
        memcpy (rtp, packet, len);
        *ret_len = (int) len;
        return add_stream (srtp, srtp->session, ssrc, roc + ahead)
               && srtp_unprotect (srtp->session, rtp, ret_len) == srtp_err_status_ok;
      }
  return false;
}

size_t
sfu_srtp_unprotect_rtp (SfuSrtp *srtp, uint8_t *rtp, size_t len)
{
  uint8_t copy[SFU_SRTP_PACKET_MAX]; /* libsrtp may have written over one that failed */
  int plain_len = (int) len;
  srtp_err_status_t status;

  if (len < 12 || len > sizeof copy)
    return count_failure (srtp, srtp_err_status_parse_err);
  memcpy (copy, rtp, len);
  status = srtp_unprotect (srtp->session, rtp, &plain_len);
  if (is_worth_a_try (srtp, status) && recover (srtp, copy, rtp, len, &plain_len))
    {
      status = srtp_err_status_ok;
      srtp->stats.recovered++;
    }
  if (status != srtp_err_status_ok)
    return count_failure (srtp, status);
  note_heard (srtp, get_u32 (copy + 8));
  return (size_t) plain_len;
}

size_t
sfu_srtp_unprotect_rtcp (SfuSrtp *srtp, uint8_t *rtcp, size_t len)
{
  int plain_len = (int) len;
  srtp_err_status_t status;
  uint32_t ssrc;

  if (len < 8 || len > SFU_SRTP_PACKET_MAX)
    return count_failure (srtp, srtp_err_status_parse_err);
  ssrc = get_u32 (rtcp + 4);
  status = srtp_unprotect_rtcp (srtp->session, rtcp, &plain_len);
  if (status != srtp_err_status_ok)
    return count_failure (srtp, status);
  note_heard (srtp, ssrc);
  return (size_t) plain_len;
}
