/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of SfuSrtp: session keys, what is sent, what is received under GCM, what is received under SHA1-80. Inside sfu
 * only. */
#pragma once

#include <openssl/evp.h>
#include <sys/uio.h>

#include "sfu/srtp.h"

#define SFU_SRTP_GCM_TAG 16
#define SFU_SRTP_SHA1_TAG 10
#define SFU_SRTP_HEADER 12
#define SFU_SRTCP_HEADER 8
#define SFU_SRTCP_TRAILER 4 /* E and index */
#define SFU_SRTCP_E_BIT 0x80000000u
#define SFU_SRTCP_INDEX_MAX 0x7fffffffu

/* ---- session keys: srtp-cipher.c ---- */

/** SfuSrtpLabel: of the encryption key (RFC 3711 §4.3.2). */
typedef enum { SFU_SRTP_LABEL_RTP = 0, SFU_SRTP_LABEL_RTCP = 3 } SfuSrtpLabel;

/** SfuSrtpCipher: the session keys of SRTP or SRTCP. Contexts have their keys set; a packet only sets the IV. */
typedef struct {
  EVP_CIPHER_CTX *cipher;
  EVP_MAC_CTX *mac; /* of SHA1-80 only */
  uint8_t salt[SFU_SRTP_SALT_MAX];
} SfuSrtpCipher;

/** sfu_srtp_cipher_init: @cipher: zeroed. @encrypt: or decrypt. Returns: false when OpenSSL fails; to be cleared then too. */
bool sfu_srtp_cipher_init (SfuSrtpCipher *cipher, SfuSrtpProfile profile, const SfuSrtpKey *master, SfuSrtpLabel label,
                           bool encrypt);
/** sfu_srtp_cipher_clear: also a zeroed one. */
void sfu_srtp_cipher_clear (SfuSrtpCipher *cipher);
/**
 * sfu_srtp_cipher_seal: encrypts in place by GCM.
 * @ssrc: its four bytes
 * @index: 48 bits of SRTP, or 31 of SRTCP
 * @aad: @n_aad pieces that are authenticated only
 * @data: with room for the tag behind
 */
bool sfu_srtp_cipher_seal (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, const struct iovec *aad, unsigned n_aad,
                           struct iovec data);
/** sfu_srtp_cipher_open: decrypts in place by GCM; the tag stands behind @data. Returns: is it authentic. When it is not, @data
 *  was XORed with the key stream: the same call once more brings it back. */
bool sfu_srtp_cipher_open (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, const struct iovec *aad, unsigned n_aad,
                           struct iovec data);
/** sfu_srtp_cipher_encrypt_cm, _sign: of SHA1-80; the tag over @data and @tail goes to @ret_tag: SFU_SRTP_SHA1_TAG bytes. */
bool sfu_srtp_cipher_encrypt_cm (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, uint8_t *data, size_t len);
bool sfu_srtp_cipher_sign (SfuSrtpCipher *cipher, const uint8_t *data, size_t len, const uint8_t *tail, size_t tail_len,
                           uint8_t *ret_tag);

/* ---- sending: srtp-send.c ---- */

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

/* ---- receiving ---- */

/** SfuSrtpVerdict: OLD: before the window. REPLAYED: the same index again. FORGED: not authentic under the likely index. */
typedef enum { SFU_SRTP_OK, SFU_SRTP_OLD, SFU_SRTP_REPLAYED, SFU_SRTP_FORGED, SFU_SRTP_MALFORMED } SfuSrtpVerdict;

#define SFU_SRTP_ROC_AHEAD 2 /* rollover counters that are tried beyond the likely one: 131,072 packets may be missed */

/** sfu_srtp_is_worth_a_try: may a wrong guess of the rollover counter be the reason for @verdict. @failures: in a row, counted
 *  here: a flood of forgeries must cost little more than without tries. */
bool sfu_srtp_is_worth_a_try (SfuSrtpVerdict verdict, unsigned *failures);

/** SfuSrtpStream: what is known of an SSRC: the highest index of either kind, and which ones before it came. */
typedef struct {
  uint32_t ssrc, rtcp_index;
  uint64_t heard;          /* larger: later */
  uint64_t rtcp_window[2]; /* bit index % 128 */
  uint64_t rtp_index;
  uint64_t *rtp_window; /* owned: bit index % SFU_SRTP_WINDOW; NULL: no packet of SRTP came */
} SfuSrtpStream;

/** SfuSrtpReceiver: of GCM: srtp-receive.c. */
typedef struct {
  SfuSrtpProfile profile;
  SfuSrtpKey key;
  SfuSrtpCipher rtp, rtcp; /* the first one is made when it is needed: subscribers send none */
  SfuSrtpStream *streams;  /* owned */
  unsigned n_streams, n_room, failures;
  uint64_t clock;
} SfuSrtpReceiver;

/** sfu_srtp_receiver_init: @receiver: zeroed. Returns: false when OpenSSL fails; to be cleared then too. */
bool sfu_srtp_receiver_init (SfuSrtpReceiver *receiver, SfuSrtpProfile profile, const SfuSrtpKey *key);
void sfu_srtp_receiver_clear (SfuSrtpReceiver *receiver);
/** sfu_srtp_receiver_rtp: @rtp: @len bytes. @stats: what was recovered and evicted is counted. @ret_len: of the packet when it
 *  is OK. */
SfuSrtpVerdict sfu_srtp_receiver_rtp (SfuSrtpReceiver *receiver, uint8_t *rtp, size_t len, SfuSrtpStats *stats,
                                      size_t *ret_len);
SfuSrtpVerdict sfu_srtp_receiver_rtcp (SfuSrtpReceiver *receiver, uint8_t *rtcp, size_t len, SfuSrtpStats *stats,
                                       size_t *ret_len);

/** SfuSrtpSha1: of SHA1-80, by libsrtp: srtp-sha1.c. The same functions. */
typedef struct SfuSrtpSha1 SfuSrtpSha1;

/** sfu_srtp_sha1_new: Returns: (transfer full) (nullable): NULL when libsrtp fails. */
SfuSrtpSha1 *sfu_srtp_sha1_new (const SfuSrtpKey *key);
/** sfu_srtp_sha1_free: NULL is allowed. */
void sfu_srtp_sha1_free (SfuSrtpSha1 *sha1);
SfuSrtpVerdict sfu_srtp_sha1_rtp (SfuSrtpSha1 *sha1, uint8_t *rtp, size_t len, SfuSrtpStats *stats, size_t *ret_len);
SfuSrtpVerdict sfu_srtp_sha1_rtcp (SfuSrtpSha1 *sha1, uint8_t *rtcp, size_t len, SfuSrtpStats *stats, size_t *ret_len);
