/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios of one chat with very many members: "crowd FILE" has user 0 make a supergroup of all users here and those whose
 * ids stand in FILE, a line each; "post N" has user 0 write N messages into it, one after another. Measured: from sending to
 * the first, the median and the last notification of the users here.
 */
#include <string.h>

#include "base/clock.h"
#include "server/load/load.h"

#define PER_REQUEST 100 /* users in one chat.invite */
#define AT_ONCE 8       /* requests */
#define PAUSE_US (300 * 1000)

typedef struct {
  unsigned n_waiting, n_refused;
  char *chat_id;
  /* of a post */
  uint64_t number;
  unsigned n_heard;
  int64_t sent_us, last_us;
  LoadSamples *each; /* (nullable) */
} Crowd;

static void
on_answer (LoadUser *user, char *text, size_t len)
{
  Crowd *crowd = user->load->scenario;

  if (user->index != 0 || strstr (text, "\"method\":") != NULL)
    return;
  crowd->n_waiting--;
  if (strstr (text, "\"error\"") != NULL && crowd->n_refused++ == 0)
    g_printerr ("aldis-load: %.300s\n", text);
  if (user->crowd_id[0] == '\0')
    (void) load_find_chat (text, user->crowd_id);
}

static void
wait_for_answers (Load *load, Crowd *crowd, unsigned at_most)
{
  int64_t end_us = al_clock_now_us () + 60 * G_USEC_PER_SEC;

  while (crowd->n_waiting > at_most && al_clock_now_us () < end_us)
    al_loop_iterate (load->loop, 10);
}

static void
invite (Load *load, Crowd *crowd, GString *ids)
{
  if (ids->len == 0)
    return;
  wait_for_answers (load, crowd, AT_ONCE - 1);
  load_send (&load->users[0],
             "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"chat.invite\",\"params\":{\"chatId\":\"%s\","
             "\"userIds\":[%s]}}",
             load->next_id++, load->users[0].crowd_id, ids->str);
  crowd->n_waiting++;
  g_string_truncate (ids, 0);
}

static void
add (Load *load, Crowd *crowd, GString *ids, unsigned n, const char *id)
{
  g_string_append_printf (ids, "%s\"%s\"", ids->len > 0 ? "," : "", id);
  if (n % PER_REQUEST == 0)
    invite (load, crowd, ids);
}

void
load_crowd (Load *load, const char *path)
{
  Crowd crowd = { 0 };
  g_autofree char *file = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GString) ids = g_string_new (NULL);
  int64_t begin_us = al_clock_now_us ();
  unsigned n = 0;

  if (load->n_users == 0 || !g_file_get_contents (path, &file, NULL, NULL))
    {
      g_printerr ("aldis-load: crowd: nobody is here, or no file %s\n", path);
      return;
    }
  load->scenario = &crowd;
  load->on_message = on_answer;
  load_send (&load->users[0], "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"chat.create\",\"params\":"
                              "{\"kind\":\"supergroup\",\"title\":\"crowd\"}}", load->next_id++);
  crowd.n_waiting++;
  wait_for_answers (load, &crowd, 0);
  for (unsigned i = 1; i < load->n_users; i++)
    if (load->users[i].ready)
      add (load, &crowd, ids, ++n, load->users[i].id);
  lines = g_strsplit (file, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0')
      add (load, &crowd, ids, ++n, *line);
  invite (load, &crowd, ids);
  wait_for_answers (load, &crowd, 0);
  load->on_message = NULL;
  g_print ("crowd members=%u refused=%u seconds=%.2f\n", n + 1, crowd.n_refused,
           (double) (al_clock_now_us () - begin_us) / G_USEC_PER_SEC);
}

static void
on_post (LoadUser *user, char *text, size_t len)
{
  Crowd *crowd = user->load->scenario;
  const char *body;

  if (strstr (text, "\"method\":\"update\"") == NULL || (body = strstr (text, "\"text\":\"c")) == NULL
      || g_ascii_strtoull (body + 9, NULL, 10) != crowd->number)
    return;
  crowd->n_heard++;
  crowd->last_us = al_clock_now_us ();
  load_samples_add (crowd->each, crowd->last_us - crowd->sent_us);
}

void
load_post (Load *load, unsigned n)
{
  LoadSamples lasts, each;
  Crowd crowd = { .each = &each };
  unsigned n_missed = 0;

  load_samples_init (&lasts);
  load_samples_init (&each);
  load->scenario = &crowd;
  load->on_message = on_post;
  for (unsigned i = 0; i < n && load->users[0].crowd_id[0] != '\0'; i++)
    {
      g_autofree char *random_id = load_random_id ();
      int64_t end_us;

      crowd.number = load->next_id++;
      crowd.n_heard = 0;
      crowd.sent_us = al_clock_now_us ();
      end_us = crowd.sent_us + 20 * G_USEC_PER_SEC;
      load_send (&load->users[0],
                 "{\"jsonrpc\":\"2.0\",\"id\":\"post\",\"method\":\"message.send\",\"params\":{\"chatId\":\"%s\","
                 "\"randomId\":\"%s\",\"text\":\"c%" G_GUINT64_FORMAT "\"}}",
                 load->users[0].crowd_id, random_id, crowd.number);
      while (crowd.n_heard < load->n_ready && al_clock_now_us () < end_us)
        al_loop_iterate (load->loop, 1);
      if (crowd.n_heard < load->n_ready)
        n_missed++;
      load_samples_add (&lasts, crowd.last_us - crowd.sent_us);
      for (end_us = al_clock_now_us () + PAUSE_US; al_clock_now_us () < end_us;)
        al_loop_iterate (load->loop, 10);
    }
  load->on_message = NULL;
  g_print ("post messages=%u missed=%u listeners=%u each_p50_us=%" G_GINT64_FORMAT " last_p50_us=%" G_GINT64_FORMAT
           " last_p90_us=%" G_GINT64_FORMAT " last_max_us=%" G_GINT64_FORMAT "\n",
           n, n_missed, load->n_ready, load_samples_percentile (&each, 50), load_samples_percentile (&lasts, 50),
           load_samples_percentile (&lasts, 90), load_samples_percentile (&lasts, 100));
  load_samples_clear (&lasts);
  load_samples_clear (&each);
}
