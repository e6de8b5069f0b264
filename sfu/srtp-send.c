/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption of what is sent (RFC 3711, RFC 7714). libsrtp is not used here: it keeps a stream per SSRC and guesses the
 * rollover counter, which the caller knows, and costs several times as much. Tests hold every byte against it.
 *
 * SRTCP: header (8 bytes) | encrypted rest | E and index (4 bytes) | tag; under AEAD the tag stands before E and index.
 */
#include <string.h>

#include "sfu/srtp-private.h"

bool
sfu_srtp_sender_init (SfuSrtpSender *sender, SfuSrtpProfile profile, const SfuSrtpKey *key)
{
  sender->aead = profile != SFU_SRTP_AES128_CM_SHA1_80;
  sender->tag_len = sender->aead ? SFU_SRTP_GCM_TAG : SFU_SRTP_SHA1_TAG;
  return sfu_srtp_cipher_init (&sender->rtp, profile, key, SFU_SRTP_LABEL_RTP, true)
         && sfu_srtp_cipher_init (&sender->rtcp, profile, key, SFU_SRTP_LABEL_RTCP, true);
}

void
sfu_srtp_sender_clear (SfuSrtpSender *sender)
{
  sfu_srtp_cipher_clear (&sender->rtp);
  sfu_srtp_cipher_clear (&sender->rtcp);
}

static void
put_u32 (uint8_t *data, uint32_t value)
{
  data[0] = (uint8_t) (value >> 24);
  data[1] = (uint8_t) (value >> 16);
  data[2] = (uint8_t) (value >> 8);
  data[3] = (uint8_t) value;
}

size_t
sfu_srtp_sender_rtp (SfuSrtpSender *sender, uint8_t *rtp, size_t len, size_t size, size_t header_len, uint64_t index)
{
  const struct iovec aad = { rtp, header_len };
  uint8_t roc[4];
  bool ok;

  if (header_len < 12 || header_len > len || len > size || size - len < sender->tag_len)
    return 0;
  if (sender->aead)
    ok = sfu_srtp_cipher_seal (&sender->rtp, rtp + 8, index, &aad, 1, (struct iovec){ rtp + header_len, len - header_len });
  else
    {
      put_u32 (roc, (uint32_t) (index >> 16));
      ok = sfu_srtp_cipher_encrypt_cm (&sender->rtp, rtp + 8, index, rtp + header_len, len - header_len)
           && sfu_srtp_cipher_sign (&sender->rtp, rtp, len, roc, sizeof roc, rtp + len);
    }
  return ok ? len + sender->tag_len : 0;
}

size_t
sfu_srtp_sender_rtcp (SfuSrtpSender *sender, uint8_t *rtcp, size_t len, size_t size)
{
  uint32_t index = sender->rtcp_index;
  uint8_t trailer[4];
  const struct iovec aad[] = { { rtcp, SFU_SRTCP_HEADER }, { trailer, sizeof trailer } };
  bool ok;

  if (len < SFU_SRTCP_HEADER || len > size || size - len < sender->tag_len + sizeof trailer || index > SFU_SRTCP_INDEX_MAX)
    return 0;
  sender->rtcp_index++;
  put_u32 (trailer, SFU_SRTCP_E_BIT | index);
  if (sender->aead)
    {
      ok = sfu_srtp_cipher_seal (&sender->rtcp, rtcp + 4, index, aad, 2,
                                 (struct iovec){ rtcp + SFU_SRTCP_HEADER, len - SFU_SRTCP_HEADER });
      memcpy (rtcp + len + SFU_SRTP_GCM_TAG, trailer, sizeof trailer);
    }
  else
    {
      memcpy (rtcp + len, trailer, sizeof trailer);
      ok = sfu_srtp_cipher_encrypt_cm (&sender->rtcp, rtcp + 4, index, rtcp + SFU_SRTCP_HEADER, len - SFU_SRTCP_HEADER)
           && sfu_srtp_cipher_sign (&sender->rtcp, rtcp, len + sizeof trailer, NULL, 0, rtcp + len + sizeof trailer);
    }
  return ok ? len + sender->tag_len + sizeof trailer : 0;
}
