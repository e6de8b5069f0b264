/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing STUN (RFC 8489 §5, §14).
 *
 *   0                   1                   2                   3
 *   0 0 M M M M M C M M M C M M M M |        message length         |
 *   |                      magic cookie 2112a442                    |
 *   |                   transaction id, 96 bits                     |
 *   |        type of attribute      |     length (without padding)  |
 *   |                 value, padded to four bytes ...               |
 */
#include "base/stun.h"

#include <openssl/crypto.h>
#include <string.h>
#include <zlib.h>

#define FINGERPRINT_XOR 0x5354554eu
#define ATTR_HEADER 4

static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };

static uint16_t
get_u16 (const uint8_t *data)
{
  return (uint16_t) (data[0] << 8 | data[1]);
}

bool
al_stun_is (const uint8_t *data, size_t len)
{
  return len >= AL_STUN_HEADER_BYTES && (data[0] & 0xc0) == 0 && (data[3] & 3) == 0 && memcmp (data + 4, cookie, 4) == 0;
}

size_t
al_stun_frame (const uint8_t *data, size_t len)
{
  return len < 4 ? 0 : AL_STUN_HEADER_BYTES + (size_t) get_u16 (data + 2);
}

/* the attribute at @offset, which ends before @end; padding of the last one may be missing nowhere: lengths are in fours */
static bool
read_attr (const uint8_t *data, uint32_t offset, uint32_t end, AlStunAttr *ret_attr)
{
  uint32_t padded;

  if (end - offset < ATTR_HEADER)
    return false;
  ret_attr->type = get_u16 (data + offset);
  ret_attr->len = get_u16 (data + offset + 2);
  padded = (ret_attr->len + 3u) & ~3u;
  if (padded > end - offset - ATTR_HEADER)
    return false;
  ret_attr->value = data + offset + ATTR_HEADER;
  ret_attr->next = offset + ATTR_HEADER + padded;
  return true;
}

/* notes what the attribute at @offset means for the message's end; false: it may not stand there */
static bool
note_attr (AlStunMessage *message, uint32_t offset, const AlStunAttr *attr)
{
  bool after = message->integrity != 0 || message->integrity_sha256 != 0;

  switch (attr->type)
    {
    case AL_STUN_MESSAGE_INTEGRITY:
      if (after)
        break; /* behind SHA-256's, or doubled: ignored */
      if (attr->len != AL_HMAC_SHA1_BYTES)
        return false;
      message->integrity = message->attrs_end = offset;
      break;
    case AL_STUN_MESSAGE_INTEGRITY_SHA256:
      if (message->integrity_sha256 != 0)
        break;
      if (attr->len < 16 || attr->len > AL_HMAC_SHA256_BYTES || attr->len % 4 != 0)
        return false;
      message->integrity_sha256 = offset;
      if (!after)
        message->attrs_end = offset;
      break;
    case AL_STUN_FINGERPRINT:
      if (attr->len != 4 || attr->next != message->len)
        return false;
      message->fingerprint = offset;
      if (!after)
        message->attrs_end = offset;
      break;
    default:
      break;
    }
  return true;
}

