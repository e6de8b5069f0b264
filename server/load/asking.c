/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios of what is asked for: "difference N TIMES" has user 0 write N messages to user 1, who then pages through all of
 * them TIMES times; "asking RATE SECONDS" is an open loop of chat.list, message.history, updates.state and updates.difference
 * over the users whose chats "messages" has opened. Measured: from when a request was due to its answer; of a difference the
 * whole of its pages.
 */
#include <string.h>

#include "base/clock.h"
#include "server/load/load.h"

#define WINDOW 65536
#define AT_ONCE 256

typedef struct {
  LoadSamples samples;
  int64_t *due_us; /* by id % WINDOW */
  uint64_t first_id, sent, answered, refused;
  /* of a difference */
  int64_t pts;
  bool more, is_here;
  uint64_t n_updates;
} Asking;

static void
count_refusal (Asking *asking, const char *text)
{
  if (strstr (text, "\"error\"") != NULL && asking->refused++ == 0)
    g_printerr ("aldis-load: %.300s\n", text);
}

static void
on_difference (LoadUser *user, char *text, size_t len)
{
  Asking *asking = user->load->scenario;
  const char *pts;

  if (strstr (text, "\"method\":\"update\"") != NULL)
    return;
  count_refusal (asking, text);
  if (user->index == 0)
    {
      if (user->chat_id[0] != '\0')
        asking->answered++;
      else
        asking->is_here = load_find_chat (text, user->chat_id);
      return;
    }
  pts = g_strrstr (text, "\"pts\":");
  asking->is_here = true;
  asking->more = strstr (text, "\"more\":true") != NULL;
  if (pts != NULL)
    asking->pts = g_ascii_strtoll (pts + 6, NULL, 10);
  for (const char *at = text; (at = strstr (at, "\"message.new\"")) != NULL; at++)
    asking->n_updates++;
}

static bool
ask (LoadUser *user, Asking *asking, const char *method, const char *params)
{
  Load *load = user->load;

  asking->is_here = false;
  load_send (user, "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"%s\",\"params\":{%s}}",
             load->next_id++, method, params);
  return load_run_until (load, &asking->is_here, 30000);
}

static void
write_messages (Load *load, Asking *asking, unsigned n)
{
  LoadUser *writer = &load->users[0];
  int64_t end_us = al_clock_now_us () + 120 * G_USEC_PER_SEC;

  if (writer->chat_id[0] == '\0')
    {
      g_autofree char *params = g_strdup_printf ("\"userId\":\"%s\"", load->users[1].id);

      if (!ask (writer, asking, "chat.open", params))
        return;
    }
  while (asking->answered < n && al_clock_now_us () < end_us)
    {
      for (; asking->sent < n && asking->sent - asking->answered < AT_ONCE; asking->sent++)
        {
          g_autofree char *random_id = load_random_id ();

          load_send (writer,
                     "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"message.send\",\"params\":{\"chatId\":"
                     "\"%s\",\"randomId\":\"%s\",\"text\":\"one of the messages that are waited for\"}}",
                     load->next_id++, writer->chat_id, random_id);
        }
      al_loop_iterate (load->loop, 1);
    }
}

void
load_difference (Load *load, unsigned n, unsigned times)
{
  Asking asking = { 0 };
  int64_t begin_pts;

  if (load->n_users < 2)
    return;
  load_samples_init (&asking.samples);
  load->scenario = &asking;
  load->on_message = on_difference;
  (void) ask (&load->users[1], &asking, "updates.state", "");
  begin_pts = asking.pts;
  write_messages (load, &asking, n);
  for (unsigned i = 0; i < times; i++)
    {
      int64_t begin_us = al_clock_now_us ();

      asking.pts = begin_pts;
      asking.n_updates = 0;
      asking.more = true;
      while (asking.more)
        {
          g_autofree char *params = g_strdup_printf ("\"pts\":%" G_GINT64_FORMAT ",\"limit\":1000", asking.pts);

          if (!ask (&load->users[1], &asking, "updates.difference", params))
            break;
        }
      load_samples_add (&asking.samples, al_clock_now_us () - begin_us);
    }
  load->on_message = NULL;
  g_print ("difference updates=%" G_GUINT64_FORMAT " refused=%" G_GUINT64_FORMAT " p50_us=%" G_GINT64_FORMAT
           " max_us=%" G_GINT64_FORMAT "\n",
           asking.n_updates, asking.refused, load_samples_percentile (&asking.samples, 50),
           load_samples_percentile (&asking.samples, 100));
  load_samples_clear (&asking.samples);
}

static void
on_answer (LoadUser *user, char *text, size_t len)
{
  Asking *asking = user->load->scenario;
  const char *at = g_strrstr (text, "\"id\":");
  uint64_t id;

  if (strstr (text, "\"method\":\"update\"") != NULL || at == NULL)
    return;
  count_refusal (asking, text);
  id = g_ascii_strtoull (at + 5, NULL, 10);
  if (id < asking->first_id || id >= asking->first_id + asking->sent)
    {
      at = strstr (text, "\"id\":");
      id = g_ascii_strtoull (at + 5, NULL, 10);
    }
  if (id < asking->first_id || id >= asking->first_id + asking->sent)
    return;
  load_samples_add (&asking->samples, al_clock_now_us () - asking->due_us[id % WINDOW]);
  asking->answered++;
}

static void
ask_something (Load *load, Asking *asking)
{
  LoadUser *user = &load->users[2 * (asking->sent / 4 % (load->n_users / 2))];
  uint64_t id = load->next_id++;

  switch (asking->sent % 4)
    {
    case 0:
      load_send (user, "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"chat.list\",\"params\":"
                       "{\"limit\":20}}", id);
      break;
    case 1:
      load_send (user, "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"message.history\",\"params\":"
                       "{\"chatId\":\"%s\",\"limit\":50}}", id, user->chat_id);
      break;
    case 2:
      load_send (user, "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"updates.state\"}", id);
      break;
    default:
      load_send (user, "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"updates.difference\",\"params\":"
                       "{\"pts\":0,\"limit\":50}}", id);
    }
  asking->sent++;
}

void
load_asking (Load *load, unsigned per_second, unsigned seconds)
{
  Asking asking = { .due_us = g_new0 (int64_t, WINDOW), .first_id = load->next_id };
  uint64_t total = (uint64_t) per_second * seconds;
  int64_t begin_us = al_clock_now_us (), now_us;

  load_samples_init (&asking.samples);
  load->scenario = &asking;
  load->on_message = on_answer;
  do
    {
      now_us = al_clock_now_us ();
      for (int64_t due_us; asking.sent < total
                           && (due_us = begin_us + (int64_t) (asking.sent * G_USEC_PER_SEC / per_second)) <= now_us;)
        {
          asking.due_us[load->next_id % WINDOW] = due_us;
          ask_something (load, &asking);
        }
      al_loop_iterate (load->loop, 1);
    }
  while (asking.answered < total && now_us - begin_us < (int64_t) (seconds + 10) * G_USEC_PER_SEC);
  load->on_message = NULL;
  g_print ("asking sent=%" G_GUINT64_FORMAT " answered=%" G_GUINT64_FORMAT " refused=%" G_GUINT64_FORMAT
           " p50_us=%" G_GINT64_FORMAT " p99_us=%" G_GINT64_FORMAT "\n",
           asking.sent, asking.answered, asking.refused, load_samples_percentile (&asking.samples, 50),
           load_samples_percentile (&asking.samples, 99));
  load_samples_clear (&asking.samples);
  g_free (asking.due_us);
}
