/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the bench: they write requests, sign them, and read what came for them. */
#include "bench.h"

#include <openssl/evp.h>
#include <string.h>

void
client_set_user (Client *client, const char *name, const char *password, bool sha256)
{
  g_autofree char *text = g_strdup_printf ("%s:%s:%s", name, REALM, password);

  g_strlcpy (client->name, name, sizeof client->name);
  client->name_len = strlen (name);
  g_assert_true (EVP_Digest (text, strlen (text), client->key, &client->key_len, sha256 ? EVP_sha256 () : EVP_md5 (), NULL));
}

void
client_set_rest (Client *client, int64_t expires_s, const char *id, const char *secret)
{
  g_autofree char *name = id == NULL ? g_strdup_printf ("%" G_GINT64_FORMAT, expires_s)
                                     : g_strdup_printf ("%" G_GINT64_FORMAT ":%s", expires_s, id);
  const struct iovec part = { name, strlen (name) };
  uint8_t mac[AL_HMAC_MAX_BYTES];
  size_t len = al_hmac_compute (client->bench->hmac, AL_HMAC_SHA1, secret, strlen (secret), &part, 1, mac);
  g_autofree char *password = g_base64_encode (mac, len);

  client_set_user (client, name, password, false);
}

void
client_init (Client *client, Bench *bench, unsigned worker, const char *address)
{
  memset (client, 0, sizeof *client);
  client->bench = bench;
  client->worker = worker;
  client->tuple = (RelayTuple){ .remote = addr_of (address), .transport = RELAY_UDP };
  client->tuple.local = addr_of (client->tuple.remote.sa.sa_family == AF_INET ? RELAY4 ":3478" : "[" RELAY6 "]:3478");
  client_set_user (client, "alice", "secret", false);
  g_assert_cmpuint (client_challenge (client), ==, 401);
}

void
client_clear (Client *client)
{
  packet_free (client->answer);
}

void
client_tell (Client *client, const void *data, size_t len)
{
  g_autofree uint8_t *exact = g_memdup2 (data, len);

  relay_turn_on_message (client->bench->turns[client->worker], &client->tuple, exact, len, client->bench->now_us);
}

void
ask_begin (Client *client, Ask *ask, AlStunMethod method)
{
  client->serial++;
  memset (ask->tid, 0, sizeof ask->tid);
  memcpy (ask->tid, &client->serial, sizeof client->serial);
  al_stun_begin (&ask->out, ask->data, sizeof ask->data, AL_STUN_REQUEST, method, ask->tid);
}

void
ask_put_auth (Client *client, Ask *ask)
{
  al_stun_put (&ask->out, AL_STUN_USERNAME, client->name, client->name_len);
  al_stun_put (&ask->out, AL_STUN_REALM, REALM, strlen (REALM));
  al_stun_put (&ask->out, AL_STUN_NONCE, client->nonce, client->nonce_len);
  if (client->key_len == 32)
    {
      static const uint8_t list[] = { 0, 2, 0, 0, 0, 1, 0, 0 };

      al_stun_put (&ask->out, AL_STUN_PASSWORD_ALGORITHMS, list, sizeof list);
      al_stun_put (&ask->out, AL_STUN_PASSWORD_ALGORITHM, list, 4);
    }
}

unsigned
ask_send (Client *client, Ask *ask)
{
  ask_put_auth (client, ask);
  al_stun_put_integrity (&ask->out, client->bench->hmac, client->hash, client->key, client->key_len);
  return ask_send_raw (client, ask);
}

unsigned
ask_send_raw (Client *client, Ask *ask)
{
  GPtrArray *sent = client->bench->sent;
  AlStunAttr attr = { 0 };
  size_t len;

  if (client->fingerprint)
    al_stun_put_fingerprint (&ask->out);
  len = al_stun_end (&ask->out);
  g_assert_cmpuint (len, >, 0);
  g_ptr_array_set_size (sent, 0);
  client_tell (client, ask->data, len);
  if (sent->len == 0)
    return 999;
  g_clear_pointer (&client->answer, packet_free);
  client->answer = bench_take (sent);
  g_assert_true (client->anywhere || relay_tuple_equal (&client->answer->to, &client->tuple));
  g_assert_true (al_stun_parse (client->answer->data, client->answer->len, &client->reply));
  g_assert_true (al_stun_check_fingerprint (&client->reply));
  g_assert_cmpint (client->reply.fingerprint != 0, ==, client->fingerprint);
  g_assert_cmpmem (client->reply.tid, AL_STUN_TID_BYTES, ask->tid, AL_STUN_TID_BYTES);
  if (client->reply.cls == AL_STUN_SUCCESS)
    return 0;
  g_assert_cmpint (client->reply.cls, ==, AL_STUN_ERROR);
  g_assert_true (al_stun_find (&client->reply, AL_STUN_ERROR_CODE, &attr));
  g_assert_cmpuint (attr.len, ==, 4);
  return attr.value[2] * 100u + attr.value[3];
}

