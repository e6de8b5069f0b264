/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/turn.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/addr.h"
#include "base/base64url.h"
#include "base/random.h"

#define SHA1_BYTES 20
#define SHA256_BYTES 32
#define CALL_ID_BYTES 16
#define ID_BYTES 12 /* of the keyed hash: collisions would only blur the relay's statistics */

/* not TURN over DTLS, "turns:...?transport=udp": Chromium 156 takes it for TLS over TCP, and Firefox 153 for nothing */
static const struct {
  const char *key, *scheme, *transport;
  uint16_t port;
} kinds[] = {
  { "listen_udp", "turn", "udp", 3478 },
  { "listen_tcp", "turn", "tcp", 3478 },
  { "listen_tls", "turns", "tcp", 5349 },
};

struct SigTurn {
  SigTurnHost host;   /* all zero: none */
  JsonArray *urls;    /* owned */
  char *secret;       /* owned, wiped */
  GHashTable *issued; /* owned: call id -> its IDs, as a GPtrArray; of calls that have not ended */
};

static guint
hash_call_id (gconstpointer id)
{
  guint hash;

  memcpy (&hash, id, sizeof hash); /* chosen by a client, but the number of calls is bounded */
  return hash;
}

static gboolean
equal_call_id (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, CALL_ID_BYTES) == 0;
}

static bool
is_any (const AlAddr *addr)
{
  return addr->sa.sa_family == AF_INET ? addr->in4.sin_addr.s_addr == htonl (INADDR_ANY)
                                       : IN6_IS_ADDR_UNSPECIFIED (&addr->in6.sin6_addr);
}

/* an address of this machine that others may be able to reach; loopback when there is none */
static void
find_own_address (AlAddr *ret_addr)
{
  struct ifaddrs *list = NULL;

  *ret_addr = (AlAddr){ .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) } };
  if (getifaddrs (&list) != 0)
    return;
  for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
    if (i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET && (i->ifa_flags & IFF_UP) != 0
        && (i->ifa_flags & IFF_LOOPBACK) == 0)
      {
        memcpy (&ret_addr->in4, i->ifa_addr, sizeof ret_addr->in4);
        break;
      }
  freeifaddrs (list);
}

/* "HOST:PORT" by which clients find @listener */
static char *
make_place (const AlConfig *config, const char *listener, uint16_t default_port)
{
  const char *host = al_config_get_string (config, "server", "public_address");
  char text[AL_ADDR_STRLEN];
  AlAddr addr;
  unsigned port;

  if (!al_addr_parse (listener, default_port, &addr, NULL))
    return NULL; /* the configuration has checked it */
  port = al_addr_get_port (&addr);
  if (*host == '\0')
    {
      if (is_any (&addr))
        find_own_address (&addr);
      host = al_addr_format (&addr, false, text);
    }
  /* RFC 7065 §3.1: an IPv6 address stands in brackets */
  return g_strdup_printf (strchr (host, ':') != NULL && *host != '[' ? "[%s]:%u" : "%s:%u", host, port);
}

static char *
make_url (const AlConfig *config, unsigned kind, const char *listener)
{
  g_autofree char *place = make_place (config, listener, kinds[kind].port);

  return place == NULL ? NULL : g_strdup_printf ("%s:%s?transport=%s", kinds[kind].scheme, place, kinds[kind].transport);
}

