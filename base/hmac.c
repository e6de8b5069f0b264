/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

struct AlHmac {
  EVP_MAC_CTX *contexts[AL_HMAC_N]; /* owned; the digest is set */
};

static const char *const digests[AL_HMAC_N] = { "SHA1", "SHA256" };
static const size_t lengths[AL_HMAC_N] = { AL_HMAC_SHA1_BYTES, AL_HMAC_SHA256_BYTES };

AlHmac *
al_hmac_new (void)
{
  AlHmac *hmac = g_new0 (AlHmac, 1);
  EVP_MAC *mac = EVP_MAC_fetch (NULL, "HMAC", NULL);

  for (unsigned i = 0; i < AL_HMAC_N; i++)
    {
      OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, (char *) digests[i], 0),
                              OSSL_PARAM_construct_end () };

      hmac->contexts[i] = mac == NULL ? NULL : EVP_MAC_CTX_new (mac);
      if (hmac->contexts[i] == NULL || EVP_MAC_CTX_set_params (hmac->contexts[i], params) != 1)
        g_error ("OpenSSL has no HMAC with %s", digests[i]);
    }
  EVP_MAC_free (mac);
  return hmac;
}

void
al_hmac_free (AlHmac *hmac)
{
  if (hmac == NULL)
    return;
  for (unsigned i = 0; i < AL_HMAC_N; i++)
    EVP_MAC_CTX_free (hmac->contexts[i]);
  g_free (hmac);
}

size_t
al_hmac_compute (AlHmac *hmac, AlHmacHash hash, const void *key, size_t key_len, const struct iovec *parts,
                 unsigned n_parts, uint8_t *ret_mac)
{
  EVP_MAC_CTX *context = hmac->contexts[hash];
  size_t len = 0;
  int ok = EVP_MAC_init (context, key, key_len, NULL);

  for (unsigned i = 0; i < n_parts && ok == 1; i++)
    ok = EVP_MAC_update (context, parts[i].iov_base, parts[i].iov_len);
  if (ok != 1 || EVP_MAC_final (context, ret_mac, &len, AL_HMAC_MAX_BYTES) != 1 || len != lengths[hash])
    g_error ("HMAC failed"); /* with memory at hand and a key that is not empty it cannot */
  return len;
}
