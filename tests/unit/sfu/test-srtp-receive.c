/* SPDX-License-Identifier: Apache-2.0 */
/* What is received under GCM is judged as libsrtp judges it: random sequences through both. */
#include "srtp-packets.h"

#define SSRCS 5
#define PACKETS 4000

typedef struct {
  GRand *rand;
  SfuSrtp *sender;
  SfuSrtpReceiver receiver;
  SfuSrtpStats stats;
  srtp_policy_t policy;
  srtp_t reference;
  uint8_t key[SFU_SRTP_KEY_MAX + SFU_SRTP_SALT_MAX];
  uint64_t next[SSRCS];
  unsigned n[SFU_SRTP_MALFORMED + 1]; /* of each verdict */
} Judges;

static void
judges_init (Judges *judges, SfuSrtpProfile profile, unsigned seed)
{
  unsigned key_len = sfu_srtp_profile_get_key_len (profile);
  SfuSrtpKey key, other;

  memset (judges, 0, sizeof *judges);
  judges->rand = g_rand_new_with_seed (seed);
  make_key (judges->rand, &key);
  make_key (judges->rand, &other);
  judges->sender = sfu_srtp_new (profile, &key, &other);
  g_assert_true (sfu_srtp_receiver_init (&judges->receiver, profile, &key));
  memcpy (judges->key, key.key, key_len);
  memcpy (judges->key + key_len, key.salt, sfu_srtp_profile_get_salt_len (profile));
  judges->policy = (srtp_policy_t){ .ssrc = { ssrc_any_inbound, 0 }, .key = judges->key, .window_size = SFU_SRTP_WINDOW };
  g_assert_cmpint (srtp_crypto_policy_set_from_profile_for_rtp (&judges->policy.rtp, (srtp_profile_t) profile), ==, 0);
  g_assert_cmpint (srtp_crypto_policy_set_from_profile_for_rtcp (&judges->policy.rtcp, (srtp_profile_t) profile), ==, 0);
  g_assert_cmpint (srtp_create (&judges->reference, &judges->policy), ==, 0);
  for (unsigned i = 0; i < SSRCS; i++)
    judges->next[i] = (uint64_t) g_rand_int_range (judges->rand, 0, 65536);
}

static void
judges_clear (Judges *judges)
{
  g_rand_free (judges->rand);
  sfu_srtp_free (judges->sender);
  sfu_srtp_receiver_clear (&judges->receiver);
  g_assert_cmpint (srtp_dealloc (judges->reference), ==, 0);
}

static SfuSrtpVerdict
verdict_of (srtp_err_status_t status)
{
  switch (status)
    {
    case srtp_err_status_ok: return SFU_SRTP_OK;
    case srtp_err_status_replay_fail: return SFU_SRTP_REPLAYED;
    case srtp_err_status_replay_old: return SFU_SRTP_OLD;
    case srtp_err_status_auth_fail: return SFU_SRTP_FORGED;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err: return SFU_SRTP_MALFORMED;
    default: g_assert_cmpint (status, ==, srtp_err_status_cipher_fail); /* shorter than a tag */ return SFU_SRTP_MALFORMED;
    }
}

/* the same words, or ours found that it is too short before libsrtp found something else */
static void
compare (Judges *judges, SfuSrtpVerdict ours, srtp_err_status_t status)
{
  if (ours != SFU_SRTP_MALFORMED || status == srtp_err_status_ok)
    g_assert_cmpint (ours, ==, verdict_of (status));
  judges->n[ours]++;
}

/* what happens to one in five: a bit is turned, or the end is missing */
static size_t
damage (Judges *judges, uint8_t *data, size_t len)
{
  switch (g_rand_int_range (judges->rand, 0, 10))
    {
    case 0:
      data[g_rand_int_range (judges->rand, 0, (int) len)] ^= (uint8_t) (1 << g_rand_int_range (judges->rand, 0, 8));
      return len;
    case 1:
      return (size_t) g_rand_int_range (judges->rand, SFU_SRTP_HEADER, (int) len);
    default:
      return len;
    }
}

