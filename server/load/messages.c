/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenario "messages RATE SECONDS AT_ONCE": user 2k writes to user 2k+1, pair after pair, an open loop (RATE 0: AT_ONCE are
 * always on their way). Measured: from when a message was due to the notification on its receiver's socket, and to the
 * answer on its sender's. With --xmpp the same of an XMPP server, which answers nothing.
 */
#include <openssl/rand.h>
#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "server/load/load.h"
#include "server/load/xmpp.h"

#define WINDOW 262144 /* messages under way that are told apart */
#define DRAIN_US (20 * G_USEC_PER_SEC)

typedef struct {
  LoadSamples samples, answers;
  int64_t *due_us; /* by number % WINDOW */
  uint64_t sent, delivered, answered, refused;
  unsigned n_opening, n_chats;
} Messages;

char *
load_random_id (void)
{
  uint8_t bytes[8];

  g_assert (RAND_bytes (bytes, sizeof bytes) == 1);
  return al_base64url_encode (bytes, sizeof bytes);
}

bool
load_find_chat (const char *text, char ret[24])
{
  const char *chat = strstr (text, "\"chat\":{");

  return chat != NULL && load_find_string (chat, "id", ret, 24);
}

static void
take_delivered (Messages *messages, uint64_t number)
{
  if (number >= messages->sent)
    return; /* of a scenario before */
  messages->delivered++;
  load_samples_add (&messages->samples, al_clock_now_us () - messages->due_us[number % WINDOW]);
}

static void
on_xmpp_body (const char *body, void *data)
{
  if (*body == 'm')
    take_delivered (data, g_ascii_strtoull (body + 1, NULL, 10));
}

static void
take_answer (Messages *messages, LoadUser *user, const char *text)
{
  const char *body;

  if (strstr (text, "\"error\"") != NULL)
    {
      if (messages->refused++ == 0)
        g_printerr ("aldis-load: %.200s\n", text);
      return;
    }
  if (strstr (text, "\"id\":\"open\"") != NULL)
    {
      messages->n_opening--;
      messages->n_chats += load_find_chat (text, user->chat_id) ? 1 : 0;
      return;
    }
  body = strstr (text, "\"text\":\"m");
  if (body == NULL)
    return;
  messages->answered++;
  load_samples_add (&messages->answers,
                    al_clock_now_us () - messages->due_us[g_ascii_strtoull (body + 9, NULL, 10) % WINDOW]);
}

static void
on_message (LoadUser *user, char *text, size_t len)
{
  Messages *messages = user->load->scenario;
  const char *body;

  if (user->load->xmpp != NULL)
    load_xmpp_take_bodies (user, text, len, on_xmpp_body, messages);
  else if (strstr (text, "\"method\":\"update\"") == NULL)
    take_answer (messages, user, text);
  else if (user->index % 2 == 1 && strstr (text, "\"message.new\"") != NULL
           && (body = strstr (text, "\"text\":\"m")) != NULL)
    take_delivered (messages, g_ascii_strtoull (body + 9, NULL, 10));
}

static void
send_one (Load *load, Messages *messages, int64_t due_us)
{
  unsigned pairs = load->n_users / 2;
  LoadUser *sender = &load->users[2 * (messages->sent % pairs)];

  messages->due_us[messages->sent % WINDOW] = due_us;
  if (load->xmpp != NULL)
    load_xmpp_send_body (sender, sender + 1, "m%" G_GUINT64_FORMAT, messages->sent);
  else
    {
      g_autofree char *random_id = load_random_id ();

      load_send (sender,
                 "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"message.send\",\"params\":{\"chatId\":\"%s\","
                 "\"randomId\":\"%s\",\"text\":\"m%" G_GUINT64_FORMAT "\"}}",
                 load->next_id++, sender->chat_id, random_id, messages->sent);
    }
  messages->sent++;
}

/* each pair's chat, once; 64 at a time */
static void
open_chats (Load *load, Messages *messages)
{
  int64_t end_us = al_clock_now_us () + 120 * G_USEC_PER_SEC;
  unsigned pairs = load->n_users / 2, next = 0;

  while ((next < pairs || messages->n_opening > 0) && al_clock_now_us () < end_us)
    {
      for (; next < pairs && messages->n_opening < 64; next++)
        {
          LoadUser *user = &load->users[2 * next];

          if (user->chat_id[0] != '\0')
            continue;
          load_send (user, "{\"jsonrpc\":\"2.0\",\"id\":\"open\",\"method\":\"chat.open\",\"params\":{\"userId\":\"%s\"}}",
                     user[1].id);
          messages->n_opening++;
        }
      al_loop_iterate (load->loop, 10);
    }
}

void
load_messages (Load *load, unsigned per_second, unsigned seconds, unsigned at_once)
{
  Messages messages = { .due_us = g_new0 (int64_t, WINDOW) };
  int64_t begin_us, now_us, end_us, last_us = 0;
  uint64_t seen = 0;

  load_samples_init (&messages.samples);
  load_samples_init (&messages.answers);
  load->scenario = &messages;
  load->on_message = on_message;
  if (load->xmpp == NULL)
    open_chats (load, &messages);
  begin_us = al_clock_now_us ();
  end_us = begin_us + (int64_t) seconds * G_USEC_PER_SEC;
  do
    {
      now_us = al_clock_now_us ();
      if (per_second == 0)
        while (now_us < end_us && messages.sent < messages.delivered + messages.refused + at_once)
          send_one (load, &messages, now_us);
      else
        for (int64_t due_us; messages.sent < (uint64_t) per_second * seconds
                             && (due_us = begin_us + (int64_t) (messages.sent * G_USEC_PER_SEC / per_second)) <= now_us;)
          send_one (load, &messages, due_us);
      al_loop_iterate (load->loop, 1);
      if (messages.delivered != seen)
        last_us = al_clock_now_us ();
      seen = messages.delivered;
    }
  while ((now_us < end_us || messages.delivered + messages.refused < messages.sent) && now_us < end_us + DRAIN_US);
  load->on_message = NULL;
  g_print ("messages sent=%" G_GUINT64_FORMAT " delivered=%" G_GUINT64_FORMAT " refused=%" G_GUINT64_FORMAT
           " seconds=%.2f p50_us=%" G_GINT64_FORMAT " p99_us=%" G_GINT64_FORMAT " max_us=%" G_GINT64_FORMAT
           " answer_p50_us=%" G_GINT64_FORMAT " answer_p99_us=%" G_GINT64_FORMAT "\n",
           messages.sent, messages.delivered, messages.refused, (double) (last_us - begin_us) / G_USEC_PER_SEC,
           load_samples_percentile (&messages.samples, 50), load_samples_percentile (&messages.samples, 99),
           load_samples_percentile (&messages.samples, 100), load_samples_percentile (&messages.answers, 50),
           load_samples_percentile (&messages.answers, 99));
  load_samples_clear (&messages.samples);
  load_samples_clear (&messages.answers);
  g_free (messages.due_us);
}