unsigned
client_challenge (Client *client)
{
  AlStunAttr nonce;
  Ask ask;
  unsigned code;

  ask_begin (client, &ask, AL_STUN_ALLOCATE);
  code = ask_send_raw (client, &ask);
  if (code == 401)
    {
      g_assert_true (al_stun_find (&client->reply, AL_STUN_NONCE, &nonce));
      g_assert_cmpuint (nonce.len, <=, sizeof client->nonce);
      memcpy (client->nonce, nonce.value, nonce.len);
      client->nonce_len = nonce.len;
    }
  return code;
}

void
ask_peer (Ask *ask, const char *peer)
{
  const AlAddr addr = addr_of (peer);

  al_stun_put_addr (&ask->out, AL_STUN_XOR_PEER_ADDRESS, &addr, false);
}

static unsigned
finish_allocate (Client *client, Ask *ask)
{
  AlStunAttr attr = { 0 };
  unsigned code = ask_send (client, ask);

  memset (client->relayed, 0, sizeof client->relayed);
  while (code == 0 && al_stun_next (&client->reply, &attr))
    if (attr.type == AL_STUN_XOR_RELAYED_ADDRESS)
      {
        AlAddr addr;

        g_assert_true (al_stun_attr_addr (&client->reply, &attr, false, &addr));
        client->relayed[relay_family_of (&addr)] = addr;
      }
  return code;
}

unsigned
client_allocate_with (Client *client, AlStunType type, const void *value, size_t len)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_ALLOCATE);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 17u << 24);
  if (type != 0)
    al_stun_put (&ask.out, (uint16_t) type, value, len);
  return finish_allocate (client, &ask);
}

unsigned
client_allocate (Client *client)
{
  return client_allocate_with (client, 0, NULL, 0);
}

unsigned
client_refresh (Client *client, int64_t lifetime_s)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_REFRESH);
  if (lifetime_s >= 0)
    al_stun_put_u32 (&ask.out, AL_STUN_LIFETIME, (uint32_t) lifetime_s);
  return ask_send (client, &ask);
}

unsigned
client_permit (Client *client, const char *peer)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_CREATE_PERMISSION);
  ask_peer (&ask, peer);
  return ask_send (client, &ask);
}

unsigned
client_bind (Client *client, unsigned number, const char *peer)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_CHANNEL_BIND);
  al_stun_put_u32 (&ask.out, AL_STUN_CHANNEL_NUMBER, number << 16);
  ask_peer (&ask, peer);
  return ask_send (client, &ask);
}

void
client_send (Client *client, const char *peer, const void *data, size_t len)
{
  const AlAddr addr = addr_of (peer);
  g_autofree uint8_t *bytes = g_malloc (len + 128);
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 5 };
  AlStunWriter out;

  al_stun_begin (&out, bytes, len + 128, AL_STUN_INDICATION, AL_STUN_SEND, tid);
  al_stun_put_addr (&out, AL_STUN_XOR_PEER_ADDRESS, &addr, false);
  al_stun_put (&out, AL_STUN_DATA_VALUE, data, len);
  client_tell (client, bytes, al_stun_end (&out));
}

void
client_channel_data (Client *client, unsigned number, const void *data, size_t len)
{
  g_autofree uint8_t *bytes = g_malloc (len + 4);

  bytes[0] = (uint8_t) (number >> 8);
  bytes[1] = (uint8_t) number;
  bytes[2] = (uint8_t) (len >> 8);
  bytes[3] = (uint8_t) len;
  memcpy (bytes + 4, data, len);
  client_tell (client, bytes, len + 4);
}

uint32_t
client_lifetime (const Client *client)
{
  uint32_t lifetime_s = UINT32_MAX;

  g_assert_true (al_stun_find_u32 (&client->reply, AL_STUN_LIFETIME, &lifetime_s));
  return lifetime_s;
}

bool
client_is_signed (Client *client)
{
  return al_stun_check_integrity (&client->reply, client->bench->hmac, client->hash, client->key, client->key_len);
}
