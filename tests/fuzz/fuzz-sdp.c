/* SPDX-License-Identifier: Apache-2.0 */
/* Offers in, answers out: what we write, a publisher's and a subscriber's, is read again and says what was agreed. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "sfu/answer.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_section (const SfuSection *own, const SfuSection *read)
{
  g_assert_cmpstr (own->mid, ==, read->mid);
  g_assert_true (own->is_rejected == read->is_rejected);
  if (own->is_rejected)
    return;
  g_assert_true (own->direction == read->direction && own->n_formats == read->n_formats);
  for (unsigned i = 0; i < own->n_formats; i++)
    g_assert_true (own->formats[i].codec == read->formats[i].codec && own->formats[i].rtx == read->formats[i].rtx
                   && own->formats[i].profile == read->formats[i].profile
                   && own->formats[i].payload_type == read->formats[i].payload_type);
  g_assert_true (memcmp (&own->exts, &read->exts, sizeof (own->exts)) == 0);
}

static void
check (SfuAnswer *answer)
{
  SfuLocal local = { .ufrag = "ours", .pwd = "oursoursoursoursoursou", .cname = "c", .fingerprint = { SFU_HASH_SHA256, 32, { 1 } } };
  g_autofree char *text = NULL;
  g_autoptr (GString) offer = NULL;
  g_autoptr (SfuOffer) read = NULL;
  g_autoptr (GError) error = NULL;

  if (answer == NULL)
    return;
  for (unsigned i = 0; i < answer->n_sections && !answer->is_publisher; i++)
    if (sfu_answer_accepts (&answer->sections[i]))
      {
        answer->sections[i].n_ssrcs = 1;
        answer->sections[i].ssrcs[0] = (SfuSsrc){ 10 + 2 * i, 11 + 2 * i };
      }
  text = sfu_answer_write (answer, &local);
  offer = g_string_new (text);
  (void) g_string_replace (offer, "a=ice-lite\r\n", "", 1); /* which no offer has */
  read = sfu_offer_parse (offer->str, offer->len, &error);
  if (read == NULL && offer->len <= SFU_OFFER_MAX)
    g_error ("%s in:\n%s", error->message, offer->str);
  for (unsigned i = 0; read != NULL && i < answer->n_sections; i++)
    check_section (&answer->sections[i], &read->sections[i]);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (SfuOffer) offer = sfu_offer_parse ((const char *) data, size, NULL);
  g_autoptr (SfuAnswer) published = NULL, again = NULL, subscribed = NULL;
  SfuPublish tracks[SFU_SOURCE_N];
  unsigned n = 0;

  if (offer == NULL)
    return 0;
  for (unsigned i = 0; i < offer->n_sections && n < 2; i++)
    if (offer->sections[i].is_rtp && offer->sections[i].kind == (n == 0 ? SFU_AUDIO : SFU_VIDEO))
      {
        tracks[n] = (SfuPublish){ offer->sections[i].mid, n == 0 ? SFU_SOURCE_MIC : SFU_SOURCE_CAMERA };
        n++;
      }
  published = sfu_answer_new_publisher (offer, NULL, tracks, n, NULL);
  check (published);
  if (published != NULL)
    again = sfu_answer_new_publisher (offer, published, tracks, n, NULL);
  g_assert_true ((published == NULL) == (again == NULL));
  subscribed = sfu_answer_new_subscriber (offer, NULL, NULL);
  check (subscribed);
  return 0;
}
