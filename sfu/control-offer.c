/* SPDX-License-Identifier: Apache-2.0 */
/* Offers and answers: what was agreed becomes the setup of a leg, which the workers get. */
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "sfu/control-private.h"
#include "sfu/ice.h"
#include "sfu/rid-order.h"

#define START_BITRATE_BPS 1000000

static uint32_t
make_ssrc (void)
{
  uint32_t ssrc;

  do
    al_random_bytes (&ssrc, sizeof ssrc);
  while (ssrc == 0);
  return ssrc;
}

/* what decoders must have in common: of H264's profile-level-id all but the level */
static uint32_t
get_profile (const SfuFormat *format)
{
  switch (format->codec)
    {
    case SFU_CODEC_VP9:
      return format->profile;
    case SFU_CODEC_H264:
      return format->profile >> 8;
    default:
      return 0;
    }
}

static void
add_payload (SfuPayloadMap *map, const SfuFormat *format)
{
  SfuPayload *payload = &map->list[map->n];

  if (map->n == SFU_PAYLOADS_MAX || map->of[format->payload_type & 127] != SFU_NO_PT)
    return;
  payload->codec = (uint8_t) format->codec;
  payload->payload_type = format->payload_type;
  payload->rtx = format->rtx != 0 ? format->rtx : SFU_NO_PT;
  payload->profile = get_profile (format);
  map->of[format->payload_type & 127] = (uint8_t) map->n;
  if (format->rtx != 0)
    map->of[format->rtx & 127] = (uint8_t) (map->n | SFU_IS_RTX);
  map->n++;
}

static SfuTrackInfo *
find_published (SfuPeerDesk *peer, const char *mid)
{
  for (guint i = 0; i < peer->tracks->len; i++)
    if (strcmp (g_array_index (peer->tracks, SfuTrackInfo, i).mid, mid) == 0)
      return &g_array_index (peer->tracks, SfuTrackInfo, i);
  return NULL;
}

static SfuPublication *
make_publication (const SfuSection *section, const SfuTrackInfo *track)
{
  SfuPublication *publication = g_new0 (SfuPublication, 1);

  publication->track = track->id;
  publication->source = track->source;
  publication->n_rids = MIN (section->n_rids, SFU_LAYERS_MAX);
  for (unsigned i = 0; i < publication->n_rids; i++)
    {
      (void) g_strlcpy (publication->rids[i], section->rids[i].id, sizeof publication->rids[i]);
      publication->rid_pixels[i] = sfu_rid_order_read_pixels (section->rids[i].limits);
    }
  publication->n_ssrcs = MIN (section->n_ssrcs, SFU_LAYERS_MAX);
  for (unsigned i = 0; i < publication->n_ssrcs; i++)
    {
      publication->ssrcs[i] = section->ssrcs[i].ssrc;
      publication->rtx_ssrcs[i] = section->ssrcs[i].rtx;
    }
  return publication;
}

static void
fill_lane (SfuLegSetup *setup, SfuLane *lane, const SfuSection *section, SfuPeerDesk *peer)
{
  (void) g_strlcpy (lane->mid, section->mid, sizeof lane->mid);
  lane->kind = (uint8_t) section->kind;
  lane->active = sfu_answer_accepts (section);
  if (!lane->active)
    return;
  lane->exts = section->exts;
  for (unsigned i = 0; i < section->n_formats; i++)
    {
      const SfuFormat *format = &section->formats[i];

      add_payload (&setup->payloads, format);
      lane->nack |= (format->feedback & SFU_FEEDBACK_NACK) != 0;
      lane->pli |= (format->feedback & SFU_FEEDBACK_PLI) != 0;
      lane->fir |= (format->feedback & SFU_FEEDBACK_FIR) != 0;
      setup->transport_cc |= (format->feedback & SFU_FEEDBACK_TRANSPORT_CC) != 0;
      setup->remb |= (format->feedback & SFU_FEEDBACK_REMB) != 0;
    }
  if (setup->publisher)
    {
      const SfuTrackInfo *track = find_published (peer, section->mid);

      if (track == NULL)
        lane->active = false; /* ended by a moderator; the publisher offers anew to bring it back */
      else
        lane->publication = make_publication (section, track);
    }
  else if (section->n_ssrcs > 0)
    {
      lane->ssrc = section->ssrcs[0].ssrc;
      lane->rtx_ssrc = section->ssrcs[0].rtx;
    }
}