bool
al_stun_parse (const uint8_t *data, size_t len, AlStunMessage *ret_message)
{
  AlStunAttr attr;
  uint16_t type;

  if (!al_stun_is (data, len) || al_stun_frame (data, len) != len)
    return false;
  type = get_u16 (data);
  *ret_message = (AlStunMessage){
    .data = data,
    .tid = data + 8,
    .len = (uint32_t) len,
    .method = (uint16_t) ((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2),
    .cls = (AlStunClass) ((type & 0x0010) >> 4 | (type & 0x0100) >> 7),
    .attrs_end = (uint32_t) len,
  };
  for (uint32_t offset = AL_STUN_HEADER_BYTES; offset < len; offset = attr.next)
    if (!read_attr (data, offset, (uint32_t) len, &attr) || !note_attr (ret_message, offset, &attr))
      return false;
  return true;
}

bool
al_stun_next (const AlStunMessage *message, AlStunAttr *attr)
{
  uint32_t offset = attr->next == 0 ? AL_STUN_HEADER_BYTES : attr->next;

  return offset < message->attrs_end && read_attr (message->data, offset, message->attrs_end, attr);
}

bool
al_stun_find (const AlStunMessage *message, uint16_t type, AlStunAttr *ret_attr)
{
  AlStunAttr attr = { 0 };

  while (al_stun_next (message, &attr))
    if (attr.type == type)
      {
        *ret_attr = attr;
        return true;
      }
  return false;
}

bool
al_stun_find_u32 (const AlStunMessage *message, uint16_t type, uint32_t *ret_value)
{
  AlStunAttr attr;

  if (!al_stun_find (message, type, &attr) || attr.len != 4)
    return false;
  *ret_value = (uint32_t) get_u16 (attr.value) << 16 | get_u16 (attr.value + 2);
  return true;
}

bool
al_stun_attr_addr (const AlStunMessage *message, const AlStunAttr *attr, bool plain, AlAddr *ret_addr)
{
  const uint8_t *mask = message->data + 4; /* the cookie, then the transaction id */
  uint8_t host[16];
  unsigned host_len = attr->len == 8 ? 4 : 16;
  uint16_t port;

  if (attr->len != 4 + host_len || attr->value[1] != (host_len == 4 ? 1 : 2))
    return false;
  port = get_u16 (attr->value + 2);
  memcpy (host, attr->value + 4, host_len);
  if (!plain)
    {
      port ^= AL_STUN_COOKIE >> 16;
      for (unsigned i = 0; i < host_len; i++)
        host[i] ^= mask[i];
    }
  memset (ret_addr, 0, sizeof *ret_addr);
  if (host_len == 4)
    {
      ret_addr->in4.sin_family = AF_INET;
      memcpy (&ret_addr->in4.sin_addr, host, 4);
    }
  else
    {
      ret_addr->in6.sin6_family = AF_INET6;
      memcpy (&ret_addr->in6.sin6_addr, host, 16);
    }
  al_addr_set_port (ret_addr, port);
  return true;
}

unsigned
al_stun_list_unknown (const AlStunMessage *message, const uint16_t *known, unsigned n_known, uint16_t *ret_types,
                      unsigned max)
{
  AlStunAttr attr = { 0 };
  unsigned n = 0;

  while (n < max && al_stun_next (message, &attr))
    {
      unsigned i = 0;

      if (attr.type >= 0x8000)
        continue;
      while (i < n_known && known[i] < attr.type)
        i++;
      if (i < n_known && known[i] == attr.type)
        continue;
      for (i = 0; i < n && ret_types[i] != attr.type; i++)
        ;
      if (i == n)
        ret_types[n++] = attr.type;
    }
  return n;
}

bool
al_stun_check_fingerprint (const AlStunMessage *message)
{
  const uint8_t *value = message->data + message->fingerprint + ATTR_HEADER;
  uint32_t crc;

  if (message->fingerprint == 0)
    return true;
  crc = (uint32_t) crc32 (0, message->data, message->fingerprint) ^ FINGERPRINT_XOR;
  return ((uint32_t) get_u16 (value) << 16 | get_u16 (value + 2)) == crc;
}

/* the MAC covers the message up to its own attribute, with a length as if that were the last one (RFC 8489 §14.5) */
static size_t
compute_integrity (const uint8_t *data, uint32_t offset, unsigned mac_len, AlHmac *hmac, AlHmacHash hash,
                   const void *key, size_t key_len, uint8_t *ret_mac)
{
  uint16_t len = (uint16_t) (offset - AL_STUN_HEADER_BYTES + ATTR_HEADER + mac_len);
  uint8_t head[4] = { data[0], data[1], (uint8_t) (len >> 8), (uint8_t) len };
  const struct iovec parts[] = { { head, sizeof head }, { (void *) (data + 4), offset - 4 } };

  return al_hmac_compute (hmac, hash, key, key_len, parts, 2, ret_mac);
}

bool
al_stun_check_integrity (const AlStunMessage *message, AlHmac *hmac, AlHmacHash hash, const void *key, size_t key_len)
{
  uint32_t offset = hash == AL_HMAC_SHA1 ? message->integrity : message->integrity_sha256;
  uint8_t mac[AL_HMAC_MAX_BYTES];
  unsigned len;

  if (offset == 0)
    return false;
  len = get_u16 (message->data + offset + 2);
  (void) compute_integrity (message->data, offset, len, hmac, hash, key, key_len, mac);
  return CRYPTO_memcmp (mac, message->data + offset + ATTR_HEADER, len) == 0;
}

/* ---- writing ---- */

void
al_stun_begin (AlStunWriter *out, void *data, size_t size, AlStunClass cls, uint16_t method, const uint8_t *tid)
{
  unsigned type = (method & 0x00fu) | (method & 0x070u) << 1 | (method & 0xf80u) << 2 | (cls & 1u) << 4 | (cls & 2u) << 7;

  al_writer_init (&out->writer, data, size);
  al_writer_u16 (&out->writer, (uint16_t) type);
  al_writer_u16 (&out->writer, 0);
  al_writer_bytes (&out->writer, cookie, sizeof cookie);
  al_writer_bytes (&out->writer, tid, AL_STUN_TID_BYTES);
}

void
al_stun_put (AlStunWriter *out, uint16_t type, const void *value, size_t len)
{
  if (len > UINT16_MAX)
    {
      out->writer.failed = true;
      return;
    }
  al_writer_u16 (&out->writer, type);
  al_writer_u16 (&out->writer, (uint16_t) len);
  al_writer_bytes (&out->writer, value, len);
  al_writer_zero (&out->writer, -len & 3);
}

void
al_stun_put_u32 (AlStunWriter *out, uint16_t type, uint32_t value)
{
  const uint8_t bytes[4] = { (uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8), (uint8_t) value };

  al_stun_put (out, type, bytes, sizeof bytes);
}

void
al_stun_put_addr (AlStunWriter *out, uint16_t type, const AlAddr *addr, bool plain)
{
  bool v4 = addr->sa.sa_family == AF_INET;
  uint16_t port = al_addr_get_port (addr);
  uint8_t value[20] = { 0, v4 ? 1 : 2 };
  unsigned host_len = v4 ? 4 : 16;

  if (addr->sa.sa_family == AF_UNSPEC)
    return;
  memcpy (value + 4, v4 ? (const void *) &addr->in4.sin_addr : &addr->in6.sin6_addr, host_len);
  if (!plain && !out->writer.failed)
    {
      port ^= AL_STUN_COOKIE >> 16;
      for (unsigned i = 0; i < host_len; i++)
        value[4 + i] ^= out->writer.begin[4 + i];
    }
  value[2] = (uint8_t) (port >> 8);
  value[3] = (uint8_t) port;
  al_stun_put (out, type, value, 4 + host_len);
}

void
al_stun_put_error (AlStunWriter *out, unsigned code, const char *reason)
{
  uint8_t value[4 + 128] = { 0, 0, (uint8_t) (code / 100), (uint8_t) (code % 100) };
  size_t len = strnlen (reason, sizeof value - 4);

  memcpy (value + 4, reason, len);
  al_stun_put (out, AL_STUN_ERROR_CODE, value, 4 + len);
}

void
al_stun_put_integrity (AlStunWriter *out, AlHmac *hmac, AlHmacHash hash, const void *key, size_t key_len)
{
  unsigned mac_len = hash == AL_HMAC_SHA1 ? AL_HMAC_SHA1_BYTES : AL_HMAC_SHA256_BYTES;
  uint8_t mac[AL_HMAC_MAX_BYTES];

  if (out->writer.failed)
    return;
  (void) compute_integrity (out->writer.begin, (uint32_t) al_writer_len (&out->writer), mac_len, hmac, hash, key,
                            key_len, mac);
  al_stun_put (out, hash == AL_HMAC_SHA1 ? AL_STUN_MESSAGE_INTEGRITY : AL_STUN_MESSAGE_INTEGRITY_SHA256, mac, mac_len);
}

void
al_stun_put_fingerprint (AlStunWriter *out)
{
  size_t offset = al_writer_len (&out->writer);

  if (out->writer.failed)
    return;
  /* the length that is covered counts the fingerprint itself (RFC 8489 §14.7) */
  al_writer_patch_u16 (&out->writer, 2, (uint16_t) (offset - AL_STUN_HEADER_BYTES + ATTR_HEADER + 4));
  al_stun_put_u32 (out, AL_STUN_FINGERPRINT, (uint32_t) crc32 (0, out->writer.begin, (uInt) offset) ^ FINGERPRINT_XOR);
}

size_t
al_stun_end (AlStunWriter *out)
{
  size_t len = al_writer_len (&out->writer);

  if (len - AL_STUN_HEADER_BYTES > UINT16_MAX - 3)
    out->writer.failed = true;
  al_writer_patch_u16 (&out->writer, 2, (uint16_t) (len - AL_STUN_HEADER_BYTES));
  return out->writer.failed ? 0 : len;
}
