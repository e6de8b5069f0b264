/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/answer.h"

#include <string.h>

/* Mids of closed sections that one connection may leave behind. */
#define RETIRED_MAX 1024

/* What we take part in, of what is offered */
#define FEEDBACKS \
  (SFU_FEEDBACK_NACK | SFU_FEEDBACK_PLI | SFU_FEEDBACK_FIR | SFU_FEEDBACK_TRANSPORT_CC | SFU_FEEDBACK_REMB)

typedef struct {
  const SfuOffer *offer;
  const SfuAnswer *previous; /* (nullable) */
  SfuAnswer *answer;
  const SfuPublish *tracks;
  unsigned n_tracks;
  GError **error;
} Answering;

static bool refuse (const Answering *self, unsigned section, const char *format, ...) G_GNUC_PRINTF (3, 4);

static bool
refuse (const Answering *self, unsigned section, const char *format, ...)
{
  const SfuSection *offered = &self->offer->sections[section];
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (self->error, SFU_ERROR, SFU_ERROR_BAD_OFFER, "line %u, section %u (mid \"%s\"): %s", offered->line, section,
               offered->mid, what);
  return false;
}

bool
sfu_answer_continues (const SfuAnswer *previous, const SfuOffer *offer)
{
  return strcmp (previous->session, offer->session) == 0;
}

/* The m= line at @i against the one before (RFC 8829 §5.2.2, RFC 9143 §7): its place, mid and media stay as long as it is
 * in use; a closed one may be used again under a mid that was never there. */
static bool
check_place (Answering *self, unsigned i)
{
  const SfuSection *offered = &self->offer->sections[i], *before;

  if (self->previous == NULL || i >= self->previous->n_sections)
    return true;
  before = &self->previous->sections[i];
  if (strcmp (before->mid, offered->mid) == 0)
    {
      if (strcmp (before->media, offered->media) != 0)
        return refuse (self, i, "it was %s before", before->media);
      if (before->is_closed && !offered->is_rejected)
        return refuse (self, i, "it was closed: it can be used again with a new mid only");
      return true;
    }
  if (!before->is_rejected)
    return refuse (self, i, "its mid was \"%s\" before: sections keep their place and mid", before->mid);
  if (before->mid[0] != '\0')
    g_ptr_array_add (self->answer->retired, g_strdup (before->mid));
  return true;
}

static bool
check_places (Answering *self)
{
  const SfuAnswer *previous = self->previous;

  for (unsigned i = 0; previous != NULL && i < previous->retired->len; i++)
    g_ptr_array_add (self->answer->retired, g_strdup (g_ptr_array_index (previous->retired, i)));
  if (previous != NULL && self->offer->n_sections < previous->n_sections)
    return refuse (self, self->offer->n_sections - 1, "it is the last of %u; there were %u sections before",
                   self->offer->n_sections, previous->n_sections);
  for (unsigned i = 0; i < self->offer->n_sections; i++)
    if (!check_place (self, i))
      return false;
  for (unsigned i = 0; i < self->offer->n_sections; i++)
    for (unsigned j = 0; j < self->answer->retired->len; j++)
      if (strcmp (g_ptr_array_index (self->answer->retired, j), self->offer->sections[i].mid) == 0)
        return refuse (self, i, "the mid belonged to a section that was closed");
  if (self->answer->retired->len > RETIRED_MAX)
    {
      g_set_error (self->error, SFU_ERROR, SFU_ERROR_LIMIT, "more than %d sections were closed: connect anew", RETIRED_MAX);
      return false;
    }
  return true;
}

/* Can media of the section flow at all: reasons in the order in which a reader would find them. */
static const char *
find_obstacle (const Answering *self, const SfuSection *offered)
{
  if (!offered->is_rtp)
    return "not audio or video over UDP/TLS/RTP/SAVPF";
  if (offered->is_rejected)
    return "its port is 0";
  if (self->offer->has_bundle && !offered->is_bundled)
    return "not in the BUNDLE group";
  if (!offered->rtcp_mux)
    return "no a=rtcp-mux";
  if (offered->n_formats == 0)
    return offered->kind == SFU_AUDIO ? "no codec that can be forwarded: Opus"
                                      : "no codec that can be forwarded: VP8, VP9, H264 with packetization-mode=1, AV1";
  return NULL;
}

static const SfuPublish *
find_track (const Answering *self, const char *mid)
{
  for (unsigned i = 0; i < self->n_tracks; i++)
    if (strcmp (self->tracks[i].mid, mid) == 0)
      return &self->tracks[i];
  return NULL;
}

