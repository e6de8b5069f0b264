/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/profile.h"

#include <string.h>

#include "base/base64url.h"

void
sig_json_set_id (JsonObject *object, const char *name, MsgId id)
{
  char text[MSG_ID_STRLEN];

  json_object_set_string_member (object, name, msg_id_format (id, text));
}

MsgId
sig_json_get_id (JsonObject *object, const char *name)
{
  MsgId id = 0;
  bool ok = msg_id_parse (json_object_get_string_member (object, name), &id);

  g_assert (ok);
  return id;
}

MsgId
sig_json_get_optional_id (JsonObject *object, const char *name)
{
  return json_object_has_member (object, name) ? sig_json_get_id (object, name) : 0;
}

JsonArray *
sig_json_get_list (JsonObject *object, const char *name)
{
  return json_object_has_member (object, name) ? json_object_get_array_member (object, name) : NULL;
}

const char *
sig_json_get_string (JsonObject *object, const char *name)
{
  return json_object_get_string_member_with_default (object, name, NULL);
}

void
sig_json_set_bytes (JsonObject *object, const char *name, const uint8_t *bytes, size_t len)
{
  g_autofree char *text = al_base64url_encode (bytes, len);

  json_object_set_string_member (object, name, text);
}

uint8_t *
sig_json_get_bytes (JsonObject *object, const char *name, size_t *ret_len)
{
  const char *text = json_object_get_string_member (object, name);
  size_t text_len = strlen (text);
  uint8_t *bytes = g_malloc (text_len * 3 / 4 + 1);
  ssize_t len = al_base64url_decode (text, text_len, bytes);

  g_assert (len >= 0);
  *ret_len = (size_t) len;
  return bytes;
}

JsonObject *
sig_profile_user (const MsgUser *user)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", user->id);
  json_object_set_string_member (object, "username", user->username);
  json_object_set_string_member (object, "displayName", user->display_name);
  return object;
}

JsonObject *
sig_profile_device (const MsgDevice *device)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "id", device->id);
  json_object_set_string_member (object, "name", device->name);
  json_object_set_string_member (object, "platform", device->platform);
  sig_json_set_bytes (object, "identityKey", device->identity_key, sizeof device->identity_key);
  json_object_set_int_member (object, "addedAt", device->added_at_ms);
  return object;
}
