/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprints of certificates (RFC 8122 §5). */
#include "sfu/fingerprint.h"

#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

static const struct {
  const char *name;
  unsigned len;
} hashes[SFU_HASH_N] = {
  [SFU_HASH_SHA256] = { "sha-256", 32 },
  [SFU_HASH_SHA384] = { "sha-384", 48 },
  [SFU_HASH_SHA512] = { "sha-512", 64 },
};

/* two digits a byte, a colon between bytes */
static bool
parse_value (const char *text, size_t len, uint8_t *ret_value, unsigned value_len)
{
  if (len != value_len * 3 - 1)
    return false;
  for (unsigned i = 0; i < value_len; i++, text += 3)
    {
      int high = g_ascii_xdigit_value (text[0]), low = g_ascii_xdigit_value (text[1]);

      if (high < 0 || low < 0 || (i + 1 < value_len && text[2] != ':'))
        return false;
      ret_value[i] = (uint8_t) (high << 4 | low);
    }
  return true;
}

bool
sfu_fingerprint_parse (const char *text, size_t len, SfuFingerprint *ret)
{
  SfuFingerprint made = { 0 };

  for (SfuHash hash = 0; hash < SFU_HASH_N; hash++)
    {
      size_t name_len = strlen (hashes[hash].name);

      /* RFC 8122 §5: names of hash functions are compared without case */
      if (len <= name_len || g_ascii_strncasecmp (text, hashes[hash].name, name_len) != 0 || text[name_len] != ' ')
        continue;
      made.hash = hash;
      made.len = (uint8_t) hashes[hash].len;
      if (!parse_value (text + name_len + 1, len - name_len - 1, made.value, made.len))
        return false;
      *ret = made;
      return true;
    }
  return false;
}

unsigned
sfu_fingerprint_get_bytes (const char *hash)
{
  for (unsigned i = 0; i < SFU_HASH_N; i++)
    if (g_ascii_strcasecmp (hash, hashes[i].name) == 0)
      return hashes[i].len;
  return 0;
}

char *
sfu_fingerprint_format (const SfuFingerprint *fingerprint, char ret_text[SFU_FINGERPRINT_TEXT])
{
  static const char digits[] = "0123456789ABCDEF";
  char *at = g_stpcpy (ret_text, hashes[fingerprint->hash].name);

  for (unsigned i = 0; i < fingerprint->len; i++)
    {
      *at++ = i == 0 ? ' ' : ':';
      *at++ = digits[fingerprint->value[i] >> 4];
      *at++ = digits[fingerprint->value[i] & 15];
    }
  *at = '\0';
  return ret_text;
}

bool
sfu_fingerprint_compute (X509 *certificate, SfuHash hash, SfuFingerprint *ret)
{
  const EVP_MD *digests[SFU_HASH_N] = { EVP_sha256 (), EVP_sha384 (), EVP_sha512 () };
  SfuFingerprint made = { .hash = hash };
  unsigned len = 0;

  if (X509_digest (certificate, digests[hash], made.value, &len) != 1)
    return false;
  made.len = (uint8_t) len;
  *ret = made;
  return true;
}

bool
sfu_fingerprint_equal (const SfuFingerprint *a, const SfuFingerprint *b)
{
  return a->hash == b->hash && a->len == b->len && memcmp (a->value, b->value, a->len) == 0;
}
