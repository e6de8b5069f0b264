/* SPDX-License-Identifier: Apache-2.0 */
/* The sending half of SfuSrtp, in srtp-send.c. Inside sfu only. */
#pragma once

#include <openssl/evp.h>

#include "sfu/srtp.h"

/** SfuSrtpCipher: the session keys of SRTP or SRTCP. Contexts have their keys set; a packet only sets the IV. */
typedef struct {
  EVP_CIPHER_CTX *cipher;
  EVP_MAC_CTX *mac; /* of SHA1-80 only */
  uint8_t salt[SFU_SRTP_SALT_MAX];
} SfuSrtpCipher;

/** SfuSrtpSender: @rtcp_index: the next one. */
typedef struct {
  bool aead;
  unsigned tag_len;
  SfuSrtpCipher rtp, rtcp;
  uint32_t rtcp_index;
} SfuSrtpSender;

/** sfu_srtp_sender_init: @sender: zeroed. Returns: false when OpenSSL fails; to be cleared then too. */
bool sfu_srtp_sender_init (SfuSrtpSender *sender, SfuSrtpProfile profile, const SfuSrtpKey *key);
/** sfu_srtp_sender_clear: also a zeroed one. */
void sfu_srtp_sender_clear (SfuSrtpSender *sender);
/** sfu_srtp_sender_rtp, _rtcp: as sfu_srtp_protect_rtp(), _rtcp(). */
size_t sfu_srtp_sender_rtp (SfuSrtpSender *sender, uint8_t *rtp, size_t len, size_t size, size_t header_len,
                            uint64_t index);
size_t sfu_srtp_sender_rtcp (SfuSrtpSender *sender, uint8_t *rtcp, size_t len, size_t size);
