/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/push-text.h"

#include <openssl/hmac.h>
#include <string.h>

#include "base/base64url.h"
#include "signaling/json-text.h"
#include "signaling/profile.h"
#include "signaling/push-crypt.h"
#include "signaling/push-queue.h"

/* lengths that a push may seem to have: without and with what a message says; the last takes all */
static const size_t lengths[] = { 1024, 2048, SIG_PUSH_PLAIN_MAX };

static void
set_message (JsonObject *object, const SigPushNews *news, const char *title, bool preview)
{
  char id[24];

  g_snprintf (id, sizeof id, "%" G_GINT64_FORMAT, news->message_id);
  json_object_set_string_member (object, "kind", "message");
  sig_json_set_id (object, "chatId", news->chat_id);
  json_object_set_string_member (object, "messageId", id);
  json_object_set_int_member (object, "at", news->at_ms);
  json_object_set_boolean_member (object, "silent", news->silent);
  if (title != NULL)
    json_object_set_string_member (object, "title", title);
  if (preview && news->text != NULL)
    {
      g_autofree char *text = g_utf8_substring (news->text, 0, MIN (g_utf8_strlen (news->text, -1), SIG_PUSH_PREVIEW_CHARS));

      json_object_set_string_member (object, "text", text);
    }
}

/* that there is something, and nothing of what or from whom */
static void
set_secret (JsonObject *object, const SigPushNews *news)
{
  json_object_set_string_member (object, "kind", "secret");
  json_object_set_int_member (object, "at", news->at_ms);
  json_object_set_boolean_member (object, "silent", news->silent);
}

static void
set_call (JsonObject *object, const SigPushNews *news)
{
  json_object_set_string_member (object, "kind", news->kind == SIG_PUSH_CALL ? "call" : "callEnded");
  json_object_set_string_member (object, "callId", news->call_id);
  json_object_set_boolean_member (object, "video", news->video);
  if (news->kind == SIG_PUSH_CALL)
    json_object_set_int_member (object, "expiresAt", news->expires_ms);
  else
    json_object_set_string_member (object, "reason", news->reason);
}

static void
set_room (JsonObject *object, const SigPushNews *news)
{
  json_object_set_string_member (object, "kind", news->kind == SIG_PUSH_ROOM ? "room" : "roomEnded");
  sig_json_set_id (object, "roomId", news->room_id);
  json_object_set_string_member (object, "title", news->text);
  if (news->kind == SIG_PUSH_ROOM)
    json_object_set_int_member (object, "expiresAt", news->expires_ms);
  else
    json_object_set_string_member (object, "reason", news->reason);
}

char *
sig_push_text (const SigPushNews *news, MsgId to, const MsgUser *from, const char *title, bool preview, size_t *ret_padded)
{
  g_autoptr (JsonObject) object = json_object_new ();
  GString *out = g_string_sized_new (512);
  unsigned i = preview ? 1 : 0;

  sig_json_set_id (object, "to", to);
  if (from != NULL)
    json_object_set_object_member (object, "from", sig_profile_user (from));
  if (news->kind == SIG_PUSH_MESSAGE)
    set_message (object, news, title, preview);
  else if (news->kind == SIG_PUSH_SECRET)
    set_secret (object, news);
  else if (news->kind == SIG_PUSH_ROOM || news->kind == SIG_PUSH_ROOM_ENDED)
    set_room (object, news);
  else
    set_call (object, news);
  sig_json_append_object (out, object);
  while (i + 1 < G_N_ELEMENTS (lengths) && lengths[i] < out->len)
    i++;
  g_assert (out->len <= lengths[i]); /* names, titles and previews are short */
  *ret_padded = lengths[i];
  return g_string_free (out, FALSE);
}

/* Returns: (transfer full) */
static char *
get_subject (const SigPushNews *news)
{
  switch (news->kind)
    {
    case SIG_PUSH_MESSAGE:
      return g_strdup_printf ("chat %" G_GINT64_FORMAT, news->chat_id);
    case SIG_PUSH_SECRET:
      return g_strdup ("secret");
    case SIG_PUSH_ROOM:
    case SIG_PUSH_ROOM_ENDED:
      return g_strdup_printf ("room %" G_GINT64_FORMAT, news->room_id);
    case SIG_PUSH_CALL:
    case SIG_PUSH_CALL_ENDED:
    default:
      return g_strconcat ("call ", news->call_id, NULL);
    }
}

void
sig_push_topic (const SigPushNews *news, MsgId device, const uint8_t *key, size_t key_len, char *ret)
{
  g_autofree char *what = get_subject (news);
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT " %s", device, what);
  uint8_t mac[EVP_MAX_MD_SIZE];
  unsigned n = 0;

  if (HMAC (EVP_sha256 (), key, (int) key_len, (const unsigned char *) text, strlen (text), mac, &n) == NULL)
    g_error ("HMAC-SHA256 is not to be had");
  G_STATIC_ASSERT (AL_BASE64URL_LEN (24) <= SIG_PUSH_TOPIC_BYTES);
  (void) al_base64url_write (mac, 24, ret);
}