/* mostly on; back, also beyond the window; far ahead, also over a wrap, but not so far that nobody can guess */
static uint64_t
next_index (Judges *judges, unsigned ssrc)
{
  uint64_t at = judges->next[ssrc], back = (uint64_t) g_rand_int_range (judges->rand, 0, 1300);

  switch (g_rand_int_range (judges->rand, 0, 20))
    {
    case 0:
      return judges->next[ssrc] += (uint64_t) g_rand_int_range (judges->rand, 1, 30000);
    case 1:
      return judges->next[ssrc] += (uint64_t) g_rand_int_range (judges->rand, 1000, 1050);
    case 2:
    case 3:
    case 4:
      return at - MIN (at, back);
    case 5:
      return at - MIN (at, back % 4);
    default:
      return judges->next[ssrc] += (uint64_t) g_rand_int_range (judges->rand, 1, 4);
    }
}

/* ours found another rollover counter than libsrtp guesses: it is told */
static srtp_err_status_t
tell_reference (Judges *judges, uint32_t ssrc, uint64_t index, uint8_t *packet, int *len)
{
  srtp_policy_t policy = judges->policy;

  policy.ssrc = (srtp_ssrc_t){ ssrc_specific, ssrc };
  (void) srtp_remove_stream (judges->reference, ssrc);
  g_assert_cmpint (srtp_add_stream (judges->reference, &policy), ==, 0);
  g_assert_cmpint (srtp_set_stream_roc (judges->reference, ssrc, (uint32_t) (index >> 16)), ==, 0);
  return srtp_unprotect (judges->reference, packet, len);
}

static void
judge_rtp (Judges *judges)
{
  uint8_t data[600], reference[600], copy[600];
  unsigned which = (unsigned) g_rand_int_range (judges->rand, 0, SSRCS);
  uint64_t index = next_index (judges, which), recovered = judges->stats.recovered;
  size_t payload = (size_t) g_rand_int_range (judges->rand, 0, 400), plain_len = 0, len;
  size_t header = write_rtp (data, SSRC + which, (uint16_t) index, (unsigned) g_rand_int_range (judges->rand, 0, 4),
                             g_rand_int_range (judges->rand, -1, 4), payload);
  srtp_err_status_t status;
  SfuSrtpVerdict verdict;
  int reference_len;

  len = sfu_srtp_protect_rtp (judges->sender, data, header + payload, sizeof data, header, index);
  len = damage (judges, data, len);
  memcpy (reference, data, len);
  memcpy (copy, data, len);
  reference_len = (int) len;
  status = srtp_unprotect (judges->reference, reference, &reference_len);
  verdict = sfu_srtp_receiver_rtp (&judges->receiver, data, len, &judges->stats, &plain_len);
  if (judges->stats.recovered > recovered)
    {
      g_assert_cmpint (status, !=, srtp_err_status_ok);
      reference_len = (int) len;
      status = tell_reference (judges, SSRC + which, index, copy, &reference_len);
      memcpy (reference, copy, (size_t) reference_len);
    }
  compare (judges, verdict, status);
  if (verdict == SFU_SRTP_OK)
    g_assert_cmpmem (data, plain_len, reference, (size_t) reference_len);
}

/* points 11 and 12: accepted, replayed, too old, forged, malformed: as libsrtp says, over random sequences, and bit by bit */
static void
test_verdicts_rtp (gconstpointer user)
{
  unsigned n[SFU_SRTP_MALFORMED + 1] = { 0 };
  uint64_t recovered = 0;

  for (unsigned seed = 0; seed < 12; seed++)
    {
      Judges judges;

      judges_init (&judges, *(const SfuSrtpProfile *) user, seed);
      for (unsigned i = 0; i < PACKETS; i++)
        judge_rtp (&judges);
      for (unsigned i = 0; i < G_N_ELEMENTS (n); i++)
        n[i] += judges.n[i];
      recovered += judges.stats.recovered;
      for (unsigned i = 0; i < SSRCS; i++) /* many rounds */
        g_assert_cmpuint (judges.next[i] >> 16, >, 5);
      judges_clear (&judges);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (n); i++)
    g_assert_cmpuint (n[i], >, 300);
  g_assert_cmpuint (n[SFU_SRTP_OK], >, 20000);
  g_test_message ("%u ok, %u old, %u replayed, %u forged, %u malformed, %" G_GUINT64_FORMAT " recovered", n[SFU_SRTP_OK],
                  n[SFU_SRTP_OLD], n[SFU_SRTP_REPLAYED], n[SFU_SRTP_FORGED], n[SFU_SRTP_MALFORMED], recovered);
}