static SfuLegSetup *
make_setup (SfuPeerDesk *peer, const SfuLegDesk *leg, bool publisher)
{
  const SfuAnswer *answer = leg->answer;
  SfuLegSetup *setup = sfu_leg_setup_new (answer->n_sections);

  setup->room = peer->room->id;
  setup->peer = peer->id;
  setup->publisher = publisher;
  setup->transport = leg->transport;
  (void) g_strlcpy (setup->local_ufrag, leg->ufrag, sizeof setup->local_ufrag);
  (void) g_strlcpy (setup->remote_ufrag, answer->remote.ufrag, sizeof setup->remote_ufrag);
  (void) g_strlcpy (setup->remote_pwd, answer->remote.pwd, sizeof setup->remote_pwd);
  setup->n_fingerprints = answer->remote.n_fingerprints;
  for (unsigned i = 0; i < setup->n_fingerprints; i++)
    setup->fingerprints[i] = answer->remote.fingerprints[i];
  setup->dtls_client = answer->we_are_active;
  for (unsigned i = 0; i < answer->n_sections; i++)
    fill_lane (setup, &setup->lanes[i], &answer->sections[i], peer);
  if (!publisher)
    sfu_leg_setup_set_wants (setup, (const SfuWant *) (void *) peer->wants->data, peer->wants->len);
  return setup;
}

static void
make_credentials (SfuControl *control, SfuLegDesk *leg)
{
  char ufrag[SFU_ICE_UFRAG_LEN + 1], pwd[SFU_ICE_PWD_LEN + 1];

  sfu_ice_make_ufrag (control->identity, ufrag);
  sfu_ice_make_password (control->identity, control->hmac, ufrag, pwd);
  g_free (leg->ufrag);
  g_free (leg->pwd);
  leg->ufrag = g_strdup (ufrag);
  leg->pwd = g_strdup (pwd);
}

static char *
write_answer (SfuControl *control, const SfuLegDesk *leg, bool publisher)
{
  SfuLocal local = {
    .ufrag = leg->ufrag,
    .pwd = leg->pwd,
    .cname = leg->cname,
    .candidates = (const SfuLocalCandidate *) (void *) control->candidates->data,
    .n_candidates = control->candidates->len,
    .max_bitrate_bps = control->max_bitrate_bps,
    .start_bitrate_bps = publisher ? START_BITRATE_BPS : 0,
  };
  const char *own = sfu_identity_get_fingerprint (control->identity);
  bool ok = sfu_fingerprint_parse (own, strlen (own), &local.fingerprint);

  g_assert (ok); /* it is ours */
  return sfu_answer_write (leg->answer, &local);
}

/* @answer: (transfer full): becomes the leg's, whose worker is told */
static char *
agree (SfuControl *control, SfuPeerDesk *peer, bool publisher, SfuAnswer *answer)
{
  SfuLegDesk *leg = &peer->legs[publisher];
  bool is_new = leg->answer == NULL;

  if (is_new || answer->is_restart)
    make_credentials (control, leg);
  if (is_new)
    {
      (void) g_snprintf (leg->cname, sizeof leg->cname, "%" G_GUINT64_FORMAT, peer->id);
      leg->transport = ++control->last_id;
      leg->since_us = al_clock_now_us ();
      leg->heard = false;
    }
  sfu_answer_free (leg->answer);
  leg->answer = answer;
  sfu_leg_setup_unref (leg->setup);
  leg->setup = make_setup (peer, leg, publisher);
  sfu_control_tell (control, sfu_leg_setup_ref (leg->setup));
  return write_answer (control, leg, publisher);
}

/* NULL with @error; else the offer, and in @ret_previous the answer that it continues */
static SfuOffer *
read_offer (SfuControl *control, SfuPeerDesk *peer, bool publisher, const char *text, const SfuAnswer **ret_previous,
            GError **error)
{
  const SfuAnswer *previous = peer->legs[publisher].answer;
  SfuOffer *offer = sfu_offer_parse (text, strlen (text), error);

  *ret_previous = offer != NULL && previous != NULL && sfu_answer_continues (previous, offer) ? previous : NULL;
  return offer;
}

static SfuSource
get_source (const SfuPublish *tracks, unsigned n, const char *mid)
{
  for (unsigned i = 0; i < n; i++)
    if (strcmp (tracks[i].mid, mid) == 0)
      return tracks[i].source;
  return SFU_SOURCE_N;
}

/* the peer's tracks become those of @answer; what stays keeps its id */
static void
change_tracks (SfuControl *control, SfuPeerDesk *peer, const SfuAnswer *answer, const SfuPublish *tracks, unsigned n)
{
  g_autoptr (GArray) old = g_steal_pointer (&peer->tracks);

  peer->tracks = g_array_new (FALSE, FALSE, sizeof (SfuTrackInfo));
  for (unsigned i = 0; i < answer->n_sections; i++)
    {
      const SfuSection *section = &answer->sections[i];
      SfuTrackInfo track = { .kind = section->kind, .source = get_source (tracks, n, section->mid) };

      if (!sfu_answer_accepts (section) || track.source == SFU_SOURCE_N)
        continue;
      (void) g_strlcpy (track.mid, section->mid, sizeof track.mid);
      for (guint at = 0; at < old->len; at++)
        {
          SfuTrackInfo *before = &g_array_index (old, SfuTrackInfo, at);

          if (before->id != 0 && strcmp (before->mid, track.mid) == 0 && before->source == track.source)
            {
              track.id = before->id;
              before->id = 0;
            }
        }
      g_array_append_val (peer->tracks, track);
    }
  for (guint at = 0; at < old->len; at++)
    if (g_array_index (old, SfuTrackInfo, at).id != 0)
      sfu_control_tell_track (control, peer, &g_array_index (old, SfuTrackInfo, at), false, true);
  for (guint at = 0; at < peer->tracks->len; at++)
    {
      SfuTrackInfo *track = &g_array_index (peer->tracks, SfuTrackInfo, at);

      if (track->id != 0)
        continue;
      track->id = ++control->last_id;
      sfu_control_tell_track (control, peer, track, false, false);
    }
}

