/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long-term credential mechanism (RFC 8489 §9.2.4), in the order of its checks but for one: the nonce comes before
 * user and integrity, as in RFC 5389 §10.2.2. A nonce costs one MAC, and who forges his address has none that is right;
 * integrity costs several for each shared secret. With both wrong a client is told 438 first and 401 then.
 */
#include "relay/turn-private.h"

const uint8_t relay_algorithms[RELAY_ALGORITHMS_BYTES] = { 0, AL_STUN_PASSWORD_SHA256, 0, 0, 0, AL_STUN_PASSWORD_MD5, 0, 0 };

/* RFC 8489 §9.2.4: what we offered must come back unchanged, with a choice out of it: nobody has taken the better one away */
static bool
are_algorithms_right (const RelayRequest *request)
{
  AlStunAttr list, choice;
  bool has_list = al_stun_find (request->message, AL_STUN_PASSWORD_ALGORITHMS, &list);
  bool has_choice = al_stun_find (request->message, AL_STUN_PASSWORD_ALGORITHM, &choice);

  if (!has_list && !has_choice)
    return true; /* a client of RFC 5389: MD5 */
  if (!has_list || !has_choice || !request->turn->config->algorithms)
    return false;
  return list.len == RELAY_ALGORITHMS_BYTES && memcmp (list.value, relay_algorithms, RELAY_ALGORITHMS_BYTES) == 0
         && choice.len == 4 && choice.value[0] == 0 && choice.value[2] == 0 && choice.value[3] == 0
         && (choice.value[1] == AL_STUN_PASSWORD_MD5 || choice.value[1] == AL_STUN_PASSWORD_SHA256);
}

bool
relay_auth_is_revoked (RelayTurn *turn, const uint8_t *id, size_t len, int64_t now_s)
{
  char text[RELAY_USERNAME_MAX + 1];
  const int64_t *until_s;

  if (g_hash_table_size (turn->revoked) == 0 || len > RELAY_USERNAME_MAX || memchr (id, '\0', len) != NULL)
    return false;
  memcpy (text, id, len);
  text[len] = '\0';
  until_s = g_hash_table_lookup (turn->revoked, text);
  return until_s != NULL && *until_s > now_s;
}

/* the key of the allocation saves looking the user up; the name must still be his, and the configuration the same: a user
 * who is in it no longer cannot go on */
static bool
is_known (const RelayRequest *request, int64_t now_s, RelayLogin *login)
{
  const RelayAlloc *alloc = request->alloc;
  const AlStunMessage *message = request->message;
  AlStunAttr name;
  const uint8_t *colon;
  size_t skip;

  if (alloc == NULL || alloc->login_config != request->turn->policies || alloc->ends_s <= now_s
      || !al_stun_find (message, AL_STUN_USERNAME, &name)
      || alloc->hash != (message->integrity_sha256 != 0 ? AL_HMAC_SHA256 : AL_HMAC_SHA1))
    return false;
  colon = memchr (name.value, ':', name.len);
  skip = colon == NULL || name.len == alloc->id_len ? 0 : (size_t) (colon - name.value) + 1;
  if (name.len - skip != alloc->id_len || memcmp (name.value + skip, alloc->id, alloc->id_len) != 0
      || !al_stun_check_integrity (message, request->turn->hmac, alloc->hash, alloc->key, alloc->key_len))
    return false;
  memcpy (login->key, alloc->key, sizeof login->key);
  login->key_len = alloc->key_len;
  login->hash = alloc->hash;
  login->id = (const uint8_t *) alloc->id;
  login->id_len = alloc->id_len;
  login->expires_s = alloc->ends_s;
  return true;
}

/* what is_known() compares with: the latest credential of the allocation's user */
static void
remember_login (RelayRequest *request)
{
  RelayAlloc *alloc = request->alloc;

  if (alloc == NULL || request->message->method == AL_STUN_ALLOCATE)
    return;
  memcpy (alloc->key, request->login.key, sizeof alloc->key);
  alloc->key_len = request->login.key_len;
  alloc->hash = request->login.hash;
  alloc->ends_s = request->login.expires_s;
  alloc->login_config = request->turn->policies;
}

bool
relay_auth (RelayRequest *request)
{
  RelayTurn *turn = request->turn;
  const AlStunMessage *message = request->message;
  int64_t now_s = (request->now_us + turn->epoch_us) / G_USEC_PER_SEC;
  AlStunAttr realm, nonce, name;
  const char *own_realm = relay_credentials_get_realm (turn->config->credentials);

  if (message->integrity == 0 && message->integrity_sha256 == 0)
    {
      relay_reply_challenge (request, 401);
      return false;
    }
  if (!al_stun_find (message, AL_STUN_REALM, &realm) || !al_stun_find (message, AL_STUN_NONCE, &nonce)
      || (!al_stun_find (message, AL_STUN_USERNAME, &name) && !al_stun_find (message, AL_STUN_USERHASH, &name))
      || !are_algorithms_right (request))
    {
      relay_reply_error (request, 400);
      return false;
    }
  if (!relay_nonce_check (turn->shared.nonce, turn->hmac, request->from, now_s, nonce.value, nonce.len))
    {
      turn->stats.stale_nonces++;
      relay_reply_challenge (request, 438);
      return false;
    }
  if (realm.len != strlen (own_realm) || memcmp (realm.value, own_realm, realm.len) != 0
      || (!is_known (request, now_s, &request->login)
          && (!relay_credentials_check (turn->config->credentials, turn->hmac, message, now_s, &request->login)
              || relay_auth_is_revoked (turn, request->login.id, request->login.id_len, now_s))))
    {
      turn->stats.auth_failures++;
      relay_reply_challenge (request, 401);
      return false;
    }
  request->verified = true;
  /* RFC 8656 §5: an allocation is used by who made it alone; a second Allocate is a mismatch (437), whoever asks */
  if (request->alloc != NULL && message->method != AL_STUN_ALLOCATE
      && (request->alloc->id_len != request->login.id_len
          || memcmp (request->alloc->id, request->login.id, request->login.id_len) != 0))
    {
      relay_reply_error (request, 441);
      return false;
    }
  remember_login (request);
  return true;
}
