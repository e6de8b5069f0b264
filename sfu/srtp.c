/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SRTP and SRTCP: the two directions in one object. What is sent is made in srtp-send.c; what comes in is opened in
 * srtp-receive.c under GCM, and by libsrtp (srtp-sha1.c) under SHA1-80, which only old peers still ask for.
 */
#include "sfu/srtp.h"

#include "sfu/srtp-private.h"

#define TRIES_AT_ONCE 8  /* failures in a row that are each tried again; */
#define TRY_EVERY 16     /* afterwards each of so many: a flood of forgeries costs little more than without */
#define TRY_OLD_EVERY 32 /* of what looks as if it were behind the window: after so many in a row it may be far ahead */

struct SfuSrtp {
  SfuSrtpProfile profile;
  SfuSrtpSender sender;
  SfuSrtpReceiver receiver; /* of GCM */
  SfuSrtpSha1 *sha1;        /* owned; of SHA1-80, else NULL */
  SfuSrtpStats stats;
};

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

SfuSrtp *
sfu_srtp_new (SfuSrtpProfile profile, const SfuSrtpKey *send, const SfuSrtpKey *receive)
{
  SfuSrtp *srtp;
  bool ok;

  g_return_val_if_fail (sfu_srtp_profile_get_key_len (profile) > 0, NULL);
  srtp = g_new0 (SfuSrtp, 1);
  srtp->profile = profile;
  if (profile == SFU_SRTP_AES128_CM_SHA1_80)
    ok = (srtp->sha1 = sfu_srtp_sha1_new (receive)) != NULL;
  else
    ok = sfu_srtp_receiver_init (&srtp->receiver, profile, receive);
  if (ok && sfu_srtp_sender_init (&srtp->sender, profile, send))
    return srtp;
  sfu_srtp_free (srtp);
  return NULL;
}

void
sfu_srtp_free (SfuSrtp *srtp)
{
  if (srtp == NULL)
    return;
  sfu_srtp_sha1_free (srtp->sha1);
  sfu_srtp_receiver_clear (&srtp->receiver);
  sfu_srtp_sender_clear (&srtp->sender);
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

bool
sfu_srtp_is_worth_a_try (SfuSrtpVerdict verdict, unsigned *failures)
{
  unsigned before = (*failures)++;

  if (verdict == SFU_SRTP_OLD)
    return before % TRY_OLD_EVERY == TRY_OLD_EVERY - 1;
  return verdict == SFU_SRTP_FORGED && (before < TRIES_AT_ONCE || before % TRY_EVERY == 0);
}

static size_t
count (SfuSrtp *srtp, SfuSrtpVerdict verdict, size_t len)
{
  switch (verdict)
    {
    case SFU_SRTP_OK:
      srtp->stats.ok++;
      return len;
    case SFU_SRTP_OLD:
    case SFU_SRTP_REPLAYED:
      srtp->stats.bad_replay++;
      break;
    case SFU_SRTP_FORGED:
      srtp->stats.bad_auth++;
      break;
    case SFU_SRTP_MALFORMED:
      srtp->stats.bad_format++;
      break;
    }
  return 0;
}

size_t
sfu_srtp_unprotect_rtp (SfuSrtp *srtp, uint8_t *rtp, size_t len)
{
  SfuSrtpVerdict verdict = SFU_SRTP_MALFORMED;
  size_t plain_len = 0;

  if (len >= SFU_SRTP_HEADER && len <= SFU_SRTP_PACKET_MAX)
    verdict = srtp->sha1 != NULL ? sfu_srtp_sha1_rtp (srtp->sha1, rtp, len, &srtp->stats, &plain_len)
                                 : sfu_srtp_receiver_rtp (&srtp->receiver, rtp, len, &srtp->stats, &plain_len);
  return count (srtp, verdict, plain_len);
}

size_t
sfu_srtp_unprotect_rtcp (SfuSrtp *srtp, uint8_t *rtcp, size_t len)
{
  SfuSrtpVerdict verdict = SFU_SRTP_MALFORMED;
  size_t plain_len = 0;

  if (len >= SFU_SRTCP_HEADER && len <= SFU_SRTP_PACKET_MAX)
    verdict = srtp->sha1 != NULL ? sfu_srtp_sha1_rtcp (srtp->sha1, rtcp, len, &srtp->stats, &plain_len)
                                 : sfu_srtp_receiver_rtcp (&srtp->receiver, rtcp, len, &srtp->stats, &plain_len);
  return count (srtp, verdict, plain_len);
}
