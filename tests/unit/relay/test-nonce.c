/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken for a nonce of ours, and all that is not. */
#include "bench.h"

#define NOW EPOCH_S

static const RelayNonceFeature features[] = { RELAY_NONCE_PLAIN, RELAY_NONCE_ALGORITHMS };
static const char *const cookies[] = { "", "obMatJos2gAAA" };

static RelayTuple
tuple_of (const char *text)
{
  return (RelayTuple){ .remote = addr_of (text), .local = addr_of ("192.0.2.1:3478") };
}

static bool
check (const RelayNonce *nonce, const RelayTuple *tuple, int64_t now_s, const char *text, size_t len)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  g_autofree uint8_t *exact = g_memdup2 (text, len);

  return relay_nonce_check (nonce, hmac, tuple, now_s, exact, len);
}

static void
test_lifetime (void)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  const char *const addrs[] = { "192.0.2.7:4000", "[2001:db8::7]:4000" };

  for (unsigned f = 0; f < G_N_ELEMENTS (features); f++)
    for (unsigned a = 0; a < G_N_ELEMENTS (addrs); a++)
      {
        g_autoptr (RelayNonce) nonce = relay_nonce_new (NULL, features[f]);
        const RelayTuple tuple = tuple_of (addrs[a]);
        char text[RELAY_NONCE_MAX];
        unsigned len = relay_nonce_make (nonce, hmac, &tuple, NOW, text);

        g_assert_cmpuint (len, ==, strlen (cookies[f]) + 20);
        g_assert_cmpmem (text, strlen (cookies[f]), cookies[f], strlen (cookies[f]));
        g_assert_true (check (nonce, &tuple, NOW, text, len));
        g_assert_true (check (nonce, &tuple, NOW + RELAY_NONCE_LIFETIME_S, text, len));
        g_assert_false (check (nonce, &tuple, NOW + RELAY_NONCE_LIFETIME_S + 1, text, len));
        g_assert_true (check (nonce, &tuple, NOW - 5, text, len)); /* of a server whose clock is ahead */
        g_assert_false (check (nonce, &tuple, NOW - 6, text, len));
      }
}

static void
test_another_address (void)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  g_autoptr (RelayNonce) nonce = relay_nonce_new (NULL, RELAY_NONCE_PLAIN);
  static const char *const others[] = { "192.0.2.7:4001", "192.0.2.8:4000", "[::ffff:192.0.2.7]:4000", "[2001:db8::7]:4000" };
  RelayTuple tuple = tuple_of ("192.0.2.7:4000");
  char text[RELAY_NONCE_MAX];
  unsigned len = relay_nonce_make (nonce, hmac, &tuple, NOW, text);

  for (unsigned i = 0; i < G_N_ELEMENTS (others); i++)
    {
      const RelayTuple other = tuple_of (others[i]);

      g_assert_false (check (nonce, &other, NOW, text, len));
    }
  tuple.local = addr_of ("192.0.2.2:80"); /* where the client reached us does not matter: a fleet shares nonces */
  g_assert_true (check (nonce, &tuple, NOW, text, len));
  tuple.transport = RELAY_TCP;
  g_assert_false (check (nonce, &tuple, NOW, text, len));
  tuple.transport = RELAY_TLS;
  g_assert_false (check (nonce, &tuple, NOW, text, len));
  tuple.transport = RELAY_DTLS;
  g_assert_false (check (nonce, &tuple, NOW, text, len));
}

/* a client's connections share one, what they have in common is the address */
static void
test_another_connection (void)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  g_autoptr (RelayNonce) nonce = relay_nonce_new (NULL, RELAY_NONCE_PLAIN);
  RelayTuple tuple = tuple_of ("192.0.2.7:4000"), other = tuple_of ("192.0.2.7:4001"), stranger = tuple_of ("192.0.2.8:4000");
  char text[RELAY_NONCE_MAX];
  unsigned len;

  tuple.transport = other.transport = stranger.transport = RELAY_TLS;
  len = relay_nonce_make (nonce, hmac, &tuple, NOW, text);
  g_assert_true (check (nonce, &other, NOW, text, len));
  g_assert_false (check (nonce, &stranger, NOW, text, len));
  other.transport = RELAY_TCP;
  g_assert_false (check (nonce, &other, NOW, text, len));
}

/* any changed, missing or added character */
static void
test_forged (void)
{
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  const RelayTuple tuple = tuple_of ("192.0.2.7:4000");

  for (unsigned f = 0; f < G_N_ELEMENTS (features); f++)
    {
      g_autoptr (RelayNonce) nonce = relay_nonce_new (NULL, features[f]);
      char text[RELAY_NONCE_MAX + 2];
      unsigned len = relay_nonce_make (nonce, hmac, &tuple, NOW, text);

      for (unsigned i = 0; i < len; i++)
        {
          char kept = text[i];

          for (unsigned c = 0; c < 256; c++)
            {
              text[i] = (char) c;
              if ((char) c != kept)
                g_assert_false (check (nonce, &tuple, NOW, text, len));
            }
          text[i] = kept;
        }
      for (unsigned cut = 0; cut < len; cut++)
        {
          g_assert_false (check (nonce, &tuple, NOW, text, cut));
          g_assert_false (check (nonce, &tuple, NOW, text + len - cut, cut));
        }
      text[len] = text[len + 1] = 'A';
      g_assert_false (check (nonce, &tuple, NOW, text, len + 1));
      g_assert_false (check (nonce, &tuple, NOW, text, len + 2));
    }
}

static void
test_keys (void)
{
  static const uint8_t key[32] = { 1, 2, 3 }, other_key[32] = { 1, 2, 4 };
  g_autoptr (AlHmac) hmac = al_hmac_new ();
  g_autoptr (RelayNonce) a = relay_nonce_new (key, RELAY_NONCE_ALGORITHMS), b = relay_nonce_new (key, RELAY_NONCE_ALGORITHMS);
  g_autoptr (RelayNonce) other = relay_nonce_new (other_key, RELAY_NONCE_ALGORITHMS);
  g_autoptr (RelayNonce) random = relay_nonce_new (NULL, RELAY_NONCE_ALGORITHMS);
  g_autoptr (RelayNonce) plain = relay_nonce_new (key, RELAY_NONCE_PLAIN);
  const RelayTuple tuple = tuple_of ("192.0.2.7:4000");
  char text[RELAY_NONCE_MAX];
  unsigned len = relay_nonce_make (a, hmac, &tuple, NOW, text);

  g_assert_true (check (b, &tuple, NOW, text, len));
  g_assert_false (check (other, &tuple, NOW, text, len));
  g_assert_false (check (random, &tuple, NOW, text, len));
  g_assert_false (check (plain, &tuple, NOW, text, len)); /* its cookie is no part of it */
  relay_nonce_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/nonce/lifetime", test_lifetime);
  g_test_add_func ("/relay/nonce/another-address", test_another_address);
  g_test_add_func ("/relay/nonce/another-connection", test_another_connection);
  g_test_add_func ("/relay/nonce/forged", test_forged);
  g_test_add_func ("/relay/nonce/keys", test_keys);
  return g_test_run ();
}
