/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SRTP and SRTCP (RFC 3711, RFC 7714) of one transport. Both ways have one master key each; a stream is an SSRC under it.
 *
 * What we send is encrypted by contexts of OpenSSL that are set up once per key, and carries no state but the SRTCP index:
 * the caller says the index of a packet. What we receive has index and replay window of each SSRC; a new SSRC costs nothing
 * before a packet of it was authentic, and the least recently heard one makes way. Under GCM both are our own; SHA1-80 is
 * received by libsrtp.
 *
 * One thread at a time; may be handed to another one. Nothing is allocated per packet, but for a new SSRC, and for SRTP's
 * key when the first packet comes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SfuSrtp SfuSrtp;

/** SfuSrtpProfile: by their number in use_srtp (RFC 5764 §4.1.2, RFC 7714 §14.2). */
typedef enum {
  SFU_SRTP_NONE = 0,
  SFU_SRTP_AES128_CM_SHA1_80 = 0x0001,
  SFU_SRTP_AEAD_AES_128_GCM = 0x0007,
  SFU_SRTP_AEAD_AES_256_GCM = 0x0008
} SfuSrtpProfile;

#define SFU_SRTP_KEY_MAX 32
#define SFU_SRTP_SALT_MAX 14
/** SFU_SRTP_OVERHEAD, SFU_SRTCP_OVERHEAD: bytes that a packet grows by at most. */
#define SFU_SRTP_OVERHEAD 16
#define SFU_SRTCP_OVERHEAD 20
/** SFU_SRTP_STREAMS_MAX: SSRCs that are received at once. */
#define SFU_SRTP_STREAMS_MAX 64
/** SFU_SRTP_WINDOW: packets of the replay window (RFC 3711 §3.3.2 asks for 64): a retransmission may come late. */
#define SFU_SRTP_WINDOW 1024
/** SFU_SRTP_PACKET_MAX: longest packet that is taken in. */
#define SFU_SRTP_PACKET_MAX 2048

/** SfuSrtpKey: of one direction; lengths by the profile: 16/14 (CM), 16/12 (GCM 128), 32/12 (GCM 256). */
typedef struct {
  uint8_t key[SFU_SRTP_KEY_MAX], salt[SFU_SRTP_SALT_MAX];
} SfuSrtpKey;

/** sfu_srtp_profile_get_name: Returns: a static text: "AEAD_AES_128_GCM"; "none". */
const char *sfu_srtp_profile_get_name (SfuSrtpProfile profile);
/** sfu_srtp_profile_get_key_len: bytes of the master key. */
unsigned sfu_srtp_profile_get_key_len (SfuSrtpProfile profile);
/** sfu_srtp_profile_get_salt_len: bytes of the master salt. */
unsigned sfu_srtp_profile_get_salt_len (SfuSrtpProfile profile);

/** SfuSrtpStats: of what came in; @bad_replay: the same packet again, or too old. @recovered: packets whose rollover counter
 *  had been guessed wrong. @evicted: SSRCs that made way. */
typedef struct {
  uint64_t ok, bad_auth, bad_replay, bad_format, recovered, evicted;
} SfuSrtpStats;

/**
 * sfu_srtp_new:
 * @profile: not SFU_SRTP_NONE
 * @send, @receive: master keys; copied
 *
 * Returns: (transfer full) (nullable): NULL when a library fails.
 */
SfuSrtp *sfu_srtp_new (SfuSrtpProfile profile, const SfuSrtpKey *send, const SfuSrtpKey *receive);
/** sfu_srtp_free: keys are wiped. NULL is allowed. */
void sfu_srtp_free (SfuSrtp *srtp);
SfuSrtpProfile sfu_srtp_get_profile (const SfuSrtp *srtp);
/** sfu_srtp_get_overhead: Returns: bytes that every RTP packet grows by: 16, or 10 for SHA1-80. */
unsigned sfu_srtp_get_overhead (const SfuSrtp *srtp);

/**
 * sfu_srtp_protect_rtp: encrypts in place.
 * @rtp: @len bytes of a packet, in a buffer of @size
 * @header_len: fixed header, CSRCs and extensions: what stays readable; 12 to @len
 * @index: rollover counter << 16 | sequence number (RFC 3711 §3.3.1), below 2^48. The low half must be the packet's. Each
 *   index of an SSRC once, or with the very same bytes: GCM is broken by a second plaintext under one index
 *
 * Returns: the new length; 0: does not fit, or is no packet.
 */
size_t sfu_srtp_protect_rtp (SfuSrtp *srtp, uint8_t *rtp, size_t len, size_t size, size_t header_len, uint64_t index);
/** sfu_srtp_protect_rtcp: a compound packet of @len bytes, 8 or more; the SRTCP index is kept here. Returns: the new length;
 *  0: does not fit, is too short, or the index is used up (2^31 packets). */
size_t sfu_srtp_protect_rtcp (SfuSrtp *srtp, uint8_t *rtcp, size_t len, size_t size);

/**
 * sfu_srtp_unprotect_rtp: checks and decrypts in place. A packet that is not authentic under the likely rollover counter is
 * also tried under the next two (a bounded number of times): whoever missed the wrap would else never hear the stream again.
 * Lower ones are behind every replay window.
 * @rtp: @len bytes; undefined when it fails
 *
 * Returns: the new length; 0: to be dropped.
 */
size_t sfu_srtp_unprotect_rtp (SfuSrtp *srtp, uint8_t *rtp, size_t len);
/** sfu_srtp_unprotect_rtcp: the same for a compound packet. */
size_t sfu_srtp_unprotect_rtcp (SfuSrtp *srtp, uint8_t *rtcp, size_t len);

void sfu_srtp_get_stats (const SfuSrtp *srtp, SfuSrtpStats *ret_stats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SfuSrtp, sfu_srtp_free)
