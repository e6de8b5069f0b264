/* SPDX-License-Identifier: Apache-2.0 */
#include "srtp-packets.h"

static const SfuSrtpProfile profiles[] = { SFU_SRTP_AEAD_AES_128_GCM, SFU_SRTP_AEAD_AES_256_GCM,
                                           SFU_SRTP_AES128_CM_SHA1_80 };

typedef struct {
  SfuSrtp *ours, *theirs; /* with each other's keys */
  srtp_t reference;       /* sends as @ours does */
  uint8_t key[SFU_SRTP_KEY_MAX + SFU_SRTP_SALT_MAX];
} Pair;

/* Returns: libsrtp's session that sends SSRC from @roc on, or any SSRC from 0 */
static srtp_t
make_reference (const Pair *pair, SfuSrtpProfile profile, bool any)
{
  srtp_policy_t policy = { .ssrc = { any ? ssrc_any_outbound : ssrc_specific, SSRC }, .key = (uint8_t *) pair->key,
                           .window_size = 1024, .allow_repeat_tx = 1 };
  srtp_t session;

  g_assert_cmpint (srtp_crypto_policy_set_from_profile_for_rtp (&policy.rtp, (srtp_profile_t) profile), ==, 0);
  g_assert_cmpint (srtp_crypto_policy_set_from_profile_for_rtcp (&policy.rtcp, (srtp_profile_t) profile), ==, 0);
  g_assert_cmpint (srtp_create (&session, &policy), ==, 0);
  return session;
}

static void
pair_init (Pair *pair, SfuSrtpProfile profile)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (profile);
  unsigned key_len = sfu_srtp_profile_get_key_len (profile);
  SfuSrtpKey a, b;

  make_key (rand, &a);
  make_key (rand, &b);
  pair->ours = sfu_srtp_new (profile, &a, &b);
  pair->theirs = sfu_srtp_new (profile, &b, &a);
  g_assert_true (pair->ours != NULL && pair->theirs != NULL);
  g_assert_cmpint (sfu_srtp_get_profile (pair->ours), ==, profile);
  memcpy (pair->key, a.key, key_len);
  memcpy (pair->key + key_len, a.salt, sfu_srtp_profile_get_salt_len (profile));
  pair->reference = make_reference (pair, profile, true);
}

static void
pair_clear (Pair *pair)
{
  sfu_srtp_free (pair->ours);
  sfu_srtp_free (pair->theirs);
  g_assert_cmpint (srtp_dealloc (pair->reference), ==, 0);
}

/* Returns: the length of the packet of @index, protected by ours */
static size_t
send_rtp (Pair *pair, uint8_t *data, size_t size, uint32_t ssrc, uint64_t index)
{
  size_t header_len = write_rtp (data, ssrc, (uint16_t) index, 0, 1, 100);

  return sfu_srtp_protect_rtp (pair->ours, data, header_len + 100, size, header_len, index);
}

static size_t
pass (Pair *pair, uint32_t ssrc, uint64_t index)
{
  uint8_t data[256];
  size_t len = send_rtp (pair, data, sizeof data, ssrc, index);

  return sfu_srtp_unprotect_rtp (pair->theirs, data, len);
}

static SfuSrtpStats
stats_of (const SfuSrtp *srtp)
{
  SfuSrtpStats stats;

  sfu_srtp_get_stats (srtp, &stats);
  return stats;
}

/* points 10 and 15: lengths of keys and tags */
static void
test_lengths (void)
{
  static const struct {
    SfuSrtpProfile profile;
    unsigned key, salt, tag;
  } rows[] = { { SFU_SRTP_AEAD_AES_128_GCM, 16, 12, 16 },
               { SFU_SRTP_AEAD_AES_256_GCM, 32, 12, 16 },
               { SFU_SRTP_AES128_CM_SHA1_80, 16, 14, 10 } };

  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      Pair pair;

      pair_init (&pair, rows[i].profile);
      g_assert_cmpuint (sfu_srtp_profile_get_key_len (rows[i].profile), ==, rows[i].key);
      g_assert_cmpuint (sfu_srtp_profile_get_salt_len (rows[i].profile), ==, rows[i].salt);
      g_assert_cmpuint (sfu_srtp_get_overhead (pair.ours), ==, rows[i].tag);
      g_assert_cmpstr (sfu_srtp_profile_get_name (rows[i].profile), !=, "none");
      pair_clear (&pair);
    }
  g_assert_cmpstr (sfu_srtp_profile_get_name (SFU_SRTP_NONE), ==, "none");
}

