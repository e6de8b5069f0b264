/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Session keys and what is done with them (RFC 3711, RFC 7714). A key's context is set up once; what differs between packets
 * is the IV, which follows from SSRC and index.
 *
 *   AEAD   IV = (00 00 | SSRC | ROC | SEQ) XOR salt; the header is authenticated; the tag follows the payload
 *   CM     IV = (salt << 16) XOR (SSRC << 64) XOR (index << 16); HMAC-SHA1 over all and ROC, 10 bytes of it
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

#include "sfu/srtp-private.h"

#define SHA1_KEY 20
#define IV_BYTES 16

/* RFC 3711 §4.3.2 */
enum { OF_KEY = 0, OF_AUTH = 1, OF_SALT = 2 };

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

bool
sfu_srtp_cipher_init (SfuSrtpCipher *cipher, SfuSrtpProfile profile, const SfuSrtpKey *master, SfuSrtpLabel label,
                      bool encrypt)
{
  uint8_t key[SFU_SRTP_KEY_MAX], auth[SHA1_KEY];
  const EVP_CIPHER *type;
  bool ok;

  (void) pthread_once (&once, fetch);
  type = profile == SFU_SRTP_AEAD_AES_128_GCM   ? fetched.gcm128
         : profile == SFU_SRTP_AEAD_AES_256_GCM ? fetched.gcm256
                                                : fetched.ctr128;
  cipher->cipher = EVP_CIPHER_CTX_new ();
  ok = cipher->cipher != NULL
       && derive (profile, master, (unsigned) label + OF_KEY, key, sfu_srtp_profile_get_key_len (profile))
       && derive (profile, master, (unsigned) label + OF_SALT, cipher->salt, sfu_srtp_profile_get_salt_len (profile))
       && EVP_CipherInit_ex2 (cipher->cipher, type, key, NULL, encrypt, NULL) == 1;
  if (ok && profile == SFU_SRTP_AES128_CM_SHA1_80)
    ok = derive (profile, master, (unsigned) label + OF_AUTH, auth, sizeof auth) && init_mac (cipher, auth);
  OPENSSL_cleanse (key, sizeof key);
  OPENSSL_cleanse (auth, sizeof auth);
  return ok;
}

static void
xor_index (uint8_t *iv, uint64_t index)
{
  for (unsigned i = 0; i < 6; i++)
    iv[i] ^= (uint8_t) (index >> (40 - 8 * i));
}

/* RFC 7714 §8.1, §9.1 */
static bool
begin_gcm (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, const struct iovec *aad, unsigned n_aad)
{
  uint8_t iv[12];
  int n;

  memcpy (iv, cipher->salt, sizeof iv);
  for (unsigned i = 0; i < 4; i++)
    iv[2 + i] ^= ssrc[i];
  xor_index (iv + 6, index);
  if (EVP_CipherInit_ex2 (cipher->cipher, NULL, NULL, iv, -1, NULL) != 1)
    return false;
  for (unsigned i = 0; i < n_aad; i++)
    if (EVP_CipherUpdate (cipher->cipher, NULL, &n, aad[i].iov_base, (int) aad[i].iov_len) != 1)
      return false;
  return true;
}

bool
sfu_srtp_cipher_seal (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, const struct iovec *aad, unsigned n_aad,
                      struct iovec data)
{
  uint8_t *bytes = data.iov_base;
  int n;

  return begin_gcm (cipher, ssrc, index, aad, n_aad)
         && (data.iov_len == 0 || EVP_EncryptUpdate (cipher->cipher, bytes, &n, bytes, (int) data.iov_len) == 1)
         && EVP_EncryptFinal_ex (cipher->cipher, bytes + data.iov_len, &n) == 1
         && EVP_CIPHER_CTX_ctrl (cipher->cipher, EVP_CTRL_AEAD_GET_TAG, SFU_SRTP_GCM_TAG, bytes + data.iov_len) == 1;
}

bool
sfu_srtp_cipher_open (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, const struct iovec *aad, unsigned n_aad,
                      struct iovec data)
{
  uint8_t *bytes = data.iov_base;
  int n;

  return begin_gcm (cipher, ssrc, index, aad, n_aad)
         && (data.iov_len == 0 || EVP_DecryptUpdate (cipher->cipher, bytes, &n, bytes, (int) data.iov_len) == 1)
         && EVP_CIPHER_CTX_ctrl (cipher->cipher, EVP_CTRL_AEAD_SET_TAG, SFU_SRTP_GCM_TAG, bytes + data.iov_len) == 1
         && EVP_DecryptFinal_ex (cipher->cipher, bytes + data.iov_len, &n) == 1;
}

/* RFC 3711 §4.1.1 */
bool
sfu_srtp_cipher_encrypt_cm (SfuSrtpCipher *cipher, const uint8_t *ssrc, uint64_t index, uint8_t *data, size_t len)
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
bool
sfu_srtp_cipher_sign (SfuSrtpCipher *cipher, const uint8_t *data, size_t len, const uint8_t *tail, size_t tail_len,
                      uint8_t *ret_tag)
{
  uint8_t mac[SHA1_KEY];
  size_t n;

  if (EVP_MAC_init (cipher->mac, NULL, 0, NULL) != 1 || EVP_MAC_update (cipher->mac, data, len) != 1
      || (tail_len > 0 && EVP_MAC_update (cipher->mac, tail, tail_len) != 1)
      || EVP_MAC_final (cipher->mac, mac, &n, sizeof mac) != 1)
    return false;
  memcpy (ret_tag, mac, SFU_SRTP_SHA1_TAG);
  return true;
}

void
sfu_srtp_cipher_clear (SfuSrtpCipher *cipher)
{
  EVP_CIPHER_CTX_free (cipher->cipher);
  EVP_MAC_CTX_free (cipher->mac);
  OPENSSL_cleanse (cipher, sizeof *cipher);
}