SigTurn *
sig_turn_new (const AlConfig *config, const SigTurnHost *host)
{
  const char *const *secrets = al_config_get_list (config, "relay", "shared_secrets");
  g_autoptr (JsonArray) urls = json_array_new ();
  SigTurn *turn;

  for (unsigned kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    {
      const char *const *listeners = al_config_get_list (config, "relay", kinds[kind].key);

      for (; *listeners != NULL; listeners++)
        {
          g_autofree char *url = make_url (config, kind, *listeners);

          if (url != NULL)
            json_array_add_string_element (urls, url);
        }
    }
  if ((secrets[0] == NULL && host == NULL) || json_array_get_length (urls) == 0)
    return NULL;
  turn = g_new0 (SigTurn, 1);
  if (host != NULL)
    turn->host = *host;
  turn->urls = g_steal_pointer (&urls);
  turn->secret = g_strdup (secrets[0] != NULL ? secrets[0] : host->secret);
  turn->issued =
      g_hash_table_new_full (hash_call_id, equal_call_id, g_free, (GDestroyNotify) g_ptr_array_unref);
  return turn;
}

void
sig_turn_reload (SigTurn *turn, const AlConfig *config)
{
  const char *const *secrets = al_config_get_list (config, "relay", "shared_secrets");
  const char *secret = secrets[0] != NULL ? secrets[0] : turn != NULL ? turn->host.secret : NULL;

  if (turn == NULL || secret == NULL)
    return;
  OPENSSL_cleanse (turn->secret, strlen (turn->secret));
  g_free (turn->secret);
  turn->secret = g_strdup (secret);
}

void
sig_turn_free (SigTurn *turn)
{
  if (turn == NULL)
    return;
  OPENSSL_cleanse (turn->secret, strlen (turn->secret));
  g_free (turn->secret);
  json_array_unref (turn->urls);
  g_hash_table_unref (turn->issued);
  g_free (turn);
}

static void
compute_hmac (const SigTurn *turn, const EVP_MD *md, const void *data, size_t len, uint8_t *ret_mac)
{
  unsigned mac_len = 0;

  if (HMAC (md, turn->secret, (int) strlen (turn->secret), data, len, ret_mac, &mac_len) == NULL)
    g_error ("HMAC failed"); /* with memory at hand it cannot */
}

/* the same device of the same call always has the same id, so that its allocations can be counted together */
static char *
make_id (const SigTurn *turn, const uint8_t *call_id, uint64_t device_id)
{
  static const char label[] = "aldis turn id"; /* keeps this use of the secret apart from credentials */
  uint8_t data[sizeof label + CALL_ID_BYTES + sizeof (uint64_t)], mac[SHA256_BYTES];

  memcpy (data, label, sizeof label);
  memcpy (data + sizeof label, call_id, CALL_ID_BYTES);
  for (unsigned i = 0; i < sizeof (uint64_t); i++)
    data[sizeof label + CALL_ID_BYTES + i] = (uint8_t) (device_id >> (56 - 8 * i));
  compute_hmac (turn, EVP_sha256 (), data, sizeof data, mac);
  return al_base64url_encode (mac, ID_BYTES);
}

/* every device of a call asks for its own, maybe often: an ID is kept once */
static void
note_issued (SigTurn *turn, const uint8_t *call_id, const char *id)
{
  GPtrArray *ids = g_hash_table_lookup (turn->issued, call_id);

  if (turn->host.revoke == NULL)
    return;
  if (ids == NULL)
    {
      ids = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (turn->issued, g_memdup2 (call_id, CALL_ID_BYTES), ids);
    }
  if (!g_ptr_array_find_with_equal_func (ids, id, g_str_equal, NULL))
    g_ptr_array_add (ids, g_strdup (id));
}

void
sig_turn_end_call (SigTurn *turn, const uint8_t *call_id)
{
  int64_t until_s = g_get_real_time () / G_USEC_PER_SEC + SIG_TURN_TTL_S;
  const GPtrArray *ids = turn == NULL ? NULL : g_hash_table_lookup (turn->issued, call_id);

  if (ids == NULL)
    return;
  for (guint i = 0; i < ids->len; i++)
    turn->host.revoke (g_ptr_array_index (ids, i), until_s, turn->host.user);
  (void) g_hash_table_remove (turn->issued, call_id);
}

static JsonObject *
make_server (const SigTurn *turn, const char *id, int64_t expires_s)
{
  g_autofree char *username = g_strdup_printf ("%" G_GINT64_FORMAT ":%s", expires_s, id);
  g_autofree char *credential = NULL;
  uint8_t mac[SHA1_BYTES];
  JsonObject *server = json_object_new ();

  compute_hmac (turn, EVP_sha1 (), username, strlen (username), mac);
  credential = g_base64_encode (mac, sizeof mac);
  json_object_set_array_member (server, "urls", json_array_ref (turn->urls));
  json_object_set_string_member (server, "username", username);
  json_object_set_string_member (server, "credential", credential);
  return server;
}

JsonObject *
sig_turn_issue (SigTurn *turn, const uint8_t *call_id, uint64_t device_id, int64_t now_ms)
{
  int64_t expires_s = now_ms / 1000 + SIG_TURN_TTL_S;
  JsonObject *result = json_object_new ();
  JsonArray *servers = json_array_new ();

  if (turn != NULL)
    {
      g_autofree char *id = make_id (turn, call_id, device_id);

      note_issued (turn, call_id, id);
      json_array_add_object_element (servers, make_server (turn, id, expires_s));
    }
  json_object_set_array_member (result, "iceServers", servers);
  json_object_set_int_member (result, "expiresAt", expires_s * 1000);
  return result;
}

/* "HOST:PORT" of each listener of @key */
static JsonArray *
list_places (const AlConfig *config, const char *section, const char *key, uint16_t default_port)
{
  const char *const *listeners = al_config_get_list (config, section, key);
  JsonArray *places = json_array_new ();

  for (; *listeners != NULL; listeners++)
    {
      g_autofree char *place = make_place (config, *listeners, default_port);

      if (place != NULL)
        json_array_add_string_element (places, place);
    }
  return places;
}

JsonObject *
sig_turn_issue_probe (const SigTurn *turn, const AlConfig *config, int64_t now_ms)
{
  int64_t expires_s = now_ms / 1000 + SIG_TURN_PROBE_TTL_S;
  JsonObject *result = json_object_new ();
  JsonArray *servers = json_array_new ();
  bool has_dtls = turn != NULL && al_config_get_bool (config, "relay", "dtls");
  uint8_t bytes[ID_BYTES];

  al_random_bytes (bytes, sizeof bytes);
  if (turn != NULL)
    {
      g_autofree char *random = al_base64url_encode (bytes, sizeof bytes);
      g_autofree char *id = g_strconcat ("doctor-", random, NULL);

      json_array_add_object_element (servers, make_server (turn, id, expires_s));
    }
  json_object_set_array_member (result, "iceServers", servers);
  json_object_set_int_member (result, "expiresAt", expires_s * 1000);
  json_object_set_array_member (result, "https", list_places (config, "signaling", "tls_listen", 8443));
  json_object_set_array_member (result, "dtls",
                                has_dtls ? list_places (config, "relay", "listen_udp", 3478) : json_array_new ());
  json_object_set_string_member (result, "relayPorts", al_config_get_string (config, "relay", "relay_ports"));
  return result;
}