/* @sealers: libsrtp's sessions that encrypt, and that only authenticate (E = 0); both count their own indexes from 1 on */
static void
judge_rtcp (Judges *judges, srtp_t sealers[2], GPtrArray *sent)
{
  uint8_t data[600], reference[600];
  size_t plain = 8 + 4 * (size_t) g_rand_int_range (judges->rand, 0, 100), plain_len = 0, len;
  int reference_len = (int) plain;
  srtp_err_status_t status;
  SfuSrtpVerdict verdict;
  GBytes *bytes;
  size_t age;

  for (size_t i = 0; i < plain; i++)
    data[i] = (uint8_t) (i + sent->len);
  put_u32 (data, 0x80c90000);
  put_u32 (data + 4, SSRC + (uint32_t) g_rand_int_range (judges->rand, 0, 2));
  g_assert_cmpint (srtp_protect_rtcp (sealers[g_rand_int_range (judges->rand, 0, 40) == 0], data, &reference_len), ==, 0);
  g_ptr_array_add (sent, g_bytes_new (data, (size_t) reference_len));
  age = g_rand_int_range (judges->rand, 0, 3) > 0 ? 0 : (size_t) g_rand_int_range (judges->rand, 0, 300);
  bytes = g_ptr_array_index (sent, sent->len - 1 - MIN (age, sent->len - 1));
  len = g_bytes_get_size (bytes);
  memcpy (data, g_bytes_get_data (bytes, NULL), len);
  len = damage (judges, data, len);
  memcpy (reference, data, len);
  reference_len = (int) len;
  status = srtp_unprotect_rtcp (judges->reference, reference, &reference_len);
  verdict = sfu_srtp_receiver_rtcp (&judges->receiver, data, len, &judges->stats, &plain_len);
  compare (judges, verdict, status);
  if (verdict == SFU_SRTP_OK)
    g_assert_cmpmem (data, plain_len, reference, (size_t) reference_len);
}

/* point 14: the same of SRTCP: its own index, with a window of 128; readable ones too */
static void
test_verdicts_rtcp (gconstpointer user)
{
  unsigned n[SFU_SRTP_MALFORMED + 1] = { 0 };

  for (unsigned seed = 0; seed < 6; seed++)
    {
      g_autoptr (GPtrArray) sent = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
      srtp_policy_t policy;
      srtp_t sealers[2];
      Judges judges;

      judges_init (&judges, *(const SfuSrtpProfile *) user, seed);
      policy = judges.policy;
      policy.ssrc.type = ssrc_any_outbound;
      g_assert_cmpint (srtp_create (&sealers[0], &policy), ==, 0);
      policy.rtcp.sec_serv = sec_serv_auth;
      g_assert_cmpint (srtp_create (&sealers[1], &policy), ==, 0);
      for (unsigned i = 0; i < PACKETS; i++)
        judge_rtcp (&judges, sealers, sent);
      for (unsigned i = 0; i < G_N_ELEMENTS (n); i++)
        n[i] += judges.n[i];
      for (unsigned i = 0; i < 2; i++)
        g_assert_cmpint (srtp_dealloc (sealers[i]), ==, 0);
      judges_clear (&judges);
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (n); i++)
    g_assert_cmpuint (n[i], >, 100);
  g_assert_cmpuint (n[SFU_SRTP_OK], >, 6000);
  g_test_message ("%u ok, %u old, %u replayed, %u forged, %u malformed", n[SFU_SRTP_OK], n[SFU_SRTP_OLD], n[SFU_SRTP_REPLAYED],
                  n[SFU_SRTP_FORGED], n[SFU_SRTP_MALFORMED]);
}

int
main (int argc, char **argv)
{
  static const SfuSrtpProfile profiles[] = { SFU_SRTP_AEAD_AES_128_GCM, SFU_SRTP_AEAD_AES_256_GCM };

  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (srtp_init (), ==, 0);
  for (unsigned p = 0; p < G_N_ELEMENTS (profiles); p++)
    {
      const char *name = sfu_srtp_profile_get_name (profiles[p]);
      g_autofree char *rtp = g_strdup_printf ("/sfu/srtp-receive/rtp/%s", name);
      g_autofree char *rtcp = g_strdup_printf ("/sfu/srtp-receive/rtcp/%s", name);

      g_test_add_data_func (rtp, &profiles[p], test_verdicts_rtp);
      g_test_add_data_func (rtcp, &profiles[p], test_verdicts_rtcp);
    }
  return g_test_run ();
}
