/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption of what is sent (RFC 3711, RFC 7714). A session key's context is set up once; what differs between packets is
 * the IV, which follows from SSRC and index. libsrtp is not used here: it keeps a stream per SSRC and guesses the rollover
 * counter, which the caller knows, and costs several times as much. Tests hold every byte against it.
 *
 *   AEAD   IV = (00 00 | SSRC | ROC | SEQ) XOR salt; the header is authenticated; the tag follows the payload
 *   CM     IV = (salt << 16) XOR (SSRC << 64) XOR (index << 16); HMAC-SHA1 over all and ROC, 10 bytes of it
 *
 * SRTCP: header (8 bytes) | encrypted rest | E and index (4 bytes) | tag; under AEAD the tag stands before E and index.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>

#include "sfu/srtp-private.h"

#define RTCP_HEADER 8
#define E_BIT 0x80000000u
#define RTCP_INDEX_MAX 0x7fffffffu
#define SHA1_TAG 10
#define SHA1_KEY 20
#define GCM_TAG 16
#define IV_BYTES 16

/* RFC 3711 §4.3.2 */
enum { LABEL_RTP = 0, LABEL_RTCP = 3, OF_KEY = 0, OF_AUTH = 1, OF_SALT = 2 };

static struct {
  EVP_CIPHER *gcm128, *gcm256, *ctr128, *ctr256;
  EVP_MAC *hmac;
} fetched; /* once per process: a fetch takes locks */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fetch (void)
{
  fetched.gcm128 = EVP_CIPHER_fetch (NULL, "AES-128-GCM", NULL);
  fetched.gcm256 = EVP_CIPHER_fetch (NULL, "AES-256-GCM", NULL);
  fetched.ctr128 = EVP_CIPHER_fetch (NULL, "AES-128-CTR", NULL);
  fetched.ctr256 = EVP_CIPHER_fetch (NULL, "AES-256-CTR", NULL);
  fetched.hmac = EVP_MAC_fetch (NULL, "HMAC", NULL);
}

/* RFC 3711 §4.3.3: AES in counter mode, from (label << 48 XOR salt) << 16. A salt of 96 bits has zeros behind it
 * (RFC 7714 §11) */
static bool
derive (SfuSrtpProfile profile, const SfuSrtpKey *master, unsigned label, uint8_t *ret_key, unsigned len)
{
  static const uint8_t zeros[SFU_SRTP_KEY_MAX];
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new ();
  uint8_t iv[IV_BYTES] = { 0 };
  int n = 0;
  bool ok;

  memcpy (iv, master->salt, sfu_srtp_profile_get_salt_len (profile));
  iv[7] ^= (uint8_t) label;
  ok = ctx != NULL
       && EVP_EncryptInit_ex2 (ctx, profile == SFU_SRTP_AEAD_AES_256_GCM ? fetched.ctr256 : fetched.ctr128, master->key, iv,
                               NULL) == 1
       && EVP_EncryptUpdate (ctx, ret_key, &n, zeros, (int) len) == 1 && n == (int) len;
  EVP_CIPHER_CTX_free (ctx);
  return ok;
}

static bool
init_mac (SfuSrtpCipher *cipher, const uint8_t *key)
{
  const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, (char *) "SHA1", 0),
                                OSSL_PARAM_construct_end () };

  cipher->mac = EVP_MAC_CTX_new (fetched.hmac);
  return cipher->mac != NULL && EVP_MAC_init (cipher->mac, key, SHA1_KEY, params) == 1;
}

static bool
init_cipher (SfuSrtpCipher *cipher, SfuSrtpProfile profile, const SfuSrtpKey *master, unsigned label)
{
  const EVP_CIPHER *type = profile == SFU_SRTP_AEAD_AES_128_GCM   ? fetched.gcm128
                           : profile == SFU_SRTP_AEAD_AES_256_GCM ? fetched.gcm256
                                                                  : fetched.ctr128;
  uint8_t key[SFU_SRTP_KEY_MAX], auth[SHA1_KEY];
  bool ok;

  cipher->cipher = EVP_CIPHER_CTX_new ();
  ok = cipher->cipher != NULL
       && derive (profile, master, label + OF_KEY, key, sfu_srtp_profile_get_key_len (profile))
       && derive (profile, master, label + OF_SALT, cipher->salt, sfu_srtp_profile_get_salt_len (profile))
       && EVP_EncryptInit_ex2 (cipher->cipher, type, key, NULL, NULL) == 1;
  if (ok && profile == SFU_SRTP_AES128_CM_SHA1_80)
    ok = derive (profile, master, label + OF_AUTH, auth, sizeof auth) && init_mac (cipher, auth);
  OPENSSL_cleanse (key, sizeof key);
  OPENSSL_cleanse (auth, sizeof auth);
  return ok;
}

bool
sfu_srtp_sender_init (SfuSrtpSender *sender, SfuSrtpProfile profile, const SfuSrtpKey *key)
{
  (void) pthread_once (&once, fetch);
  sender->aead = profile != SFU_SRTP_AES128_CM_SHA1_80;
  sender->tag_len = sender->aead ? GCM_TAG : SHA1_TAG;
  return init_cipher (&sender->rtp, profile, key, LABEL_RTP) && init_cipher (&sender->rtcp, profile, key, LABEL_RTCP);
}

