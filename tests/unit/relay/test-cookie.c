/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cookie.h"

#include <string.h>

#define NOW_US ((int64_t) 1000 * 1000 * 1000)

static int sockets[2];

static RelayTuple
path_of (const char *remote, const char *local)
{
  RelayTuple path = { .transport = RELAY_UDP, .conn = &sockets[0] };

  g_assert_true (al_addr_parse (remote, 0, &path.remote, NULL));
  g_assert_true (al_addr_parse (local, 0, &path.local, NULL));
  return path;
}

typedef struct {
  uint8_t random[AL_DTLS_RANDOM_BYTES], session_id[AL_DTLS_SESSION_ID_MAX], cookie[RELAY_COOKIE_BYTES];
  AlDtlsHello hello;
} Hello;

static void
hello_init (Hello *self)
{
  *self = (Hello){ .random = { 1, 2, 3 }, .session_id = { 4, 5 } };
  self->hello = (AlDtlsHello){
    .random = self->random,
    .session_id = self->session_id,
    .session_id_len = 2,
    .cookie = self->cookie,
    .cookie_len = RELAY_COOKIE_BYTES,
  };
}

static void
test_times (void)
{
  g_autoptr (RelayCookie) cookie = relay_cookie_new ();
  RelayTuple path = path_of ("192.0.2.1:1000", "192.0.2.2:3478");
  const struct {
    int64_t at_us;
    bool good;
  } rows[] = {
    { NOW_US, true },
    { NOW_US + RELAY_COOKIE_US, true },
    { NOW_US + RELAY_COOKIE_US + 1000, false },
    { NOW_US - 1000, false }, /* from the future */
    { NOW_US + ((int64_t) 1 << 32) * 1000 - 1000, false },
  };
  Hello self;

  hello_init (&self);
  relay_cookie_make (cookie, &path, &self.hello, NOW_US, self.cookie);
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_true (relay_cookie_check (cookie, &path, &self.hello, rows[i].at_us) == rows[i].good);
}

/* it is good for who asked for it alone */
static void
test_bound (void)
{
  static const char *const remotes[] = { "192.0.2.1:1001", "192.0.2.9:1000", "[2001:db8::1]:1000" };
  g_autoptr (RelayCookie) cookie = relay_cookie_new (), other_key = relay_cookie_new ();
  RelayTuple path = path_of ("192.0.2.1:1000", "192.0.2.2:3478"), other = path;
  Hello self;

  hello_init (&self);
  relay_cookie_make (cookie, &path, &self.hello, NOW_US, self.cookie);
  g_assert_true (relay_cookie_check (cookie, &path, &self.hello, NOW_US));
  for (unsigned i = 0; i < G_N_ELEMENTS (remotes); i++)
    {
      other = path_of (remotes[i], "192.0.2.2:3478");
      g_assert_false (relay_cookie_check (cookie, &other, &self.hello, NOW_US));
    }
  other = path_of ("192.0.2.1:1000", "192.0.2.3:3478");
  g_assert_false (relay_cookie_check (cookie, &other, &self.hello, NOW_US));
  other = path;
  other.conn = &sockets[1];
  g_assert_false (relay_cookie_check (cookie, &other, &self.hello, NOW_US));
  g_assert_false (relay_cookie_check (other_key, &path, &self.hello, NOW_US));
  self.random[31] ^= 1;
  g_assert_false (relay_cookie_check (cookie, &path, &self.hello, NOW_US));
  self.random[31] ^= 1;
  self.hello.session_id_len = 3;
  g_assert_false (relay_cookie_check (cookie, &path, &self.hello, NOW_US));
  self.hello.session_id_len = 2;
  self.hello.cookie_len = RELAY_COOKIE_BYTES - 1;
  g_assert_false (relay_cookie_check (cookie, &path, &self.hello, NOW_US));
  self.hello.cookie_len = RELAY_COOKIE_BYTES;
  for (unsigned i = 0; i < RELAY_COOKIE_BYTES * 8; i++)
    {
      self.cookie[i / 8] ^= (uint8_t) (1 << i % 8);
      g_assert_false (relay_cookie_check (cookie, &path, &self.hello, NOW_US));
      self.cookie[i / 8] ^= (uint8_t) (1 << i % 8);
    }
  g_assert_true (relay_cookie_check (cookie, &path, &self.hello, NOW_US));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/cookie/times", test_times);
  g_test_add_func ("/relay/cookie/bound", test_bound);
  return g_test_run ();
}