static SfuPeerDesk *
find (SfuControl *control, uint64_t room, uint64_t peer, GError **error)
{
  SfuPeerDesk *desk = sfu_control_find_peer (control, room, peer);

  if (desk == NULL)
    g_set_error (error, SFU_ERROR, SFU_ERROR_NOT_FOUND, "no such peer");
  else if (sfu_mesh_is_behind (control->mesh))
    {
      g_set_error (error, SFU_ERROR, SFU_ERROR_LIMIT, "the media plane is behind: more than %d orders wait for a worker",
                   SFU_ORDERS_MAX);
      return NULL;
    }
  return desk;
}

char *
sfu_control_publish (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, const SfuPublish *tracks,
                     unsigned n, GArray **ret_tracks, GError **error)
{
  SfuPeerDesk *desk = find (control, room, peer, error);
  g_autoptr (SfuOffer) parsed = NULL;
  g_autoptr (SfuAnswer) answer = NULL;
  const SfuAnswer *previous;
  char *text;

  if (desk == NULL)
    return NULL;
  parsed = read_offer (control, desk, true, offer, &previous, error);
  if (parsed != NULL)
    answer = sfu_answer_new_publisher (parsed, previous, tracks, n, error);
  if (answer == NULL)
    return NULL;
  if (previous == NULL || answer->is_new_dtls)
    sfu_control_end_leg (control, desk, true);
  change_tracks (control, desk, answer, tracks, n);
  text = agree (control, desk, true, g_steal_pointer (&answer));
  *ret_tracks = g_array_copy (desk->tracks);
  return text;
}

char *
sfu_control_subscribe (SfuControl *control, uint64_t room, uint64_t peer, const char *offer, GArray **ret_slots,
                       GError **error)
{
  SfuPeerDesk *desk = find (control, room, peer, error);
  g_autoptr (SfuOffer) parsed = NULL;
  g_autoptr (SfuAnswer) answer = NULL;
  const SfuAnswer *previous;
  GArray *slots;
  char *text;

  if (desk == NULL)
    return NULL;
  parsed = read_offer (control, desk, false, offer, &previous, error);
  if (parsed != NULL)
    answer = sfu_answer_new_subscriber (parsed, previous, error);
  if (answer == NULL)
    return NULL;
  slots = g_array_new (FALSE, FALSE, sizeof (SfuSlotInfo));
  for (unsigned i = 0; i < answer->n_sections; i++)
    {
      SfuSection *section = &answer->sections[i];
      SfuSlotInfo slot = { .kind = section->kind };

      if (!sfu_answer_accepts (section))
        continue;
      if (section->n_ssrcs == 0)
        {
          section->n_ssrcs = 1;
          section->ssrcs[0] = (SfuSsrc){ make_ssrc (), make_ssrc () };
        }
      (void) g_strlcpy (slot.mid, section->mid, sizeof slot.mid);
      g_array_append_val (slots, slot);
    }
  if (previous == NULL || answer->is_new_dtls)
    sfu_control_end_leg (control, desk, false);
  text = agree (control, desk, false, g_steal_pointer (&answer));
  *ret_slots = slots;
  return text;
}

bool
sfu_control_restart_ice (SfuControl *control, uint64_t room, uint64_t peer, bool publisher, const char *ufrag,
                         const char *pwd, char **ret_ufrag, char **ret_pwd)
{
  SfuPeerDesk *desk = sfu_control_find_peer (control, room, peer);
  SfuLegDesk *leg = desk != NULL ? &desk->legs[publisher] : NULL;

  if (leg == NULL || leg->answer == NULL || strlen (ufrag) > SFU_UFRAG_MAX || strlen (pwd) > SFU_PWD_MAX)
    return false;
  (void) g_strlcpy (leg->answer->remote.ufrag, ufrag, sizeof leg->answer->remote.ufrag);
  (void) g_strlcpy (leg->answer->remote.pwd, pwd, sizeof leg->answer->remote.pwd);
  make_credentials (control, leg);
  sfu_leg_setup_unref (leg->setup);
  leg->setup = make_setup (desk, leg, publisher);
  sfu_control_tell (control, sfu_leg_setup_ref (leg->setup));
  *ret_ufrag = g_strdup (leg->ufrag);
  *ret_pwd = g_strdup (leg->pwd);
  return true;
}
