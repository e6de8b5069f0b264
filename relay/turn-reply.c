/* SPDX-License-Identifier: Apache-2.0 */
/* Answers (RFC 8489 §6.3, §9.2.4): small, because an answer to a forged source address hits somebody else. */
#include "relay/turn-private.h"

const uint16_t relay_known[RELAY_KNOWN_N] = {
  AL_STUN_USERNAME,          AL_STUN_CHANNEL_NUMBER,   AL_STUN_LIFETIME,
  AL_STUN_XOR_PEER_ADDRESS,  AL_STUN_DATA_VALUE,       AL_STUN_REALM,
  AL_STUN_NONCE,             AL_STUN_REQUESTED_ADDRESS_FAMILY, AL_STUN_EVEN_PORT,
  AL_STUN_REQUESTED_TRANSPORT, AL_STUN_DONT_FRAGMENT,  AL_STUN_PASSWORD_ALGORITHM,
  AL_STUN_USERHASH,          AL_STUN_RESERVATION_TOKEN,
  AL_STUN_PRIORITY,          AL_STUN_USE_CANDIDATE, /* of ICE checks that go astray: harmless */
  AL_STUN_CONNECTION_ID,
};

void
relay_reply_begin (RelayRequest *request, AlStunWriter *out, AlStunClass cls)
{
  al_stun_begin (out, request->turn->reply, REPLY_MAX, cls, request->message->method, request->message->tid);
}

void
relay_reply_end (RelayRequest *request, AlStunWriter *out)
{
  RelayTurn *turn = request->turn;
  size_t len;

  if (request->verified)
    al_stun_put_integrity (out, turn->hmac, request->login.hash, request->login.key, request->login.key_len);
  if (request->message->fingerprint != 0)
    al_stun_put_fingerprint (out);
  len = al_stun_end (out);
  g_assert (len > 0);
  turn->io.send (request->from, turn->reply, len, turn->user);
}

bool
relay_turn_may_answer (RelayTurn *turn, const AlAddr *remote, int64_t now_us)
{
  uint8_t key[AL_RATE_ADDR_KEY];
  size_t len;

  if (turn->replies == NULL)
    return true;
  len = al_rate_addr_key (remote, key);
  if (al_rate_table_take (turn->replies, key, len, 1, now_us) == 0)
    return true;
  turn->stats.dropped[RELAY_DROP_REPLY_RATE]++;
  return false;
}

/* answers to a source that nobody has verified are few: RelayTurnConfig.replies_per_s */
bool
relay_reply_may (RelayRequest *request)
{
  return request->verified || request->from->transport != RELAY_UDP
         || relay_turn_may_answer (request->turn, &request->from->remote, request->now_us);
}

void
relay_reply_error (RelayRequest *request, unsigned code)
{
  AlStunWriter out;

  if (!relay_reply_may (request))
    return;
  relay_reply_begin (request, &out, AL_STUN_ERROR);
  al_stun_put_error (&out, code, "");
  relay_reply_end (request, &out);
}

void
relay_reply_challenge (RelayRequest *request, unsigned code)
{
  RelayTurn *turn = request->turn;
  const char *realm = relay_credentials_get_realm (turn->config->credentials);
  char nonce[RELAY_NONCE_MAX];
  AlStunWriter out;
  unsigned len;

  if (!relay_reply_may (request))
    return;
  len = relay_nonce_make (turn->shared.nonce, turn->hmac, request->from, (request->now_us + turn->epoch_us) / G_USEC_PER_SEC,
                          nonce);
  relay_reply_begin (request, &out, AL_STUN_ERROR);
  al_stun_put_error (&out, code, "");
  al_stun_put (&out, AL_STUN_REALM, realm, strlen (realm));
  al_stun_put (&out, AL_STUN_NONCE, nonce, len);
  if (turn->config->algorithms)
    al_stun_put (&out, AL_STUN_PASSWORD_ALGORITHMS, relay_algorithms, RELAY_ALGORITHMS_BYTES);
  relay_reply_end (request, &out);
}

bool
relay_reply_unknown (RelayRequest *request, const uint16_t *known, unsigned n_known)
{
  uint16_t types[16];
  uint8_t value[sizeof types];
  unsigned n = al_stun_list_unknown (request->message, known, n_known, types, G_N_ELEMENTS (types));
  AlStunWriter out;

  if (n == 0)
    return false;
  if (!relay_reply_may (request))
    return true;
  for (unsigned i = 0; i < n; i++)
    {
      value[2 * i] = (uint8_t) (types[i] >> 8);
      value[2 * i + 1] = (uint8_t) types[i];
    }
  relay_reply_begin (request, &out, AL_STUN_ERROR);
  al_stun_put_error (&out, 420, "");
  al_stun_put (&out, AL_STUN_UNKNOWN_ATTRIBUTES, value, 2 * n);
  relay_reply_end (request, &out);
  return true;
}