/* RFC 3711, RFC 7714: our packets are libsrtp's, bit by bit: every length, CSRCs, extensions, rollover counters */
static void
test_same_rtp (gconstpointer user)
{
  static const uint32_t rocs[] = { 0, 1, 2, 0xff, 0x100, 0x8000, 0xffff, 0x10000, 0x12345678, 0x7fffffff, 0xfffffffe };
  const SfuSrtpProfile profile = *(const SfuSrtpProfile *) user;
  uint8_t ours[2048], reference[2048], plain[2048];
  Pair pair;

  pair_init (&pair, profile);
  for (unsigned r = 0; r < G_N_ELEMENTS (rocs); r++)
    {
      srtp_t session = make_reference (&pair, profile, false);

      if (rocs[r] > 0)
        g_assert_cmpint (srtp_set_stream_roc (session, SSRC, rocs[r]), ==, 0);
      for (unsigned i = 0; i <= 1400; i += r == 0 ? 1 : 97)
        {
          uint16_t seq = (uint16_t) (i + 1);
          size_t header_len = write_rtp (ours, SSRC, seq, i % 16, (int) (i % 7) - 1, i), len = header_len + i, sealed;
          int expected = (int) len;

          memcpy (reference, ours, len);
          memcpy (plain, ours, len);
          g_assert_cmpint (srtp_protect (session, reference, &expected), ==, 0);
          sealed = sfu_srtp_protect_rtp (pair.ours, ours, len, len + sfu_srtp_get_overhead (pair.ours), header_len,
                                         (uint64_t) rocs[r] << 16 | seq);
          g_assert_cmpmem (ours, sealed, reference, (size_t) expected);
          if (r > 0)
            continue; /* sequence numbers begin anew: replays, by RFC 3711's guess */
          g_assert_cmpuint (sfu_srtp_unprotect_rtp (pair.theirs, ours, sealed), ==, len);
          g_assert_cmpmem (ours, len, plain, len);
        }
      g_assert_cmpint (srtp_dealloc (session), ==, 0);
    }
  pair_clear (&pair);
}

/* the same for SRTCP (point 14: its own index, encrypted); libsrtp counts from 1 */
static void
test_same_rtcp (gconstpointer user)
{
  uint8_t ours[2048], reference[2048], plain[2048];
  Pair pair;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  write_rtp (ours, 0, 0, 0, -1, 0);
  g_assert_cmpuint (sfu_srtp_protect_rtcp (pair.ours, ours, 8, sizeof ours), >, 8);
  for (size_t len = 8; len <= 1400; len += 4)
    {
      int expected = (int) len;
      size_t sealed;

      for (size_t i = 0; i < len; i++)
        ours[i] = (uint8_t) (i * 3 + len);
      ours[0] = 0x80;
      ours[1] = 200;
      put_u32 (ours + 4, SSRC);
      memcpy (reference, ours, len);
      memcpy (plain, ours, len);
      g_assert_cmpint (srtp_protect_rtcp (pair.reference, reference, &expected), ==, 0);
      sealed = sfu_srtp_protect_rtcp (pair.ours, ours, len, len + sfu_srtp_get_overhead (pair.ours) + 4);
      g_assert_cmpmem (ours, sealed, reference, (size_t) expected);
      g_assert_cmpuint (ours[sealed - (sfu_srtp_get_overhead (pair.ours) == 10 ? 14 : 4)] & 0x80, ==, 0x80);
      g_assert_cmpuint (sfu_srtp_unprotect_rtcp (pair.theirs, ours, sealed), ==, len);
      g_assert_cmpmem (ours, len, plain, len);
      /* a copy of it is a replay */
      g_assert_cmpuint (sfu_srtp_unprotect_rtcp (pair.theirs, reference, (size_t) expected), ==, 0);
    }
  pair_clear (&pair);
}

/* one index for all SSRCs of SRTCP: it never repeats for any of them */
static void
test_rtcp_indexes (gconstpointer user)
{
  uint8_t data[128];
  Pair pair;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  for (unsigned i = 0; i < 400; i++)
    {
      size_t sealed;

      write_rtp (data, 0, (uint16_t) i, 0, -1, 20);
      put_u32 (data + 4, SSRC + i % 3);
      sealed = sfu_srtp_protect_rtcp (pair.ours, data, 32, sizeof data);
      g_assert_cmpuint (sfu_srtp_unprotect_rtcp (pair.theirs, data, sealed), ==, 32);
    }
  pair_clear (&pair);
}