static void
clear_cipher (SfuSrtpCipher *cipher)
{
  EVP_CIPHER_CTX_free (cipher->cipher);
  EVP_MAC_CTX_free (cipher->mac);
  OPENSSL_cleanse (cipher, sizeof *cipher);
}

void
sfu_srtp_sender_clear (SfuSrtpSender *sender)
{
  clear_cipher (&sender->rtp);
  clear_cipher (&sender->rtcp);
}

static void
put_u32 (uint8_t *data, uint32_t value)
{
  data[0] = (uint8_t) (value >> 24);
  data[1] = (uint8_t) (value >> 16);
  data[2] = (uint8_t) (value >> 8);
  data[3] = (uint8_t) value;
}

static void
xor_index (uint8_t *iv, uint64_t index)
{
  for (unsigned i = 0; i < 6; i++)
    iv[i] ^= (uint8_t) (index >> (40 - 8 * i));
}

/* RFC 7714 §8.1, §9.1: @ssrc: its four bytes; @index: 48 bits of SRTP, or 31 of SRTCP */
static bool
seal (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, const struct iovec *aad, unsigned n_aad, uint8_t *data,
      size_t len)
{
  uint8_t iv[12];
  int n;

  memcpy (iv, cipher->salt, sizeof iv);
  for (unsigned i = 0; i < 4; i++)
    iv[2 + i] ^= ssrc[i];
  xor_index (iv + 6, index);
  if (EVP_EncryptInit_ex2 (cipher->cipher, NULL, NULL, iv, NULL) != 1)
    return false;
  for (unsigned i = 0; i < n_aad; i++)
    if (EVP_EncryptUpdate (cipher->cipher, NULL, &n, aad[i].iov_base, (int) aad[i].iov_len) != 1)
      return false;
  return (len == 0 || EVP_EncryptUpdate (cipher->cipher, data, &n, data, (int) len) == 1)
         && EVP_EncryptFinal_ex (cipher->cipher, data + len, &n) == 1
         && EVP_CIPHER_CTX_ctrl (cipher->cipher, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, data + len) == 1;
}

/* RFC 3711 §4.1.1 */
static bool
encrypt_cm (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, uint8_t *data, size_t len)
{
  uint8_t iv[IV_BYTES] = { 0 };
  int n;

  memcpy (iv, cipher->salt, SFU_SRTP_SALT_MAX);
  for (unsigned i = 0; i < 4; i++)
    iv[4 + i] ^= ssrc[i];
  xor_index (iv + 8, index);
  return EVP_EncryptInit_ex2 (cipher->cipher, NULL, NULL, iv, NULL) == 1
         && (len == 0 || EVP_EncryptUpdate (cipher->cipher, data, &n, data, (int) len) == 1);
}

/* RFC 3711 §4.2: over @data and @tail; the tag to @ret_tag */
static bool
sign (SfuSrtpCipher *cipher, const uint8_t *data, size_t len, const uint8_t *tail, size_t tail_len, uint8_t *ret_tag)
{
  uint8_t mac[SHA1_KEY];
  size_t n;

  if (EVP_MAC_init (cipher->mac, NULL, 0, NULL) != 1 || EVP_MAC_update (cipher->mac, data, len) != 1
      || (tail_len > 0 && EVP_MAC_update (cipher->mac, tail, tail_len) != 1)
      || EVP_MAC_final (cipher->mac, mac, &n, sizeof mac) != 1)
    return false;
  memcpy (ret_tag, mac, SHA1_TAG);
  return true;
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
    ok = seal (&sender->rtp, rtp + 8, index, &aad, 1, rtp + header_len, len - header_len);
  else
    {
      put_u32 (roc, (uint32_t) (index >> 16));
      ok = encrypt_cm (&sender->rtp, rtp + 8, index, rtp + header_len, len - header_len)
           && sign (&sender->rtp, rtp, len, roc, sizeof roc, rtp + len);
    }
  return ok ? len + sender->tag_len : 0;
}

size_t
sfu_srtp_sender_rtcp (SfuSrtpSender *sender, uint8_t *rtcp, size_t len, size_t size)
{
  uint32_t index = sender->rtcp_index;
  uint8_t trailer[4];
  const struct iovec aad[] = { { rtcp, RTCP_HEADER }, { trailer, sizeof trailer } };
  bool ok;

  if (len < RTCP_HEADER || len > size || size - len < sender->tag_len + sizeof trailer || index > RTCP_INDEX_MAX)
    return 0;
  sender->rtcp_index++;
  put_u32 (trailer, E_BIT | index);
  if (sender->aead)
    {
      ok = seal (&sender->rtcp, rtcp + 4, index, aad, 2, rtcp + RTCP_HEADER, len - RTCP_HEADER);
      memcpy (rtcp + len + GCM_TAG, trailer, sizeof trailer);
    }
  else
    {
      memcpy (rtcp + len, trailer, sizeof trailer);
      ok = encrypt_cm (&sender->rtcp, rtcp + 4, index, rtcp + RTCP_HEADER, len - RTCP_HEADER)
           && sign (&sender->rtcp, rtcp, len + sizeof trailer, NULL, 0, rtcp + len + sizeof trailer);
    }
  return ok ? len + sender->tag_len + sizeof trailer : 0;
}
