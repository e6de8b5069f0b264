/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/dtls-hello.h"

/* where the parts of a ClientHello as make() writes it stand */
enum { TYPE = 0, EPOCH = 3, SEQ = 5, RECORD_LEN = 11, MESSAGE = 13, MESSAGE_LEN = 14, OFFSET = 19, FRAGMENT_LEN = 22, BODY = 25 };

static size_t
make (uint8_t *data, size_t size, unsigned cookie_len, bool srtp)
{
  static const uint8_t rest[] = { 0, 2, 0xc0, 0x2b, 1, 0 };
  static const uint8_t plain[] = { 0, 9, 0, 0x17, 0, 0, 0, 0x0d, 0, 1, 7 };
  static const uint8_t with_srtp[] = { 0, 18, 0, 0x17, 0, 0, 0, 0x0d, 0, 1, 7, 0, 14, 0, 5, 0, 2, 0, 7, 0 };
  unsigned len = 2 + 32 + 1 + 4 + 1 + cookie_len + (unsigned) sizeof rest
                 + (unsigned) (srtp ? sizeof with_srtp : sizeof plain);
  AlWriter out;

  al_writer_init (&out, data, size);
  al_writer_u8 (&out, 22);
  al_writer_u16 (&out, 0xfefd);
  al_writer_u16 (&out, 0);
  al_writer_u48 (&out, 0x010203040506);
  al_writer_u16 (&out, (uint16_t) (12 + len));
  al_writer_u8 (&out, 1);
  al_writer_u24 (&out, len);
  al_writer_u16 (&out, 2);
  al_writer_u24 (&out, 0);
  al_writer_u24 (&out, len);
  al_writer_u16 (&out, 0xfefd);
  for (unsigned i = 0; i < 32; i++)
    al_writer_u8 (&out, (uint8_t) i);
  al_writer_u8 (&out, 4);
  al_writer_u32 (&out, 0xaabbccdd);
  al_writer_u8 (&out, (uint8_t) cookie_len);
  for (unsigned i = 0; i < cookie_len; i++)
    al_writer_u8 (&out, 0x55);
  al_writer_bytes (&out, rest, sizeof rest);
  al_writer_bytes (&out, srtp ? with_srtp : plain, srtp ? sizeof with_srtp : sizeof plain);
  g_assert_false (al_writer_failed (&out));
  return al_writer_len (&out);
}

static void
test_whole (void)
{
  uint8_t data[512];

  for (unsigned cookie_len = 0; cookie_len <= 255; cookie_len += 51)
    for (unsigned srtp = 0; srtp < 2; srtp++)
      {
        size_t len = make (data, sizeof data, cookie_len, srtp);
        AlDtlsHello hello;

        g_assert_true (al_dtls_hello_parse (data, len, &hello));
        g_assert_cmpuint (hello.record_seq, ==, 0x010203040506);
        g_assert_cmpuint (hello.message_seq, ==, 2);
        g_assert_cmpuint (hello.random[31], ==, 31);
        g_assert_cmpmem (hello.session_id, hello.session_id_len, "\xaa\xbb\xcc\xdd", 4);
        g_assert_cmpuint (hello.cookie_len, ==, cookie_len);
        g_assert_true (hello.has_use_srtp == (srtp == 1));
        g_assert_true (hello.is_whole);
      }
}

/* @at: shortens the first fragment to @n bytes of the message */
static size_t
cut (uint8_t *data, size_t n)
{
  data[RECORD_LEN] = (uint8_t) ((12 + n) >> 8);
  data[RECORD_LEN + 1] = (uint8_t) (12 + n);
  data[FRAGMENT_LEN + 1] = (uint8_t) (n >> 8);
  data[FRAGMENT_LEN + 2] = (uint8_t) n;
  return BODY + n;
}

/* a first fragment does, when it reaches as far as the end of the cookie */
static void
test_fragment (void)
{
  const size_t needed = 2 + 32 + 1 + 4 + 1 + 20;
  uint8_t data[512];
  size_t whole = make (data, sizeof data, 20, true) - BODY;

  for (size_t n = 0; n <= whole; n++)
    {
      AlDtlsHello hello;

      (void) make (data, sizeof data, 20, true);
      g_assert_true (al_dtls_hello_parse (data, cut (data, n), &hello) == (n >= needed));
      g_assert_true (n < needed || hello.is_whole == (n == whole));
    }
}