/* what does not fit is refused before a byte is written */
static void
test_room (void)
{
  for (unsigned p = 0; p < G_N_ELEMENTS (profiles); p++)
    {
      uint8_t data[256], before[256];
      unsigned tag;
      Pair pair;

      pair_init (&pair, profiles[p]);
      tag = sfu_srtp_get_overhead (pair.ours);
      write_rtp (data, SSRC, 1, 0, -1, 88);
      memcpy (before, data, 100);
      g_assert_cmpuint (sfu_srtp_protect_rtp (pair.ours, data, 100, 100 + tag - 1, 12, 1), ==, 0);
      g_assert_cmpuint (sfu_srtp_protect_rtp (pair.ours, data, 100, 99, 12, 1), ==, 0);
      g_assert_cmpuint (sfu_srtp_protect_rtp (pair.ours, data, 100, 200, 11, 1), ==, 0);
      g_assert_cmpuint (sfu_srtp_protect_rtp (pair.ours, data, 100, 200, 101, 1), ==, 0);
      g_assert_cmpuint (sfu_srtp_protect_rtcp (pair.ours, data, 100, 100 + tag + 3), ==, 0);
      g_assert_cmpuint (sfu_srtp_protect_rtcp (pair.ours, data, 7, 200), ==, 0);
      g_assert_cmpmem (data, 100, before, 100);
      g_assert_cmpuint (sfu_srtp_protect_rtp (pair.ours, data, 100, 100 + tag, 12, 1), ==, 100 + tag);
      pair_clear (&pair);
    }
}

/* point 11: the replay window has 1024 packets; nothing passes twice, a late one passes once */
static void
test_replay (gconstpointer user)
{
  Pair pair;
  SfuSrtpStats stats;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  for (unsigned i = 1; i <= 3000; i++)
    if (i != 2500 && i != 1990 && i != 1900)
      g_assert_cmpuint (pass (&pair, SSRC, i), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 3000), ==, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 2999), ==, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 1), ==, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 2500), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 1990), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 1990), ==, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 1900), ==, 0); /* over 1024 behind */
  stats = stats_of (pair.theirs);
  g_assert_cmpuint (stats.ok, ==, 2999);
  g_assert_cmpuint (stats.bad_replay, ==, 5);
  g_assert_cmpuint (stats.bad_auth, ==, 0);
  pair_clear (&pair);
}

/* any bit that is turned makes a packet nobody's */
static void
test_forged (gconstpointer user)
{
  uint8_t sealed[256], data[256];
  SfuSrtpStats stats;
  size_t len;
  Pair pair;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  len = send_rtp (&pair, sealed, sizeof sealed, SSRC, 5);
  for (size_t bit = 0; bit < len * 8; bit++)
    {
      memcpy (data, sealed, len);
      data[bit / 8] ^= (uint8_t) (1u << bit % 8);
      g_assert_cmpuint (sfu_srtp_unprotect_rtp (pair.theirs, data, len), ==, 0);
    }
  for (size_t cut = 0; cut < len; cut++)
    {
      memcpy (data, sealed, cut);
      g_assert_cmpuint (sfu_srtp_unprotect_rtp (pair.theirs, data, cut), ==, 0);
      memcpy (data, sealed, cut);
      g_assert_cmpuint (sfu_srtp_unprotect_rtcp (pair.theirs, data, cut), ==, 0);
    }
  stats = stats_of (pair.theirs);
  g_assert_cmpuint (stats.ok, ==, 0);
  g_assert_cmpuint (stats.evicted, ==, 0);
  g_assert_cmpuint (sfu_srtp_unprotect_rtp (pair.theirs, sealed, len), >, 0);
  pair_clear (&pair);
}

/* point 14: SSRCs come and go without end: the eldest makes way, and forgeries push nobody out */
static void
test_rotation (gconstpointer user)
{
  uint8_t data[256];
  Pair pair;
  size_t len;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  for (unsigned i = 0; i < 10 * SFU_SRTP_STREAMS_MAX; i++)
    {
      g_assert_cmpuint (pass (&pair, 1, i + 1), >, 0); /* this one is heard all the time, and stays */
      g_assert_cmpuint (pass (&pair, 1000 + i, 7), >, 0);
      len = send_rtp (&pair, data, sizeof data, 90000 + i, 7);
      data[len - 1] ^= 1;
      g_assert_cmpuint (sfu_srtp_unprotect_rtp (pair.theirs, data, len), ==, 0);
    }
  g_assert_cmpuint (stats_of (pair.theirs).evicted, ==, 10 * SFU_SRTP_STREAMS_MAX + 1 - SFU_SRTP_STREAMS_MAX);
  g_assert_cmpuint (pass (&pair, 1, 3), ==, 0); /* its window has not been forgotten */
  pair_clear (&pair);
}

