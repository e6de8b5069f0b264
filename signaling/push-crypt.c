/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/push-crypt.h"

#include <openssl/hmac.h>
#include <string.h>

#include "base/random.h"

/*
 *  salt (16) | record size (4) | 65 | our public key (65) | ciphertext of text, 0x02, zeros | tag (16)
 *  RFC 8188 §2.1; 0x02 ends the text of the last record, here of the only one (§2)
 */
#define RECORD_SIZE 4096
#define HEAD_BYTES (SIG_PUSH_SALT_BYTES + 4 + 1 + SIG_P256_PUBLIC_BYTES)
#define TAG_BYTES 16
#define HASH_BYTES 32

typedef struct {
  uint8_t key[16], nonce[12];
} Keys;

static void
hmac (const uint8_t *key, size_t key_len, const uint8_t *data, size_t len, uint8_t ret[HASH_BYTES])
{
  unsigned n = HASH_BYTES;

  if (HMAC (EVP_sha256 (), key, (int) key_len, data, len, ret, &n) == NULL)
    g_error ("HMAC-SHA256 is not to be had");
}

/* HKDF (RFC 5869) for at most one block. @info: ends with room for the counter */
static void
hkdf (const uint8_t *salt, size_t salt_len, const uint8_t *secret, uint8_t *info, size_t info_len, uint8_t ret[HASH_BYTES])
{
  uint8_t prk[HASH_BYTES];

  info[info_len] = 1;
  hmac (salt, salt_len, secret, HASH_BYTES, prk);
  hmac (prk, sizeof prk, info, info_len + 1, ret);
  explicit_bzero (prk, sizeof prk);
}

/* RFC 8291 §3.4, then RFC 8188 §2.2 and §2.3 */
static void
derive (const uint8_t shared[HASH_BYTES], const uint8_t *auth, const uint8_t *theirs, const uint8_t *ours, const uint8_t *salt,
        Keys *ret)
{
  static const char label[] = "WebPush: info", cek[] = "Content-Encoding: aes128gcm", nonce[] = "Content-Encoding: nonce";
  uint8_t info[sizeof label + 2 * SIG_P256_PUBLIC_BYTES + 1], secret[HASH_BYTES], out[HASH_BYTES];

  memcpy (info, label, sizeof label);
  memcpy (info + sizeof label, theirs, SIG_P256_PUBLIC_BYTES);
  memcpy (info + sizeof label + SIG_P256_PUBLIC_BYTES, ours, SIG_P256_PUBLIC_BYTES);
  hkdf (auth, SIG_PUSH_AUTH_BYTES, shared, info, sizeof info - 1, secret);
  memcpy (info, cek, sizeof cek);
  hkdf (salt, SIG_PUSH_SALT_BYTES, secret, info, sizeof cek, out);
  memcpy (ret->key, out, sizeof ret->key);
  memcpy (info, nonce, sizeof nonce);
  hkdf (salt, SIG_PUSH_SALT_BYTES, secret, info, sizeof nonce, out);
  memcpy (ret->nonce, out, sizeof ret->nonce);
  explicit_bzero (secret, sizeof secret);
  explicit_bzero (out, sizeof out);
}

/* @record: @len bytes and room for the tag */
static void
seal (const Keys *keys, uint8_t *record, size_t len)
{
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  int n;

  if (context == NULL || EVP_EncryptInit_ex (context, EVP_aes_128_gcm (), NULL, keys->key, keys->nonce) != 1
      || EVP_EncryptUpdate (context, record, &n, record, (int) len) != 1
      || EVP_EncryptFinal_ex (context, record + len, &n) != 1
      || EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, record + len) != 1)
    g_error ("AES-GCM is not to be had");
  EVP_CIPHER_CTX_free (context);
}

GBytes *
sig_push_encrypt (const uint8_t p256dh[SIG_P256_PUBLIC_BYTES], const uint8_t auth[SIG_PUSH_AUTH_BYTES], const char *text,
                  size_t len, size_t padded, const SigPushOnce *once)
{
  g_autoptr (EVP_PKEY) theirs = sig_p256_from_public (p256dh), fresh = once == NULL ? sig_p256_new () : NULL;
  size_t total = HEAD_BYTES + padded + 1 + TAG_BYTES;
  uint8_t shared[HASH_BYTES], *body;
  Keys keys;

  g_assert (len <= padded && padded <= SIG_PUSH_PLAIN_MAX);
  if (theirs == NULL)
    return NULL;
  body = g_malloc0 (total);
  if (once != NULL)
    memcpy (body, once->salt, SIG_PUSH_SALT_BYTES);
  else
    al_random_bytes (body, SIG_PUSH_SALT_BYTES);
  body[SIG_PUSH_SALT_BYTES + 2] = RECORD_SIZE >> 8; /* of 32 bits */
  body[SIG_PUSH_SALT_BYTES + 4] = SIG_P256_PUBLIC_BYTES;
  sig_p256_get_public (once != NULL ? once->key : fresh, body + SIG_PUSH_SALT_BYTES + 5);
  sig_p256_agree (once != NULL ? once->key : fresh, theirs, shared);
  derive (shared, auth, p256dh, body + SIG_PUSH_SALT_BYTES + 5, body, &keys);
  memcpy (body + HEAD_BYTES, text, len);
  body[HEAD_BYTES + len] = 2;
  seal (&keys, body + HEAD_BYTES, padded + 1);
  explicit_bzero (shared, sizeof shared);
  explicit_bzero (&keys, sizeof keys);
  return g_bytes_new_take (body, total);
}
