/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in under AES-GCM (RFC 7714): indexes, replay windows, decryption. Tests hold every verdict against libsrtp, which
 * takes 18 KB per transport for the same, and 2.5 times as long.
 *
 * A packet says the low 16 bits of its index only; the rest is the likeliest (RFC 3711 §3.3.1), or 0 for a new SSRC. Whoever
 * missed a wrap is told by no packet: all fail. Those are tried once more under the next rollover counters. Nothing is kept
 * of a packet that was not authentic; the SSRC that was heard least recently makes way.
 *
 * GCM decrypts by XOR with a key stream that follows from key, SSRC and index: what was "decrypted" in vain comes back by
 * doing it again, so that no packet has to be copied for the few that are tried twice.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "sfu/srtp-private.h"

#define HALF_ROUND 0x8000
#define RTP_INDEX_MAX (((uint64_t) 1 << 48) - 1)
#define RTCP_WINDOW 128

bool
sfu_srtp_receiver_init (SfuSrtpReceiver *receiver, SfuSrtpProfile profile, const SfuSrtpKey *key)
{
  receiver->profile = profile;
  receiver->key = *key;
  return sfu_srtp_cipher_init (&receiver->rtcp, profile, key, SFU_SRTP_LABEL_RTCP, false);
}

void
sfu_srtp_receiver_clear (SfuSrtpReceiver *receiver)
{
  sfu_srtp_cipher_clear (&receiver->rtp);
  sfu_srtp_cipher_clear (&receiver->rtcp);
  for (unsigned i = 0; i < receiver->n_streams; i++)
    g_free (receiver->streams[i].rtp_window);
  g_free (receiver->streams);
  OPENSSL_cleanse (receiver, sizeof *receiver);
}

static uint32_t
get_u32 (const uint8_t *data)
{
  return (uint32_t) data[0] << 24 | (uint32_t) data[1] << 16 | (uint32_t) data[2] << 8 | data[3];
}

/* ---- indexes ---- */

/* @window: NULL: nothing came yet */
static SfuSrtpVerdict
check_index (const uint64_t *window, unsigned n_bits, uint64_t highest, uint64_t index)
{
  if (window == NULL || index > highest)
    return SFU_SRTP_OK;
  if (highest - index >= n_bits)
    return SFU_SRTP_OLD;
  return (window[index % n_bits / 64] >> index % 64 & 1) != 0 ? SFU_SRTP_REPLAYED : SFU_SRTP_OK;
}

static void
note_index (uint64_t *window, unsigned n_bits, uint64_t highest, uint64_t index)
{
  if (index > highest && index - highest >= n_bits)
    memset (window, 0, n_bits / 8);
  for (uint64_t at = highest + 1; at < index && index - highest < n_bits; at++)
    window[at % n_bits / 64] &= ~((uint64_t) 1 << at % 64);
  window[index % n_bits / 64] |= (uint64_t) 1 << index % 64;
}

/* RFC 3711 §3.3.1; there is nothing before the first round */
static uint64_t
guess_index (uint64_t highest, uint16_t seq)
{
  uint16_t last = (uint16_t) highest;
  uint64_t roc = highest >> 16;

  if (last < HALF_ROUND && seq - last > HALF_ROUND && roc > 0)
    roc--;
  else if (last >= HALF_ROUND && last - HALF_ROUND > seq)
    roc++;
  return roc << 16 | seq;
}

/* ---- streams ---- */

static SfuSrtpStream *
find (const SfuSrtpReceiver *receiver, uint32_t ssrc)
{
  for (unsigned i = 0; i < receiver->n_streams; i++)
    if (receiver->streams[i].ssrc == ssrc)
      return &receiver->streams[i];
  return NULL;
}

static SfuSrtpStream *
evict_eldest (SfuSrtpReceiver *receiver)
{
  SfuSrtpStream *eldest = receiver->streams;

  for (unsigned i = 1; i < receiver->n_streams; i++)
    if (receiver->streams[i].heard < eldest->heard)
      eldest = &receiver->streams[i];
  g_free (eldest->rtp_window);
  return eldest;
}