static void
test_refused (void)
{
  uint8_t data[512];
  size_t len = make (data, sizeof data, 20, false);
  const struct {
    unsigned at;
    uint8_t value;
  } faults[] = {
    { TYPE, 23 },        { EPOCH, 1 },           { EPOCH + 1, 1 },       { RECORD_LEN, 1 },   { RECORD_LEN + 1, 11 },
    { MESSAGE, 2 },      { OFFSET + 2, 1 },      { OFFSET, 1 },          { FRAGMENT_LEN, 1 }, { FRAGMENT_LEN + 1, 1 },
    { MESSAGE_LEN + 2, 1 }, { BODY + 34, 33 }, { BODY + 39, 255 },
  };
  AlDtlsHello hello = { .message_seq = 77 };

  g_assert_true (al_dtls_hello_parse (data, len, &hello));
  hello.message_seq = 77;
  for (unsigned i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      len = make (data, sizeof data, 20, false);
      data[faults[i].at] = faults[i].value;
      g_assert_false (al_dtls_hello_parse (data, len, &hello));
    }
  len = make (data, sizeof data, 20, false);
  for (size_t n = 0; n < len; n++)
    g_assert_false (al_dtls_hello_parse (data, n, &hello));
  g_assert_cmpuint (hello.message_seq, ==, 77); /* untouched */
}

static void
test_verify (void)
{
  static const uint8_t expected[] = {
    22, 0xfe, 0xff, 0, 0, 1, 2, 3, 4, 5, 6, 0, 19,      /* the record's number is that of the ClientHello's */
    3,  0,    0,    7, 0, 2, 0, 0, 0, 0, 0, 7,          /* the message's too */
    0xfe, 0xff, 4, 'a', 'b', 'c', 'd',
  };
  uint8_t data[512], out[AL_DTLS_VERIFY_BYTES (255)];
  size_t len = make (data, sizeof data, 0, false), n;
  AlDtlsHello hello;

  g_assert_true (al_dtls_hello_parse (data, len, &hello));
  n = al_dtls_verify_write (&hello, (const uint8_t *) "abcd", 4, out);
  g_assert_cmpuint (n, ==, AL_DTLS_VERIFY_BYTES (4));
  g_assert_cmpmem (out, n, expected, sizeof expected);
  g_assert_cmpuint (al_dtls_verify_write (&hello, data, 255, out), ==, sizeof out);
}

static void
test_kinds (void)
{
  static const uint8_t alert[] = { 21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0 };
  static const uint8_t plain_alert[] = { 21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0 };
  /* ChangeCipherSpec, then a Finished */
  static const uint8_t finished[] = { 20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1,
                                      22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9 };
  uint8_t data[512];
  size_t len = make (data, sizeof data, 0, false);

  g_assert_true (al_dtls_is_client_hello (data, len));
  g_assert_false (al_dtls_is_client_hello (data, 13));
  g_assert_false (al_dtls_is_client_hello (alert, sizeof alert));
  g_assert_true (al_dtls_is_alert (alert, sizeof alert));
  g_assert_false (al_dtls_is_alert (alert, 13));
  g_assert_false (al_dtls_is_alert (plain_alert, sizeof plain_alert));
  g_assert_true (al_dtls_has_finished (finished, sizeof finished));
  g_assert_true (al_dtls_has_finished (finished + 14, sizeof finished - 14));
  g_assert_false (al_dtls_has_finished (finished, 14));
  g_assert_false (al_dtls_has_finished (finished, sizeof finished - 1));
  g_assert_false (al_dtls_has_finished (data, len));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/dtls-hello/whole", test_whole);
  g_test_add_func ("/base/dtls-hello/fragment", test_fragment);
  g_test_add_func ("/base/dtls-hello/refused", test_refused);
  g_test_add_func ("/base/dtls-hello/verify", test_verify);
  g_test_add_func ("/base/dtls-hello/kinds", test_kinds);
  return g_test_run ();
}