/* point 12, RFC 3711 §3.3.1: the counter rolls over many times, with loss and disorder around the wrap */
static void
test_wrap (gconstpointer user)
{
  Pair pair;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  for (uint64_t index = 100; index < 6 * 65536 - 21000; index += 4096)
    g_assert_cmpuint (pass (&pair, SSRC, index), >, 0);
  for (uint64_t wrap = 6 * 65536; wrap < 9 * 65536; wrap += 65536)
    {
      g_assert_cmpuint (pass (&pair, SSRC, wrap - 20000), >, 0);
      g_assert_cmpuint (pass (&pair, SSRC, wrap - 3), >, 0);
      g_assert_cmpuint (pass (&pair, SSRC, wrap + 2), >, 0);
      g_assert_cmpuint (pass (&pair, SSRC, wrap - 1), >, 0);
      g_assert_cmpuint (pass (&pair, SSRC, wrap + 1), >, 0);
      g_assert_cmpuint (pass (&pair, SSRC, wrap - 2), >, 0);
      g_assert_cmpuint (pass (&pair, SSRC, wrap - 2), ==, 0);
      g_assert_cmpuint (pass (&pair, SSRC, wrap + 20000), >, 0);
    }
  g_assert_cmpuint (stats_of (pair.theirs).recovered, ==, 0);
  pair_clear (&pair);
}

/* point 12: the first packet that arrives is already behind a wrap, or so many are lost that the guess is one off */
static void
test_wrong_guess (gconstpointer user)
{
  Pair pair;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  g_assert_cmpuint (pass (&pair, SSRC, 65536 + 2), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 65536 + 3), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 65535), >, 0); /* late, of the counter before */
  g_assert_cmpuint (pass (&pair, SSRC, 65535), ==, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 65536 + 2), ==, 0);
  g_assert_cmpuint (stats_of (pair.theirs).recovered, ==, 1);
  g_assert_cmpuint (pass (&pair, SSRC, 2 * 65536 + 10), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 4 * 65536 + 20), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 4 * 65536 + 21), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 5 * 65536 - 40000), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 5 * 65536 - 10000), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 5 * 65536 + 1), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 2 * 65536 + 10), ==, 0);
  g_assert_cmpuint (stats_of (pair.theirs).recovered, ==, 3);
  pair_clear (&pair);
}

/* as many are lost as makes the next ones look older than the window: found out after some of them, not after a round */
static void
test_far_ahead (gconstpointer user)
{
  unsigned n = 0;
  Pair pair;

  pair_init (&pair, *(const SfuSrtpProfile *) user);
  g_assert_cmpuint (pass (&pair, SSRC, 40000), >, 0);
  while (pass (&pair, SSRC, 65536 + 20000 + n) == 0)
    n++;
  g_assert_cmpuint (n, <, 64);
  g_assert_cmpuint (n, >, 8); /* late packets of before are not worth the work */
  g_assert_cmpuint (pass (&pair, SSRC, 65536 + 20001 + n), >, 0);
  g_assert_cmpuint (pass (&pair, SSRC, 40000), ==, 0);
  pair_clear (&pair);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *name;
    GTestDataFunc fn;
  } tests[] = {
    { "same-rtp", test_same_rtp }, { "same-rtcp", test_same_rtcp }, { "rtcp-indexes", test_rtcp_indexes },
    { "replay", test_replay },     { "forged", test_forged },       { "rotation", test_rotation },
    { "wrap", test_wrap },         { "wrong-guess", test_wrong_guess },
    { "far-ahead", test_far_ahead },
  };

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (srtp_init (), ==, 0); /* the reference */
  g_test_add_func ("/sfu/srtp/lengths", test_lengths);
  g_test_add_func ("/sfu/srtp/room", test_room);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    for (unsigned p = 0; p < G_N_ELEMENTS (profiles); p++)
      {
        g_autofree char *name = g_strdup_printf ("/sfu/srtp/%s/%s", tests[i].name, sfu_srtp_profile_get_name (profiles[p]));

        g_test_add_data_func (name, &profiles[p], tests[i].fn);
      }
  return g_test_run ();
}
