/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenario "calls N RATE AT_ONCE": user 2k calls user 2k+1 through the whole exchange (invite, accept, confirm, reveal,
 * connected by both, hangup). Measured: from sending call.invite to receiving call.incoming.
 */
#include <openssl/rand.h>
#include <string.h>

#include "base/base64url.h"
#include "base/clock.h"
#include "server/load/load.h"

typedef struct {
  LoadSamples samples;
  unsigned wanted, at_once, started, finished, refused;
  unsigned next_pair;
} Calls;

static void
request (LoadUser *user, const char *method, const char *more)
{
  load_send (user, "{\"jsonrpc\":\"2.0\",\"id\":%" G_GUINT64_FORMAT ",\"method\":\"%s\",\"params\":{\"callId\":\"%s\"%s}}",
             user->load->next_id++, method, user->call_id, more);
}

static void
begin_call (LoadUser *caller, LoadUser *callee)
{
  uint8_t id[16];
  g_autofree char *text = NULL;
  g_autofree char *more = g_strdup_printf (",\"to\":\"%s\",\"video\":true,\"blob\":\"YWxkaXM\"", callee->id);

  g_assert (RAND_bytes (id, sizeof id) == 1);
  text = al_base64url_encode (id, sizeof id);
  g_strlcpy (caller->call_id, text, sizeof caller->call_id);
  g_strlcpy (callee->call_id, text, sizeof callee->call_id);
  caller->peer = callee;
  callee->peer = caller;
  caller->invited_us = al_clock_now_us ();
  request (caller, "call.invite", more);
}

static void
finish (Calls *calls, LoadUser *user)
{
  user->call_id[0] = '\0';
  if (user->peer->call_id[0] == '\0')
    calls->finished++;
}

static void
on_message (LoadUser *user, char *text, size_t len)
{
  static const char blob[] = ",\"blob\":\"YWxkaXM\"";
  Calls *calls = user->load->scenario;
  char method[32];

  if (!load_find_string (text, "method", method, sizeof method))
    {
      if (strstr (text, "\"error\"") != NULL && user->call_id[0] != '\0')
        {
          if (calls->refused++ == 0)
            g_printerr ("aldis-load: %.200s\n", text);
          user->call_id[0] = user->peer->call_id[0] = '\0';
          calls->finished++;
        }
      return;
    }
  if (user->call_id[0] == '\0' || strstr (text, user->call_id) == NULL)
    return;
  if (strcmp (method, "call.incoming") == 0)
    {
      load_samples_add (&calls->samples, al_clock_now_us () - user->peer->invited_us);
      request (user, "call.accept", blob);
    }
  else if (strcmp (method, "call.accepted") == 0)
    request (user, "call.confirm", blob);
  else if (strcmp (method, "call.confirmed") == 0)
    {
      request (user, "call.reveal", blob);
      request (user, "call.connected", "");
    }
  else if (strcmp (method, "call.revealed") == 0)
    request (user, "call.connected", "");
  else if (strcmp (method, "call.active") == 0 && user->index % 2 == 0)
    request (user, "call.hangup", "");
  else if (strcmp (method, "call.ended") == 0)
    finish (calls, user);
}

/* starts the next free pair's call; false when all pairs are busy */
static bool
start_one (Load *load, Calls *calls)
{
  unsigned pairs = load->n_users / 2;

  for (unsigned i = 0; i < pairs; i++)
    {
      LoadUser *caller = &load->users[2 * (calls->next_pair++ % pairs)];

      if (!caller->ready || !caller[1].ready || caller->call_id[0] != '\0' || caller[1].call_id[0] != '\0')
        continue;
      begin_call (caller, &caller[1]);
      calls->started++;
      return true;
    }
  return false;
}

void
load_calls (Load *load, unsigned n, unsigned per_second, unsigned at_once)
{
  Calls calls = { .wanted = n, .at_once = at_once };
  int64_t begin_us = al_clock_now_us (), now_us, progress_us = begin_us;
  unsigned seen = 0;

  load_samples_init (&calls.samples);
  load->scenario = &calls;
  load->on_message = on_message;
  do
    {
      now_us = al_clock_now_us ();
      while (calls.started < n && calls.started - calls.finished < at_once
             && (per_second == 0 || begin_us + (int64_t) calls.started * G_USEC_PER_SEC / per_second <= now_us)
             && start_one (load, &calls))
        ;
      if (calls.finished != seen)
        progress_us = now_us;
      seen = calls.finished;
      al_loop_iterate (load->loop, 1);
    }
  while (calls.finished < n && now_us - progress_us < 30 * G_USEC_PER_SEC);
  load->on_message = NULL;
  g_print ("calls finished=%u refused=%u seconds=%.2f p50_us=%" G_GINT64_FORMAT " p99_us=%" G_GINT64_FORMAT "\n",
           calls.finished, calls.refused, (double) (al_clock_now_us () - begin_us) / G_USEC_PER_SEC,
           load_samples_percentile (&calls.samples, 50), load_samples_percentile (&calls.samples, 99));
  load_samples_clear (&calls.samples);
}