static SfuSrtpStream *
add (SfuSrtpReceiver *receiver, uint32_t ssrc, SfuSrtpStats *stats)
{
  SfuSrtpStream *stream;

  if (receiver->n_streams == SFU_SRTP_STREAMS_MAX)
    {
      stream = evict_eldest (receiver);
      stats->evicted++;
    }
  else
    {
      if (receiver->n_streams == receiver->n_room)
        {
          receiver->n_room = MAX (1, 2 * receiver->n_room);
          receiver->streams = g_renew (SfuSrtpStream, receiver->streams, receiver->n_room);
        }
      stream = &receiver->streams[receiver->n_streams++];
    }
  *stream = (SfuSrtpStream){ .ssrc = ssrc };
  return stream;
}

/* an authentic packet came. @stream: (nullable): of @ssrc, when there is one already */
static SfuSrtpStream *
note_heard (SfuSrtpReceiver *receiver, SfuSrtpStream *stream, uint32_t ssrc, SfuSrtpStats *stats)
{
  if (stream == NULL)
    stream = add (receiver, ssrc, stats);
  stream->heard = ++receiver->clock;
  receiver->failures = 0;
  return stream;
}

/* ---- SRTP ---- */

/* fixed header, CSRCs and extension: what stays readable; 0: the packet is shorter */
static size_t
get_header_len (const uint8_t *rtp, size_t len)
{
  size_t header_len = SFU_SRTP_HEADER + 4 * (size_t) (rtp[0] & 0x0f);

  if ((rtp[0] & 0x10) != 0)
    {
      if (len < header_len + 4)
        return 0;
      header_len += 4 + 4 * (size_t) (rtp[header_len + 2] << 8 | rtp[header_len + 3]);
    }
  return len >= header_len ? header_len : 0;
}

static bool
open_rtp (SfuSrtpReceiver *receiver, uint8_t *rtp, size_t len, size_t header_len, uint64_t index)
{
  const struct iovec aad = { rtp, header_len };

  if (receiver->rtp.cipher == NULL
      && !sfu_srtp_cipher_init (&receiver->rtp, receiver->profile, &receiver->key, SFU_SRTP_LABEL_RTP, false))
    {
      sfu_srtp_cipher_clear (&receiver->rtp);
      return false;
    }
  return sfu_srtp_cipher_open (&receiver->rtp, rtp + 8, index, &aad, 1,
                               (struct iovec){ rtp + header_len, len - header_len - SFU_SRTP_GCM_TAG });
}

/* under one of the rollover counters behind @highest's; @rtp is as it came */
static bool
recover (SfuSrtpReceiver *receiver, uint8_t *rtp, size_t len, size_t header_len, uint64_t highest, uint64_t *ret_index)
{
  for (unsigned ahead = 1; ahead <= SFU_SRTP_ROC_AHEAD; ahead++)
    {
      uint64_t index = ((highest >> 16) + ahead) << 16 | (uint64_t) rtp[2] << 8 | rtp[3];

      if (index <= RTP_INDEX_MAX && open_rtp (receiver, rtp, len, header_len, index))
        {
          *ret_index = index;
          return true;
        }
      (void) open_rtp (receiver, rtp, len, header_len, index);
    }
  return false;
}

static void
note_rtp (SfuSrtpStream *stream, uint64_t index)
{
  if (stream->rtp_window == NULL)
    stream->rtp_window = g_new0 (uint64_t, SFU_SRTP_WINDOW / 64);
  note_index (stream->rtp_window, SFU_SRTP_WINDOW, stream->rtp_index, index);
  stream->rtp_index = MAX (stream->rtp_index, index);
}