static bool
decide_publisher (const Answering *self, unsigned i, SfuSection *own)
{
  const SfuSection *offered = &self->offer->sections[i];
  const SfuPublish *track = find_track (self, offered->mid);
  const char *obstacle = find_obstacle (self, offered);
  bool sends = (offered->direction & SFU_SENDS) != 0;

  own->direction = SFU_INACTIVE;
  own->is_rejected = obstacle != NULL || sends;
  if (track == NULL)
    return true;
  if (obstacle != NULL)
    return refuse (self, i, "%s", obstacle);
  if (!sends)
    return refuse (self, i, "named as a track, but it sends nothing");
  if ((offered->kind == SFU_AUDIO) != (track->source == SFU_SOURCE_MIC || track->source == SFU_SOURCE_SCREEN_AUDIO))
    return refuse (self, i, "its source is none of %s", offered->media);
  own->direction = SFU_RECEIVES;
  own->is_rejected = false;
  return true;
}

static bool
decide_subscriber (const Answering *self, unsigned i, SfuSection *own)
{
  const SfuSection *offered = &self->offer->sections[i];
  const char *obstacle = find_obstacle (self, offered);
  bool receives = (offered->direction & SFU_RECEIVES) != 0;

  if (obstacle != NULL && receives && offered->is_rtp && !offered->is_rejected)
    return refuse (self, i, "%s", obstacle);
  own->is_rejected = obstacle != NULL || offered->direction == SFU_SENDS;
  own->direction = receives && !own->is_rejected ? SFU_SENDS : SFU_INACTIVE;
  return true;
}

/* Simulcast is invisible to subscribers: no RIDs and no layers for them. */
static bool
takes_ext (const SfuAnswer *answer, SfuExt ext)
{
  return answer->is_publisher || (ext != SFU_EXT_RID && ext != SFU_EXT_REPAIRED_RID && ext != SFU_EXT_VIDEO_LAYERS);
}

/* "sendonly" of the offer is "recvonly" of the answer (RFC 8285 §6). */
static SfuDirection
flip (SfuDirection direction)
{
  return (direction & SFU_SENDS ? SFU_RECEIVES : 0) | (direction & SFU_RECEIVES ? SFU_SENDS : 0);
}

static void
agree_exts (const SfuAnswer *answer, const SfuSection *offered, SfuSection *own)
{
  SfuDirection needed = answer->is_publisher ? SFU_RECEIVES : SFU_SENDS;

  for (SfuExt ext = 0; ext < SFU_EXT_N; ext++)
    {
      SfuDirection direction = flip (offered->ext_directions.id[ext]);

      if (offered->exts.id[ext] == 0 || !takes_ext (answer, ext) || !(direction & needed))
        continue;
      own->exts.id[ext] = offered->exts.id[ext];
      own->ext_directions.id[ext] = (uint8_t) direction;
    }
}

/* What the accepted or inactive section at @i agrees to. */
static void
agree (const Answering *self, unsigned i, SfuSection *own)
{
  const SfuSection *offered = &self->offer->sections[i];

  own->is_bundled = offered->is_bundled;
  own->rtcp_mux = true;
  own->reduced_size = offered->reduced_size;
  own->mixed_exts = offered->mixed_exts;
  own->n_formats = offered->n_formats;
  own->formats = g_memdup2 (offered->formats, offered->n_formats * sizeof (SfuFormat));
  for (unsigned j = 0; j < own->n_formats; j++)
    own->formats[j].feedback &= FEEDBACKS;
  agree_exts (self->answer, offered, own);
  if (!self->answer->is_publisher || own->direction == SFU_INACTIVE)
    return;
  own->n_rids = offered->n_rids;
  for (unsigned j = 0; j < own->n_rids; j++)
    {
      own->rids[j] = offered->rids[j];
      own->rids[j].limits = g_strdup (offered->rids[j].limits);
    }
  own->n_ssrcs = offered->n_ssrcs;
  (void) memcpy (own->ssrcs, offered->ssrcs, sizeof (own->ssrcs));
  own->cname = g_strdup (offered->cname);
  own->msid = g_strdup (offered->msid);
}

static bool
decide (Answering *self, unsigned i)
{
  const SfuSection *offered = &self->offer->sections[i];
  SfuSection *own = &self->answer->sections[i];

  (void) memcpy (own->mid, offered->mid, sizeof (own->mid));
  (void) memcpy (own->media, offered->media, sizeof (own->media));
  (void) memcpy (own->protocol, offered->protocol, sizeof (own->protocol));
  (void) memcpy (own->first_format, offered->first_format, sizeof (own->first_format));
  own->kind = offered->kind;
  own->is_rtp = offered->is_rtp;
  own->is_closed = offered->is_rejected;
  if (!(self->answer->is_publisher ? decide_publisher : decide_subscriber) (self, i, own))
    return false;
  if (!own->is_rejected)
    agree (self, i, own);
  return true;
}

