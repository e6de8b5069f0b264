/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/farewell.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#include "base/dtls-hello.h"

/*
 * record:   21 | fe fd | epoch (16) sequence number (48) | length (16) | explicit nonce (64) | level, description | tag (128)
 * nonce:    salt (32) | explicit nonce                                                       (RFC 5288 §3)
 * AAD:      epoch, sequence number | type | version | length of the plain text               (RFC 5246 §6.2.3.3)
 */
#define EXPLICIT 8
#define TAG 16
#define ALERT 2
#define AAD 13
#define RECORD (AL_DTLS_RECORD_HEADER + EXPLICIT + ALERT + TAG)
#define LEVEL_FATAL 2
#define CLOSE_NOTIFY 0

static bool
derive (const EVP_MD *digest, const uint8_t *secret, size_t secret_len, const uint8_t *seed, size_t seed_len,
        uint8_t *ret_block, size_t len)
{
  EVP_KDF *kdf = EVP_KDF_fetch (NULL, "TLS1-PRF", NULL);
  EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new (kdf) : NULL;
  const OSSL_PARAM params[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_KDF_PARAM_DIGEST, (char *) EVP_MD_get0_name (digest), 0),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_SECRET, (void *) secret, secret_len),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_SEED, (void *) seed, seed_len),
    OSSL_PARAM_construct_end (),
  };
  bool good = ctx != NULL && EVP_KDF_derive (ctx, ret_block, len, params) == 1;

  EVP_KDF_CTX_free (ctx);
  EVP_KDF_free (kdf);
  return good;
}

static unsigned
get_key_len (const SSL_CIPHER *cipher)
{
  switch (cipher != NULL ? SSL_CIPHER_get_cipher_nid (cipher) : NID_undef)
    {
    case NID_aes_128_gcm:
      return 16;
    case NID_aes_256_gcm:
      return 32;
    default:
      return 0;
    }
}

bool
sfu_farewell_init (SfuFarewell *farewell, SSL *ssl)
{
  static const char label[] = "key expansion";
  const SSL_CIPHER *cipher = SSL_get_current_cipher (ssl);
  uint8_t secret[SSL_MAX_MASTER_KEY_LENGTH], seed[sizeof label - 1 + 2 * SSL3_RANDOM_SIZE];
  uint8_t block[2 * (SFU_FAREWELL_KEY_MAX + SFU_FAREWELL_SALT)];
  const SSL_SESSION *session = SSL_get_session (ssl);
  unsigned key_len = get_key_len (cipher), at = SSL_is_server (ssl) ? 0 : 1; /* the client's key stands first */
  size_t secret_len;
  bool good;

  (void) memset (farewell, 0, sizeof *farewell);
  if (key_len == 0 || session == NULL)
    return false;
  secret_len = SSL_SESSION_get_master_key (session, secret, sizeof secret);
  (void) memcpy (seed, label, sizeof label - 1);
  good = SSL_get_server_random (ssl, seed + sizeof label - 1, SSL3_RANDOM_SIZE) == SSL3_RANDOM_SIZE
         && SSL_get_client_random (ssl, seed + sizeof label - 1 + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE) == SSL3_RANDOM_SIZE
         && derive (SSL_CIPHER_get_handshake_digest (cipher), secret, secret_len, seed, sizeof seed, block,
                    2 * (key_len + SFU_FAREWELL_SALT));
  if (good)
    {
      farewell->key_len = (uint8_t) key_len;
      (void) memcpy (farewell->key, block + at * key_len, key_len);
      (void) memcpy (farewell->salt, block + 2 * key_len + at * SFU_FAREWELL_SALT, SFU_FAREWELL_SALT);
    }
  else
    ERR_clear_error ();
  OPENSSL_cleanse (secret, sizeof secret);
  OPENSSL_cleanse (block, sizeof block);
  return good;
}

void
sfu_farewell_clear (SfuFarewell *farewell)
{
  OPENSSL_cleanse (farewell, sizeof *farewell);
}

static bool
open_alert (const SfuFarewell *farewell, const uint8_t *data, uint8_t ret_alert[ALERT])
{
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new ();
  const EVP_CIPHER *cipher = farewell->key_len == 16 ? EVP_aes_128_gcm () : EVP_aes_256_gcm ();
  uint8_t nonce[SFU_FAREWELL_SALT + EXPLICIT], aad[AAD], tag[TAG];
  const uint8_t *sealed = data + AL_DTLS_RECORD_HEADER + EXPLICIT;
  int n;
  bool good;

  (void) memcpy (nonce, farewell->salt, SFU_FAREWELL_SALT);
  (void) memcpy (nonce + SFU_FAREWELL_SALT, data + AL_DTLS_RECORD_HEADER, EXPLICIT);
  (void) memcpy (aad, data + 3, 8);
  (void) memcpy (aad + 8, data, 3);
  aad[11] = 0;
  aad[12] = ALERT;
  (void) memcpy (tag, sealed + ALERT, TAG);
  good = ctx != NULL && EVP_DecryptInit_ex (ctx, cipher, NULL, farewell->key, nonce) == 1
         && EVP_DecryptUpdate (ctx, NULL, &n, aad, AAD) == 1 && EVP_DecryptUpdate (ctx, ret_alert, &n, sealed, ALERT) == 1
         && EVP_CIPHER_CTX_ctrl (ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 && EVP_DecryptFinal_ex (ctx, ret_alert, &n) == 1;
  EVP_CIPHER_CTX_free (ctx);
  if (!good)
    ERR_clear_error ();
  return good;
}

bool
sfu_farewell_is_genuine (const SfuFarewell *farewell, const uint8_t *data, size_t len)
{
  uint8_t alert[ALERT + TAG];

  if (farewell->key_len == 0 || len < RECORD || !al_dtls_is_alert (data, len)
      || (size_t) (data[11] << 8 | data[12]) != RECORD - AL_DTLS_RECORD_HEADER)
    return false;
  return open_alert (farewell, data, alert) && (alert[0] == LEVEL_FATAL || alert[1] == CLOSE_NOTIFY);
}
