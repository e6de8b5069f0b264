/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of WHIP and WHEP. */
#include "signaling/whip-private.h"

static const char *const protocols[2] = { "whep", "whip" };
static const char *const states[SIG_WHIP_STATE_N] = { "connecting", "connected", "interrupted" };

/* by status; the last is all others */
static const struct {
  unsigned status;
  const char *reason;
} refusals[] = {
  { 400, "no_offer" },     { 401, "no_token" },      { 403, "other_stream" }, { 404, "not_found" },
  { 405, "method" },       { 406, "sections" },      { 409, "publisher" },    { 412, "other_etag" },
  { 413, "too_large" },    { 415, "content_type" },  { 422, "credentials" },  { 428, "no_if_match" },
  { 503, "unavailable" },  { 0, "other" },
};

_Static_assert (G_N_ELEMENTS (refusals) == SIG_WHIP_REFUSALS, "each refusal has its counter");

void
sig_whip_make_metrics (SigWhip *whip, AlMetrics *metrics)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (protocols); i++)
    {
      g_autofree char *protocol = g_strdup_printf ("protocol=\"%s\"", protocols[i]);

      whip->opened[i] = al_metrics_counter (metrics, "aldis_whip_sessions_opened", "Sessions that were answered.", protocol);
      for (unsigned state = 0; state < SIG_WHIP_STATE_N; state++)
        {
          g_autofree char *labels = g_strdup_printf ("%s,state=\"%s\"", protocol, states[state]);

          whip->live[i][state]
              = al_metrics_gauge (metrics, "aldis_whip_sessions", "Sessions of WHIP and WHEP that live.", labels);
        }
      for (unsigned k = 0; k < SIG_WHIP_REFUSALS; k++)
        {
          g_autofree char *labels = g_strdup_printf ("%s,reason=\"%s\"", protocol, refusals[k].reason);

          whip->refused[i][k] = al_metrics_counter (metrics, "aldis_whip_refused", "Requests that were refused.", labels);
        }
    }
}

void
sig_whip_count_state (const SigWhip *whip, SigWhipSession *session, SigWhipState state)
{
  if (whip->config.metrics != NULL)
    {
      if (session->state < SIG_WHIP_STATE_N)
        al_gauge_add (whip->live[session->publisher][session->state], -1);
      if (state < SIG_WHIP_STATE_N)
        al_gauge_add (whip->live[session->publisher][state], 1);
    }
  session->state = state;
}

void
sig_whip_count_refusal (const SigWhip *whip, bool publisher, unsigned status)
{
  unsigned k = 0;

  while (k + 1 < SIG_WHIP_REFUSALS && refusals[k].status != status)
    k++;
  if (whip->config.metrics != NULL)
    al_counter_add (whip->refused[publisher][k], 1);
}
