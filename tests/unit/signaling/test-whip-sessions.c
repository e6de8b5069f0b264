/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of WHIP and WHEP over their lives: what the media plane says of them, and what is counted. */
#include "whip-fixture.h"

/* @state: (nullable): NULL: all */
static int64_t
count_live (AlMetrics *metrics, const char *protocol, const char *state)
{
  static const char *const states[] = { "connecting", "connected", "interrupted" };
  int64_t n = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autofree char *labels = g_strdup_printf ("protocol=\"%s\",state=\"%s\"", protocol, states[i]);

      if (state == NULL || strcmp (state, states[i]) == 0)
        n += al_gauge_get (al_metrics_gauge (metrics, "aldis_whip_sessions", NULL, labels));
    }
  return n;
}

static uint64_t
count_refused (AlMetrics *metrics, const char *protocol, const char *reason)
{
  g_autofree char *labels = g_strdup_printf ("protocol=\"%s\",reason=\"%s\"", protocol, reason);

  return al_counter_get (al_metrics_counter (metrics, "aldis_whip_refused", NULL, labels));
}

static void
check_metrics (Fixture *fixture, int64_t publishers, int64_t players, uint64_t published, uint64_t played)
{
  AlMetrics *metrics = fixture->metrics;

  g_assert_cmpint (count_live (metrics, "whip", NULL), ==, publishers);
  g_assert_cmpint (count_live (metrics, "whep", NULL), ==, players);
  g_assert_cmpuint (al_counter_get (al_metrics_counter (metrics, "aldis_whip_sessions_opened", NULL, "protocol=\"whip\"")), ==,
                    published);
  g_assert_cmpuint (al_counter_get (al_metrics_counter (metrics, "aldis_whip_sessions_opened", NULL, "protocol=\"whep\"")), ==,
                    played);
}

/* What an operator sees of it; an offer that the plane refuses opens nothing. */
static void
test_metrics (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) bad = g_error_new (SFU_ERROR, SFU_ERROR_BAD_OFFER, "line 1");

  check_metrics (fixture, 0, 0, 0, 0);
  plane.fails = bad;
  g_assert_cmpuint (ask (fixture, SIG_WEB_POST, "/whip/show", KEY, SDP, NULL, SENDS), ==, 406);
  plane.fails = NULL;
  check_metrics (fixture, 0, 0, 0, 0);
  g_assert_cmpuint (count_refused (fixture->metrics, "whip", "sections"), ==, 1);
  g_assert_cmpuint (ask (fixture, SIG_WEB_POST, "/whip/show", NULL, SDP, NULL, SENDS), ==, 401);
  g_assert_cmpuint (ask (fixture, SIG_WEB_POST, "/whep/show", NULL, SDP, NULL, RECEIVES), ==, 409);
  g_assert_cmpuint (count_refused (fixture->metrics, "whip", "no_token"), ==, 1);
  g_assert_cmpuint (count_refused (fixture->metrics, "whep", "publisher"), ==, 1);
  g_assert_cmpuint (count_refused (fixture->metrics, "whip", "publisher"), ==, 0);
  begin (fixture, "/whip/show", KEY, SENDS);
  begin (fixture, "/whep/show", NULL, RECEIVES);
  begin (fixture, "/whep/show", NULL, RECEIVES);
  check_metrics (fixture, 1, 2, 1, 2);
  g_assert_cmpint (count_live (fixture->metrics, "whip", "connecting"), ==, 1);
  g_assert_cmpint (count_live (fixture->metrics, "whep", "connecting"), ==, 2);
  g_assert_cmpuint (ask (fixture, SIG_WEB_DELETE, fixture->location, NULL, NULL, NULL, ""), ==, 200);
  check_metrics (fixture, 1, 1, 1, 2);
  clock_us += SIG_WHIP_CONNECT_US;
  sig_whip_tick (fixture->whip);
  check_metrics (fixture, 0, 0, 1, 2);
}

/* Who does not connect in time, or is gone, is removed; who is connected stays. */
static void
test_states (Fixture *fixture, gconstpointer data)
{
  begin (fixture, "/whip/show", KEY, SENDS);
  sig_whip_state (fixture->whip, 1, 2, true, SFU_PEER_CONNECTED);
  sig_whip_state (fixture->whip, 99, 2, true, SFU_PEER_CLOSED);
  sig_whip_state (fixture->whip, 1, 99, true, SFU_PEER_CLOSED);
  begin (fixture, "/whep/show", NULL, RECEIVES);
  clock_us += SIG_WHIP_CONNECT_US - 1;
  sig_whip_tick (fixture->whip);
  g_assert_cmpuint (sig_whip_count_sessions (fixture->whip), ==, 2);
  clock_us++;
  sig_whip_tick (fixture->whip);
  g_assert_cmpuint (sig_whip_count_sessions (fixture->whip), ==, 1);
  g_assert_cmpint (count_live (fixture->metrics, "whip", "connected"), ==, 1);
  sig_whip_state (fixture->whip, 1, 2, true, SFU_PEER_INTERRUPTED);
  g_assert_cmpint (count_live (fixture->metrics, "whip", "interrupted"), ==, 1);
  g_assert_cmpint (count_live (fixture->metrics, "whip", "connected"), ==, 0);
  g_assert_cmpuint (sig_whip_count_sessions (fixture->whip), ==, 1);
  sig_whip_state (fixture->whip, 1, 2, true, SFU_PEER_CLOSED);
  g_assert_cmpuint (plane.peers + plane.rooms, ==, 0);
}

static void
test_refused_by_plane (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) bad = g_error_new (SFU_ERROR, SFU_ERROR_BAD_OFFER, "line 1");
  g_autoptr (GError) full = g_error_new (SFU_ERROR, SFU_ERROR_LIMIT, "full");
  g_autofree char *retry = NULL;

  plane.fails = bad;
  g_assert_cmpuint (ask (fixture, SIG_WEB_POST, "/whip/show", KEY, SDP, NULL, SENDS), ==, 406);
  plane.fails = full;
  g_assert_cmpuint (ask (fixture, SIG_WEB_POST, "/whip/show", KEY, SDP, NULL, SENDS), ==, 503);
  retry = get_field (fixture, "Retry-After");
  g_assert_nonnull (retry);
  g_assert_cmpuint (plane.peers + plane.rooms + sig_whip_count_sessions (fixture->whip), ==, 0);
}

static void
test_no_media (void)
{
  Fixture fixture = { 0 };
  g_autofree char *retry = NULL;

  start (&fixture, "publish_keys=show:" KEY "\n", NULL, false);
  g_assert_cmpuint (ask (&fixture, SIG_WEB_POST, "/whip/show", KEY, SDP, NULL, SENDS), ==, 503);
  retry = get_field (&fixture, "Retry-After");
  g_assert_nonnull (retry);
  tear_down (&fixture, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/signaling/whip/" name, Fixture, NULL, set_up, fn, tear_down)
  ADD ("states", test_states);
  ADD ("metrics", test_metrics);
  ADD ("refused-by-plane", test_refused_by_plane);
  g_test_add_func ("/signaling/whip/no-media", test_no_media);
  return g_test_run ();
}
