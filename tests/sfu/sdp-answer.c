/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads an offer from standard input and writes our answer, as the server would make it with one UDP and one TCP candidate:
 * sdp-answer publisher MID=SOURCE... | subscriber. With "rounds" before that: reads offers that each end with a line "."
 * and answers each as one that follows the one before.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sfu/answer.h"

static const char *const sources[SFU_SOURCE_N] = { "mic", "camera", "screen", "screen_audio" };

static GArray *
read_tracks (char **args)
{
  GArray *tracks = g_array_new (FALSE, FALSE, sizeof (SfuPublish));

  for (; *args != NULL; args++)
    {
      char *equals = strchr (*args, '=');
      SfuPublish track = { .mid = *args };

      if (equals == NULL)
        continue;
      *equals = '\0';
      while (track.source < SFU_SOURCE_N && strcmp (sources[track.source], equals + 1) != 0)
        track.source++;
      g_array_append_val (tracks, track);
    }
  return tracks;
}

static void
give_ssrcs (SfuAnswer *answer)
{
  for (unsigned i = 0; i < answer->n_sections; i++)
    if (!answer->is_publisher && sfu_answer_accepts (&answer->sections[i]))
      {
        answer->sections[i].n_ssrcs = 1;
        answer->sections[i].ssrcs[0] = (SfuSsrc){ 1000 + 2 * i, 1001 + 2 * i };
      }
}

static bool
answer_one (const char *text, bool publisher, GArray *tracks, SfuAnswer **previous)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (SfuOffer) offer = sfu_offer_parse (text, strlen (text), &error);
  SfuLocalCandidate candidates[2] = { { .tcp = false }, { .tcp = true } };
  SfuLocal local = { .ufrag = "aldi", .pwd = "0123456789012345678901", .cname = "aldis", .candidates = candidates,
                     .n_candidates = 2, .fingerprint = { .hash = SFU_HASH_SHA256, .len = 32 } };
  g_autofree char *written = NULL;
  SfuAnswer *answer = NULL;

  (void) al_addr_parse ("127.0.0.1:3478", 0, &candidates[0].addr, NULL);
  candidates[1].addr = candidates[0].addr;
  if (offer != NULL && publisher)
    answer = sfu_answer_new_publisher (offer, *previous, (const SfuPublish *) (void *) tracks->data, tracks->len, &error);
  else if (offer != NULL)
    answer = sfu_answer_new_subscriber (offer, *previous, &error);
  if (answer == NULL)
    {
      (void) fprintf (stderr, "%s\n", error->message);
      return false;
    }
  give_ssrcs (answer);
  written = sfu_answer_write (answer, &local);
  (void) fputs (written, stdout);
  g_clear_pointer (previous, sfu_answer_free);
  *previous = answer;
  return true;
}

int
main (int argc, char **argv)
{
  bool rounds = argc > 1 && strcmp (argv[1], "rounds") == 0;
  char **args = argv + 1 + rounds;
  g_autoptr (GArray) tracks = args[0] != NULL ? read_tracks (args + 1) : NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (SfuAnswer) previous = NULL;
  char line[SFU_OFFER_LINE_MAX + 3];
  bool ok = true;

  if (tracks == NULL)
    return EXIT_FAILURE;
  while (fgets (line, sizeof (line), stdin) != NULL)
    {
      if (!rounds || strcmp (line, ".\n") != 0)
        {
          g_string_append (text, line);
          continue;
        }
      ok &= answer_one (text->str, strcmp (args[0], "publisher") == 0, tracks, &previous);
      (void) puts (".");
      (void) fflush (stdout);
      g_string_truncate (text, 0);
    }
  if (!rounds)
    ok = answer_one (text->str, strcmp (args[0], "publisher") == 0, tracks, &previous);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
