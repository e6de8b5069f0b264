/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   record:    | type 22 | version, 16 | epoch, 16 | sequence number, 48 | length, 16 |
 *   message:   | type, 8 | length, 24 | message_seq, 16 | fragment offset, 24 | fragment length, 24 |
 *   hello (1): | version, 16 | random, 32 bytes | session id | cookie | cipher suites | compression | extensions |
 *   verify (3): | version, 16 | cookie |
 */
#include "base/dtls-hello.h"

#include <glib.h>

#include "base/bytes.h"

#define TYPE_HANDSHAKE 22
#define TYPE_ALERT 21
#define MESSAGE_HEADER 12
#define CLIENT_HELLO 1
#define HELLO_VERIFY_REQUEST 3
#define EXTENSION_USE_SRTP 14 /* RFC 5764 §4.1.1 */
#define VERSION_1_0 0xfeff    /* of every HelloVerifyRequest, whatever is agreed on later (RFC 6347 §4.2.1) */

/* the reader stands behind the cookie; the fragment may end anywhere */
static bool
find_use_srtp (AlReader *reader)
{
  (void) al_reader_skip (reader, al_reader_u16 (reader));
  (void) al_reader_skip (reader, al_reader_u8 (reader));
  (void) al_reader_skip (reader, 2);
  while (al_reader_remaining (reader) >= 4)
    {
      if (al_reader_u16 (reader) == EXTENSION_USE_SRTP)
        return true;
      (void) al_reader_skip (reader, al_reader_u16 (reader));
    }
  return false;
}

bool
al_dtls_hello_parse (const uint8_t *data, size_t len, AlDtlsHello *ret_hello)
{
  AlReader datagram, record, fragment;
  AlDtlsHello hello = { 0 };
  uint32_t message_len, fragment_len;

  if (!al_dtls_is_client_hello (data, len))
    return false;
  al_reader_init (&datagram, data, len);
  (void) al_reader_skip (&datagram, 5);
  hello.record_seq = al_reader_u48 (&datagram);
  (void) al_reader_sub (&datagram, al_reader_u16 (&datagram), &record);
  (void) al_reader_skip (&record, 1);
  message_len = al_reader_u24 (&record);
  hello.message_seq = al_reader_u16 (&record);
  if (al_reader_u24 (&record) != 0)
    return false;
  fragment_len = al_reader_u24 (&record);
  if (fragment_len > message_len || !al_reader_sub (&record, fragment_len, &fragment))
    return false;
  (void) al_reader_skip (&fragment, 2);
  hello.random = al_reader_slice (&fragment, AL_DTLS_RANDOM_BYTES);
  hello.session_id_len = al_reader_u8 (&fragment);
  hello.session_id = al_reader_slice (&fragment, hello.session_id_len);
  hello.cookie_len = al_reader_u8 (&fragment);
  hello.cookie = al_reader_slice (&fragment, hello.cookie_len);
  if (al_reader_failed (&fragment) || hello.session_id_len > AL_DTLS_SESSION_ID_MAX)
    return false;
  hello.is_whole = fragment_len == message_len;
  hello.has_use_srtp = find_use_srtp (&fragment);
  *ret_hello = hello;
  return true;
}

size_t
al_dtls_verify_write (const AlDtlsHello *hello, const uint8_t *cookie, size_t len, uint8_t *ret_data)
{
  AlWriter out;

  g_return_val_if_fail (len >= 1 && len <= AL_DTLS_COOKIE_MAX, 0);
  al_writer_init (&out, ret_data, AL_DTLS_VERIFY_BYTES (len));
  al_writer_u8 (&out, TYPE_HANDSHAKE);
  al_writer_u16 (&out, VERSION_1_0);
  al_writer_u16 (&out, 0);
  al_writer_u48 (&out, hello->record_seq);
  al_writer_u16 (&out, (uint16_t) (MESSAGE_HEADER + 3 + len));
  al_writer_u8 (&out, HELLO_VERIFY_REQUEST);
  al_writer_u24 (&out, (uint32_t) (3 + len));
  al_writer_u16 (&out, hello->message_seq);
  al_writer_u24 (&out, 0);
  al_writer_u24 (&out, (uint32_t) (3 + len));
  al_writer_u16 (&out, VERSION_1_0);
  al_writer_u8 (&out, (uint8_t) len);
  al_writer_bytes (&out, cookie, len);
  g_assert (!al_writer_failed (&out));
  return al_writer_len (&out);
}

bool
al_dtls_is_client_hello (const uint8_t *data, size_t len)
{
  return len > AL_DTLS_RECORD_HEADER && data[0] == TYPE_HANDSHAKE && data[3] == 0 && data[4] == 0
         && data[AL_DTLS_RECORD_HEADER] == CLIENT_HELLO;
}

bool
al_dtls_is_encrypted (const uint8_t *data, size_t len, uint8_t type)
{
  return len > AL_DTLS_RECORD_HEADER && data[0] == type && (data[3] != 0 || data[4] != 0);
}

bool
al_dtls_is_alert (const uint8_t *data, size_t len)
{
  return al_dtls_is_encrypted (data, len, TYPE_ALERT);
}

bool
al_dtls_has_finished (const uint8_t *data, size_t len)
{
  while (len > AL_DTLS_RECORD_HEADER)
    {
      size_t record = AL_DTLS_RECORD_HEADER + (size_t) (data[11] << 8 | data[12]);

      if (al_dtls_is_encrypted (data, len, TYPE_HANDSHAKE))
        return true;
      if (record >= len)
        return false;
      data += record;
      len -= record;
    }
  return false;
}
