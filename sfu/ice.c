/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answering half of ICE (RFC 8445 §7.3) for a lite agent, which is always controlled (§6.1.1).
 *
 *   ufrag     8 random characters | 8 characters: SipHash-2-4 of the random ones, 48 bits of it
 *   password  24 characters: HMAC-SHA256 of the ufrag, 144 bits of it
 *
 * The tag only sorts packets; the password is what an outsider must not be able to make.
 */
#include "sfu/ice.h"

#include <glib.h>
#include <string.h>

#include "base/random.h"

#define RANDOM_CHARS 8
#define TAG_CHARS 8
#define NOMINATION 0xc001 /* of Chrome, draft-thatcher-ice-renomination-01 */

_Static_assert (RANDOM_CHARS + TAG_CHARS == SFU_ICE_UFRAG_LEN, "");

/* RFC 8839 §5.4: ice-char: the alphabet of base64 */
static const char ice_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* @n_chars characters of 6 bits each; @bytes holds enough of them */
static void
write_chars (const uint8_t *bytes, unsigned n_chars, char *ret_text)
{
  for (unsigned i = 0, bit = 0; i < n_chars; i++, bit += 6)
    {
      unsigned pair = (unsigned) bytes[bit / 8] << 8 | (bit % 8 > 2 ? bytes[bit / 8 + 1] : 0);

      ret_text[i] = ice_chars[pair >> (10 - bit % 8) & 63];
    }
}

static void
write_tag (const SfuIdentity *identity, const char *random, char ret_tag[TAG_CHARS])
{
  uint64_t hash = al_siphash (sfu_identity_get_tag_key (identity), random, RANDOM_CHARS);
  uint8_t bytes[sizeof hash];

  memcpy (bytes, &hash, sizeof hash);
  write_chars (bytes, TAG_CHARS, ret_tag);
}

void
sfu_ice_make_ufrag (const SfuIdentity *identity, char ret_ufrag[SFU_ICE_UFRAG_LEN + 1])
{
  uint8_t random[RANDOM_CHARS * 6 / 8];

  al_random_bytes (random, sizeof random);
  write_chars (random, RANDOM_CHARS, ret_ufrag);
  write_tag (identity, ret_ufrag, ret_ufrag + RANDOM_CHARS);
  ret_ufrag[SFU_ICE_UFRAG_LEN] = '\0';
}

void
sfu_ice_make_password (const SfuIdentity *identity, AlHmac *hmac, const char ufrag[SFU_ICE_UFRAG_LEN],
                       char ret_pwd[SFU_ICE_PWD_LEN + 1])
{
  const struct iovec parts[] = { { (void *) ufrag, SFU_ICE_UFRAG_LEN } };
  uint8_t mac[AL_HMAC_MAX_BYTES];

  (void) al_hmac_compute (hmac, AL_HMAC_SHA256, sfu_identity_get_ice_key (identity), SFU_ICE_KEY_BYTES, parts, 1, mac);
  write_chars (mac, SFU_ICE_PWD_LEN, ret_pwd);
  ret_pwd[SFU_ICE_PWD_LEN] = '\0';
}

bool
sfu_ice_is_ours (const SfuIdentity *identity, const uint8_t *username, size_t len)
{
  char tag[TAG_CHARS];

  if (len <= SFU_ICE_UFRAG_LEN || username[SFU_ICE_UFRAG_LEN] != ':')
    return false;
  write_tag (identity, (const char *) username, tag);
  return memcmp (tag, username + RANDOM_CHARS, TAG_CHARS) == 0;
}

/* the attributes of RFC 8445 §16.1, and what RFC 8489 has of short-term credentials */
static void
read_attributes (const AlStunMessage *message, SfuIceCheck *check)
{
  static const uint16_t known[] = { AL_STUN_USERNAME, AL_STUN_MESSAGE_INTEGRITY, AL_STUN_MESSAGE_INTEGRITY_SHA256,
                                    AL_STUN_PRIORITY, AL_STUN_USE_CANDIDATE };
  AlStunAttr attr;

  check->n_unknown = al_stun_list_unknown (message, known, G_N_ELEMENTS (known), check->unknown,
                                           G_N_ELEMENTS (check->unknown));
  check->conflict = al_stun_find (message, AL_STUN_ICE_CONTROLLED, &attr);
  check->use_candidate = al_stun_find (message, AL_STUN_USE_CANDIDATE, &attr);
  check->has_nomination = al_stun_find_u32 (message, NOMINATION, &check->nomination);
  (void) al_stun_find_u32 (message, AL_STUN_PRIORITY, &check->priority);
}

bool
sfu_ice_check (const SfuIdentity *identity, AlHmac *hmac, const AlStunMessage *message, SfuIceCheck *ret_check)
{
  char pwd[SFU_ICE_PWD_LEN + 1];
  SfuIceCheck check = { .message = message };
  AlStunAttr name;

  /* RFC 8445 §7.3: FINGERPRINT is mandatory in checks */
  if (message->cls != AL_STUN_REQUEST || message->method != AL_STUN_BINDING || message->fingerprint == 0
      || !al_stun_find (message, AL_STUN_USERNAME, &name) || !sfu_ice_is_ours (identity, name.value, name.len)
      || name.len > SFU_ICE_UFRAG_LEN + 1 + SFU_ICE_REMOTE_MAX || !al_stun_check_fingerprint (message))
    return false;
  sfu_ice_make_password (identity, hmac, (const char *) name.value, pwd);
  if (!al_stun_check_integrity (message, hmac, AL_HMAC_SHA1, pwd, SFU_ICE_PWD_LEN))
    return false;
  check.local = name.value;
  check.remote = name.value + SFU_ICE_UFRAG_LEN + 1;
  check.remote_len = name.len - SFU_ICE_UFRAG_LEN - 1u;
  read_attributes (message, &check);
  *ret_check = check;
  return true;
}

size_t
sfu_ice_answer (const SfuIdentity *identity, AlHmac *hmac, const SfuIceCheck *check, const AlAddr *from,
                uint8_t *ret_reply, size_t size)
{
  AlStunClass cls = sfu_ice_is_valid (check) ? AL_STUN_SUCCESS : AL_STUN_ERROR;
  uint8_t types[2 * G_N_ELEMENTS (check->unknown)];
  char pwd[SFU_ICE_PWD_LEN + 1];
  AlStunWriter out;

  sfu_ice_make_password (identity, hmac, (const char *) check->local, pwd);
  al_stun_begin (&out, ret_reply, size, cls, AL_STUN_BINDING, check->message->tid);
  if (check->n_unknown > 0)
    {
      for (unsigned i = 0; i < check->n_unknown; i++)
        {
          types[2 * i] = (uint8_t) (check->unknown[i] >> 8);
          types[2 * i + 1] = (uint8_t) check->unknown[i];
        }
      al_stun_put_error (&out, 420, "");
      al_stun_put (&out, AL_STUN_UNKNOWN_ATTRIBUTES, types, 2 * check->n_unknown);
    }
  else if (check->conflict)
    al_stun_put_error (&out, 487, "");
  else
    al_stun_put_addr (&out, AL_STUN_XOR_MAPPED_ADDRESS, from, false);
  al_stun_put_integrity (&out, hmac, AL_HMAC_SHA1, pwd, SFU_ICE_PWD_LEN);
  al_stun_put_fingerprint (&out);
  return al_stun_end (&out);
}