/* Every named section is there, once, and no source is shown twice. */
static bool
check_tracks (const Answering *self)
{
  unsigned sources = 0;

  for (unsigned i = 0; i < self->n_tracks; i++)
    {
      const SfuPublish *track = &self->tracks[i];

      if (sfu_offer_find (self->offer, track->mid) == NULL)
        {
          g_set_error (self->error, SFU_ERROR, SFU_ERROR_BAD_OFFER, "the offer has no section with mid \"%s\"", track->mid);
          return false;
        }
      if (find_track (self, track->mid) != track || (sources & 1u << track->source) != 0)
        {
          g_set_error (self->error, SFU_ERROR, SFU_ERROR_BAD_OFFER, "mid \"%s\" or its source is named twice", track->mid);
          return false;
        }
      sources |= 1u << track->source;
    }
  return true;
}

/* Several sections are one transport only by BUNDLE. */
static bool
check_bundle (const Answering *self)
{
  unsigned n = 0;

  for (unsigned i = 0; i < self->answer->n_sections && !self->offer->has_bundle; i++)
    if (!self->answer->sections[i].is_rejected && ++n > 1)
      return refuse (self, i, "several sections and no a=group:BUNDLE");
  return true;
}

static bool
is_same_codec (const SfuFormat *a, const SfuFormat *b)
{
  return a->codec == b->codec && (a->profile == b->profile || a->codec == SFU_CODEC_OPUS);
}

/* Payload types and extension ids keep their meaning as long as the transport (RFC 3264 §8.3.2, RFC 8285 §6). */
static bool
check_meanings (const Answering *self)
{
  const SfuFormat *types[128] = { NULL };
  SfuExt exts[256];

  for (unsigned i = 0; i < G_N_ELEMENTS (exts); i++)
    exts[i] = SFU_EXT_N;
  for (unsigned i = 0; self->previous != NULL && i < self->previous->n_sections; i++)
    {
      const SfuSection *before = &self->previous->sections[i];

      for (unsigned j = 0; j < before->n_formats; j++)
        types[before->formats[j].payload_type] = &before->formats[j];
      for (SfuExt ext = 0; ext < SFU_EXT_N; ext++)
        exts[before->exts.id[ext]] = ext;
    }
  for (unsigned i = 0; self->previous != NULL && i < self->answer->n_sections; i++)
    {
      const SfuSection *own = &self->answer->sections[i];

      for (unsigned j = 0; j < own->n_formats; j++)
        if (types[own->formats[j].payload_type] != NULL
            && !is_same_codec (types[own->formats[j].payload_type], &own->formats[j]))
          return refuse (self, i, "payload type %u was another codec before", own->formats[j].payload_type);
      for (SfuExt ext = 0; ext < SFU_EXT_N; ext++)
        if (own->exts.id[ext] != 0 && exts[own->exts.id[ext]] != SFU_EXT_N && exts[own->exts.id[ext]] != ext)
          return refuse (self, i, "extension id %u was another extension before", own->exts.id[ext]);
    }
  return true;
}

static void
copy_remote (SfuAnswer *answer, const SfuRemote *remote)
{
  answer->remote = *remote;
  answer->remote.tls_id = g_strdup (remote->tls_id);
}

/* Roles of DTLS stay as long as the association (RFC 8842 §5.3, §5.4); ICE restarts with both its texts (RFC 8839 §4.4.1.1). */
static bool
agree_transport (Answering *self)
{
  const SfuRemote *offered = &self->offer->remote, *before = self->previous != NULL ? &self->previous->remote : NULL;
  SfuAnswer *answer = self->answer;

  if (offered->ufrag[0] == '\0') /* nothing is open any more */
    {
      copy_remote (answer, before != NULL ? before : offered);
      answer->we_are_active = before != NULL && self->previous->we_are_active;
      return true;
    }
  copy_remote (answer, offered);
  answer->we_are_active = offered->setup == SFU_SETUP_PASSIVE;
  if (before == NULL || before->ufrag[0] == '\0')
    return true;
  answer->is_restart = strcmp (before->ufrag, offered->ufrag) != 0;
  if (answer->is_restart != (strcmp (before->pwd, offered->pwd) != 0))
    return refuse (self, 0, "ICE restarts with a new ufrag and a new password, not with one of them");
  answer->is_new_dtls = g_strcmp0 (before->tls_id, offered->tls_id) != 0 || before->n_fingerprints != offered->n_fingerprints;
  for (unsigned i = 0; !answer->is_new_dtls && i < offered->n_fingerprints; i++)
    answer->is_new_dtls = !sfu_fingerprint_equal (&before->fingerprints[i], &offered->fingerprints[i]);
  if (answer->is_new_dtls)
    return true;
  if (offered->setup == SFU_SETUP_ACTPASS)
    answer->we_are_active = self->previous->we_are_active;
  else if (answer->we_are_active != self->previous->we_are_active)
    return refuse (self, 0, "a=setup changes the roles of a DTLS association that goes on");
  return true;
}