SfuSrtpVerdict
sfu_srtp_receiver_rtp (SfuSrtpReceiver *receiver, uint8_t *rtp, size_t len, SfuSrtpStats *stats, size_t *ret_len)
{
  size_t header_len = get_header_len (rtp, len);
  uint32_t ssrc = get_u32 (rtp + 8);
  SfuSrtpStream *stream = find (receiver, ssrc);
  uint64_t highest = stream != NULL ? stream->rtp_index : 0;
  uint64_t index = guess_index (highest, (uint16_t) (rtp[2] << 8 | rtp[3]));
  SfuSrtpVerdict verdict;

  if (header_len == 0 || len - header_len < SFU_SRTP_GCM_TAG || index > RTP_INDEX_MAX)
    return SFU_SRTP_MALFORMED;
  verdict = check_index (stream != NULL ? stream->rtp_window : NULL, SFU_SRTP_WINDOW, highest, index);
  if (verdict == SFU_SRTP_OK && !open_rtp (receiver, rtp, len, header_len, index))
    verdict = SFU_SRTP_FORGED;
  if (verdict != SFU_SRTP_OK && sfu_srtp_is_worth_a_try (verdict, &receiver->failures))
    {
      if (verdict == SFU_SRTP_FORGED)
        (void) open_rtp (receiver, rtp, len, header_len, index);
      if (recover (receiver, rtp, len, header_len, highest, &index))
        {
          verdict = SFU_SRTP_OK;
          stats->recovered++;
        }
    }
  if (verdict != SFU_SRTP_OK)
    return verdict;
  note_rtp (note_heard (receiver, stream, ssrc, stats), index);
  *ret_len = len - SFU_SRTP_GCM_TAG;
  return SFU_SRTP_OK;
}

/* ---- SRTCP ---- */

/* header (8 bytes) | encrypted rest | tag | E and index. Without E all is readable, and still authentic (RFC 7714 §9.3) */
static bool
open_rtcp (SfuSrtpReceiver *receiver, uint8_t *rtcp, size_t len, bool encrypted, uint32_t index)
{
  size_t plain_len = len - SFU_SRTP_GCM_TAG - SFU_SRTCP_TRAILER;
  size_t readable = encrypted ? SFU_SRTCP_HEADER : plain_len;
  const struct iovec aad[] = { { rtcp, readable }, { rtcp + len - SFU_SRTCP_TRAILER, SFU_SRTCP_TRAILER } };

  return sfu_srtp_cipher_open (&receiver->rtcp, rtcp + 4, index, aad, 2,
                               (struct iovec){ rtcp + readable, plain_len - readable });
}

SfuSrtpVerdict
sfu_srtp_receiver_rtcp (SfuSrtpReceiver *receiver, uint8_t *rtcp, size_t len, SfuSrtpStats *stats, size_t *ret_len)
{
  SfuSrtpVerdict verdict;
  SfuSrtpStream *stream;
  uint32_t word, index;

  if (len < SFU_SRTCP_HEADER + SFU_SRTP_GCM_TAG + SFU_SRTCP_TRAILER)
    return SFU_SRTP_MALFORMED;
  word = get_u32 (rtcp + len - SFU_SRTCP_TRAILER);
  index = word & SFU_SRTCP_INDEX_MAX;
  stream = find (receiver, get_u32 (rtcp + 4));
  verdict = stream == NULL ? SFU_SRTP_OK : check_index (stream->rtcp_window, RTCP_WINDOW, stream->rtcp_index, index);
  if (verdict == SFU_SRTP_OK && !open_rtcp (receiver, rtcp, len, (word & SFU_SRTCP_E_BIT) != 0, index))
    verdict = SFU_SRTP_FORGED;
  if (verdict != SFU_SRTP_OK)
    return verdict;
  stream = note_heard (receiver, stream, get_u32 (rtcp + 4), stats);
  note_index (stream->rtcp_window, RTCP_WINDOW, stream->rtcp_index, index);
  stream->rtcp_index = MAX (stream->rtcp_index, index);
  *ret_len = len - SFU_SRTP_GCM_TAG - SFU_SRTCP_TRAILER;
  return SFU_SRTP_OK;
}
