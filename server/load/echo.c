/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenario "echo RATE SECONDS": an open loop of small requests over 64 of the open connections. A request's time begins
 * when it was due, so that a server that stalls is not asked less.
 */
#include <string.h>

#include "base/clock.h"
#include "server/load/load.h"

#define ACTIVE 64
#define WINDOW 65536 /* requests under way that are told apart */

typedef struct {
  LoadSamples samples;
  int64_t *due_us; /* by id % WINDOW */
  uint64_t first_id, sent, answered;
} Echo;

static void
on_message (LoadUser *user, char *text, size_t len)
{
  Echo *echo = user->load->scenario;
  int64_t now_us = al_clock_now_us ();
  const char *at = text;

  /* in bare mode TCP may have joined several */
  while ((at = strstr (at, "\"id\":")) != NULL)
    {
      uint64_t id = g_ascii_strtoull (at + 5, NULL, 10);

      at += 5;
      if (id < echo->first_id || id >= echo->first_id + echo->sent)
        continue;
      load_samples_add (&echo->samples, now_us - echo->due_us[id % WINDOW]);
      echo->answered++;
    }
}

void
load_echo (Load *load, unsigned per_second, unsigned seconds)
{
  Echo echo = { .due_us = g_new0 (int64_t, WINDOW), .first_id = load->next_id };
  uint64_t total = (uint64_t) per_second * seconds;
  unsigned active = MIN (ACTIVE, load->n_users);
  int64_t begin_us = al_clock_now_us (), now_us;

  load_samples_init (&echo.samples);
  load->scenario = &echo;
  load->on_message = on_message;
  do
    {
      now_us = al_clock_now_us ();
      while (echo.sent < total)
        {
          int64_t due_us = begin_us + (int64_t) (echo.sent * G_USEC_PER_SEC / per_second);

          if (due_us > now_us)
            break;
          echo.due_us[load->next_id % WINDOW] = due_us;
          load_send (&load->users[echo.sent % active],
                     "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"server.info\"}", load->next_id++);
          echo.sent++;
        }
      al_loop_iterate (load->loop, 1);
    }
  while (echo.answered < total && now_us - begin_us < (int64_t) (seconds + 5) * G_USEC_PER_SEC);
  load->on_message = NULL;
  g_print ("echo sent=%" G_GUINT64_FORMAT " answered=%" G_GUINT64_FORMAT " p50_us=%" G_GINT64_FORMAT
           " p99_us=%" G_GINT64_FORMAT "\n",
           echo.sent, echo.answered, load_samples_percentile (&echo.samples, 50),
           load_samples_percentile (&echo.samples, 99));
  load_samples_clear (&echo.samples);
  g_free (echo.due_us);
}