/* A slot that goes on keeps its number and, while it is active, its SSRCs; a new one gets the first number of its kind that is
 * free. */
static void
number_slots (Answering *self)
{
  bool used[SFU_KIND_N][SFU_SECTIONS_MAX] = { 0 };
  unsigned next[SFU_KIND_N] = { 0 };
  SfuAnswer *answer = self->answer;

  for (unsigned i = 0; self->previous != NULL && i < self->previous->n_sections; i++)
    {
      const SfuSection *before = &self->previous->sections[i];
      SfuSection *own = &answer->sections[i];

      if (before->is_rejected || own->is_rejected)
        continue;
      own->slot = before->slot;
      /* one that was inactive has no stream any more: under its old SSRC, numbers would come again (RFC 7714 §8.1) */
      own->n_ssrcs = sfu_answer_accepts (before) ? before->n_ssrcs : 0;
      (void) memcpy (own->ssrcs, before->ssrcs, sizeof (own->ssrcs));
      used[own->kind][own->slot] = true;
    }
  for (unsigned i = 0; i < answer->n_sections; i++)
    {
      SfuSection *own = &answer->sections[i];
      bool goes_on = self->previous != NULL && i < self->previous->n_sections && !self->previous->sections[i].is_rejected;

      if (own->is_rejected || goes_on)
        continue;
      while (used[own->kind][next[own->kind]])
        next[own->kind]++;
      own->slot = next[own->kind]++;
    }
}

static SfuAnswer *
answer_new (Answering *self)
{
  g_autoptr (SfuAnswer) answer = self->answer;
  bool ok;

  answer->session = g_strdup (self->offer->session);
  answer->version = self->previous != NULL ? self->previous->version + 1 : 1;
  answer->retired = g_ptr_array_new_with_free_func (g_free);
  answer->n_sections = self->offer->n_sections;
  answer->sections = g_new0 (SfuSection, answer->n_sections);
  ok = check_tracks (self) && check_places (self);
  for (unsigned i = 0; ok && i < answer->n_sections; i++)
    ok = decide (self, i);
  if (!ok || !check_bundle (self) || !check_meanings (self) || !agree_transport (self))
    return NULL;
  if (!answer->is_publisher)
    number_slots (self);
  return g_steal_pointer (&answer);
}

SfuAnswer *
sfu_answer_new_publisher (const SfuOffer *offer, const SfuAnswer *previous, const SfuPublish *tracks, unsigned n,
                          GError **error)
{
  Answering self = { offer, previous, g_new0 (SfuAnswer, 1), tracks, n, error };

  self.answer->is_publisher = true;
  return answer_new (&self);
}

SfuAnswer *
sfu_answer_new_subscriber (const SfuOffer *offer, const SfuAnswer *previous, GError **error)
{
  Answering self = { offer, previous, g_new0 (SfuAnswer, 1), NULL, 0, error };

  return answer_new (&self);
}

void
sfu_answer_free (SfuAnswer *answer)
{
  if (answer == NULL)
    return;
  for (unsigned i = 0; i < answer->n_sections; i++)
    sfu_section_clear (&answer->sections[i]);
  g_free (answer->sections);
  g_free (answer->session);
  g_free (answer->remote.tls_id);
  g_ptr_array_unref (answer->retired);
  g_free (answer);
}

SfuSection *
sfu_answer_find (const SfuAnswer *answer, const char *mid)
{
  for (unsigned i = 0; i < answer->n_sections; i++)
    if (answer->sections[i].mid[0] != '\0' && strcmp (answer->sections[i].mid, mid) == 0)
      return &answer->sections[i];
  return NULL;
}

bool
sfu_answer_accepts (const SfuSection *section)
{
  return !section->is_rejected && section->direction != SFU_INACTIVE;
}
