/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole WebRTC transport, and a peer of the same parts: the input is a list of commands (run_command()): datagrams as they
 * are, checks that are signed here, DTLS of the peer (also with bits turned), SRTP under the right keys, time. A model says
 * which addresses have passed a check: nothing goes elsewhere, nothing is taken from elsewhere.
 */
#include <glib.h>
#include <string.h>

#include "virtual-clock.h"
#include "base/bytes.h"
#include "base/demux.h"
#include "sfu/rtp.h"
#include "sfu/transport.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define N_PATHS 12
#define PENDING_MAX 32
#define COMMANDS_MAX 400

typedef struct {
  size_t len;
  uint8_t data[SFU_DTLS_MTU];
} Datagram;

/* kept from input to input */
static SfuIdentity *identity, *peer_identity;
static AlHmac *hmacs[2];
static SfuFingerprint fingerprint, peer_fingerprint;
static SfuPath paths[N_PATHS];
static int sockets[2];

/* of one input */
static SfuTransport *transport;
static SfuDtls *dtls;
static SfuSrtp *srtp;
static char ufrags[2][SFU_ICE_UFRAG_LEN + 1]; /* the present generation, the one before */
static bool checked[N_PATHS];                 /* has ever passed a check */
static Datagram pending[PENDING_MAX];         /* of the peer's DTLS */
static unsigned n_pending;
static const SfuPath *answering; /* where a signed check comes from, while it is handled */
static bool may_answer;
static uint64_t rtp_index;
static SfuTransportState state;

static unsigned
number_of (const SfuPath *path)
{
  unsigned i = 0;

  while (i < N_PATHS && !sfu_path_equal (path, &paths[i]))
    i++;
  g_assert_cmpuint (i, <, N_PATHS);
  return i;
}

static void
on_send (SfuTransport *of, const SfuPath *path, const uint8_t *data, size_t len, void *user)
{
  if (al_stun_is (data, len))
    {
      g_assert_true (may_answer && path == answering);
      g_assert_cmpuint (len, <=, SFU_ICE_REPLY_MAX);
      may_answer = false; /* one answer to a check */
      return;
    }
  g_assert_true (checked[number_of (path)]);
  g_assert_true (sfu_path_equal (path, sfu_transport_get_path (of)));
  sfu_dtls_on_datagram (dtls, data, len, clock_us);
}

static void
on_state (SfuTransport *of, SfuTransportState now, void *user)
{
  g_assert_cmpint (state, !=, SFU_TRANSPORT_CLOSED);
  g_assert_cmpint (now, !=, state);
  state = now;
}

static void
on_path (SfuTransport *of, const SfuPath *path, void *user)
{
  g_assert_true (answering != NULL && sfu_path_equal (path, answering));
}

static const SfuTransportOps ops = { on_send, on_state, on_path };

static void
on_peer_send (const uint8_t *data, size_t len, void *user)
{
  if (n_pending == PENDING_MAX)
    return;
  memcpy (pending[n_pending].data, data, len);
  pending[n_pending++].len = len;
}

/* as a worker does. @rtp: room to decrypt in */
static size_t
deliver (const SfuPath *path, uint8_t *data, size_t len)
{
  AlStunMessage message;
  size_t taken = 0;

  switch (al_demux_classify (data, len))
    {
    case AL_DEMUX_STUN:
      if (al_stun_parse (data, len, &message))
        g_assert_false (sfu_transport_on_stun (transport, &message, path, clock_us) && !may_answer && answering == NULL);
      break;
    case AL_DEMUX_DTLS:
      sfu_transport_on_dtls (transport, path, data, len, clock_us);
      break;
    case AL_DEMUX_RTP:
      taken = sfu_rtp_is_rtcp (data, len) ? sfu_transport_unprotect_rtcp (transport, path, data, len, clock_us)
                                          : sfu_transport_unprotect_rtp (transport, path, data, len, clock_us);
      break;
    default:
      break;
    }
  g_assert_true (taken == 0 || checked[number_of (path)]);
  g_assert_true (!sfu_transport_has_path (transport, path) || checked[number_of (path)]);
  return taken;
}

/* @flags: 1: USE-CANDIDATE, 2: nomination, 4: the generation before, 8: controlled, 16: wrong integrity, 32: another peer's name,
 * 64: not a request. @attrs: appended as they are */
static void
signed_check (const SfuPath *path, unsigned flags, const uint8_t *attrs, size_t len)
{
  static const uint8_t tid[AL_STUN_TID_BYTES] = { 1 };
  const char *ufrag = ufrags[(flags & 4) != 0];
  char pwd[SFU_ICE_PWD_LEN + 1], name[64];
  uint8_t data[1024];
  AlStunMessage message;
  AlStunWriter out;
  bool good, was_open = state != SFU_TRANSPORT_CLOSED;

  sfu_ice_make_password (identity, hmacs[0], ufrag, pwd);
  pwd[0] = (flags & 16) != 0 ? '-' : pwd[0];
  (void) g_snprintf (name, sizeof name, "%s:%s", ufrag, (flags & 32) != 0 ? "else" : "peer");
  al_stun_begin (&out, data, sizeof data, (flags & 64) != 0 ? AL_STUN_INDICATION : AL_STUN_REQUEST, AL_STUN_BINDING, tid);
  al_stun_put (&out, AL_STUN_USERNAME, name, strlen (name));
  al_stun_put (&out, (flags & 8) != 0 ? AL_STUN_ICE_CONTROLLED : AL_STUN_ICE_CONTROLLING, tid, 8);
  if ((flags & 1) != 0)
    al_stun_put (&out, AL_STUN_USE_CANDIDATE, NULL, 0);
  if ((flags & 2) != 0)
    al_stun_put_u32 (&out, 0xc001, len > 0 ? attrs[0] : 0);
  for (size_t at = 0; at + 3 <= len; at += 3)
    al_stun_put (&out, (uint16_t) (attrs[at] << 8 | attrs[at + 1]), attrs, MIN (attrs[at + 2], len));
  al_stun_put_integrity (&out, hmacs[0], AL_HMAC_SHA1, pwd, SFU_ICE_PWD_LEN);
  al_stun_put_fingerprint (&out);
  len = al_stun_end (&out);
  if (len == 0 || !al_stun_parse (data, len, &message))
    return;
  may_answer = was_open && (flags & (16 | 32 | 64)) == 0 && sfu_transport_has_ufrag (transport, (const uint8_t *) ufrag);
  answering = path;
  good = may_answer;
  if (good)
    checked[number_of (path)] = true;
  if (sfu_transport_on_stun (transport, &message, path, clock_us))
    {
      g_assert_true (good && sfu_transport_has_path (transport, path));
      g_assert_true ((flags & 3) == 0 || sfu_transport_get_path (transport) != NULL);
    }
  may_answer = false;
  answering = NULL;
}

/* a packet of the peer under the right keys, which comes out as it went in */
static void
good_packet (const SfuPath *path, const uint8_t *content, size_t len, bool rtcp)
{
  uint8_t data[400] = { 0x80, rtcp ? 200 : 96 }, plain[400];
  size_t header = rtcp ? 8 : 12, total = header + MIN (len, 255), sealed, taken;
  bool welcome = sfu_transport_has_path (transport, path)
                 && (state == SFU_TRANSPORT_CONNECTED || state == SFU_TRANSPORT_INTERRUPTED);

  memcpy (data + header, content, total - header);
  if (!rtcp)
    {
      rtp_index += len > 0 ? content[0] : 1;
      data[2] = (uint8_t) (++rtp_index >> 8);
      data[3] = (uint8_t) rtp_index;
    }
  data[header - 1] = 1;
  memcpy (plain, data, total);
  sealed = rtcp ? sfu_srtp_protect_rtcp (srtp, data, total, sizeof data)
                : sfu_srtp_protect_rtp (srtp, data, total, sizeof data, header, rtp_index);
  taken = deliver (path, data, sealed);
  g_assert_cmpuint (taken, ==, welcome ? total : 0);
  g_assert_true (taken == 0 || memcmp (data, plain, total) == 0);
}

/* @flip: bit to be turned of the peer's next datagram; 0: none, and its keys are taken when it is done */
static void
peer_dtls (const SfuPath *path, unsigned flip)
{
  SfuSrtpKey send, receive;
  SfuSrtpProfile profile;
  Datagram next;

  if (sfu_dtls_get_state (dtls) == SFU_DTLS_NEW)
    sfu_dtls_start (dtls, true, &fingerprint, 1, clock_us);
  if (n_pending > 0)
    {
      next = pending[0];
      memmove (pending, pending + 1, --n_pending * sizeof *pending);
      if (flip > 0 && flip / 8 < next.len)
        next.data[flip / 8] ^= (uint8_t) (1u << flip % 8);
      (void) deliver (path, next.data, next.len);
    }
  profile = sfu_dtls_export (dtls, &send, &receive);
  if (srtp == NULL && profile != SFU_SRTP_NONE)
    srtp = sfu_srtp_new (profile, &send, &receive);
}

static void
pass_time (int64_t us)
{
  clock_us += us;
  sfu_dtls_tick (dtls, clock_us);
  sfu_transport_tick (transport, clock_us);
  g_assert_cmpint (sfu_transport_get_deadline (transport), >, clock_us);
}

static void
restart (void)
{
  if (state == SFU_TRANSPORT_CLOSED)
    return;
  memcpy (ufrags[1], ufrags[0], sizeof ufrags[0]);
  sfu_ice_make_ufrag (identity, ufrags[0]);
  sfu_transport_restart_ice (transport, ufrags[0], "peer", clock_us);
}

static void
run_command (AlReader *in)
{
  unsigned op = al_reader_u8 (in), number = al_reader_u8 (in), len = al_reader_u8 (in);
  const SfuPath *path = &paths[number % N_PATHS];
  const uint8_t *bytes = al_reader_slice (in, MIN (len, al_reader_remaining (in)));
  uint8_t copy[256];

  len = bytes == NULL ? 0 : (unsigned) MIN (len, (size_t) (in->next - bytes));
  if (len > 0)
    memcpy (copy, bytes, len);
  switch (op % 10)
    {
    case 0:
      (void) deliver (path, copy, len);
      break;
    case 1:
      signed_check (path, len > 0 ? copy[0] : 0, copy + 1, len > 0 ? len - 1 : 0);
      break;
    case 2:
      pass_time (len > 1 ? (int64_t) (copy[0] << 8 | copy[1]) * 1000 : 20000);
      break;
    case 3:
      restart ();
      break;
    case 4:
      peer_dtls (path, len > 1 ? (unsigned) (copy[0] << 8 | copy[1]) : 0);
      break;
    case 5:
    case 6:
      if (srtp != NULL)
        good_packet (path, copy, len, op % 10 == 5);
      break;
    case 7:
      sfu_transport_forget_via (transport, &sockets[number & 1], clock_us);
      break;
    case 8:
      sfu_transport_set_fingerprints (transport, number % 4 == 3 ? &fingerprint : &peer_fingerprint, 1, clock_us);
      break;
    case 9:
      sfu_transport_set_owner (transport, hmacs[number & 1], NULL);
      if (number == 255)
        sfu_transport_close (transport, clock_us);
      break;
    }
}

static void
set_up (void)
{
  for (unsigned i = 0; i < N_PATHS; i++)
    {
      g_autofree char *text = i < 6 ? g_strdup_printf ("192.0.2.%u:4000", i) : g_strdup_printf ("[2001:db8::%u]:4000", i);

      g_assert_true (al_addr_parse (text, 0, &paths[i].remote, NULL));
      paths[i].via = &sockets[i % 2];
    }
  identity = sfu_identity_new (NULL);
  peer_identity = sfu_identity_new (NULL);
  hmacs[0] = al_hmac_new ();
  hmacs[1] = al_hmac_new ();
  g_assert_true (sfu_fingerprint_parse (sfu_identity_get_fingerprint (identity),
                                        strlen (sfu_identity_get_fingerprint (identity)), &fingerprint));
  g_assert_true (sfu_fingerprint_parse (sfu_identity_get_fingerprint (peer_identity),
                                        strlen (sfu_identity_get_fingerprint (peer_identity)), &peer_fingerprint));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  SfuTransportConfig config = { .remote_ufrag = "peer", .fingerprints = &peer_fingerprint };
  AlReader in;

  if (identity == NULL)
    set_up ();
  clock_us = CLOCK_START_US;
  state = SFU_TRANSPORT_NEW;
  n_pending = 0;
  rtp_index = 0;
  memset (checked, 0, sizeof checked);
  sfu_ice_make_ufrag (identity, ufrags[0]);
  memcpy (ufrags[1], ufrags[0], sizeof ufrags[0]);
  config.identity = identity;
  config.local_ufrag = ufrags[0];
  config.n_fingerprints = size > 0 && (data[0] & 1) != 0;
  transport = sfu_transport_new (&config, &ops, NULL, clock_us);
  sfu_transport_set_owner (transport, hmacs[0], NULL);
  dtls = sfu_dtls_new (peer_identity, on_peer_send, NULL);
  al_reader_init (&in, data, size);
  (void) al_reader_skip (&in, 1);
  for (unsigned i = 0; i < COMMANDS_MAX && al_reader_remaining (&in) > 0; i++)
    run_command (&in);
  while (state != SFU_TRANSPORT_CLOSED) /* nothing lives for ever */
    pass_time (1000000);
  g_assert_cmpint (clock_us, <, CLOCK_START_US + (COMMANDS_MAX + 100) * (int64_t) 100 * 1000000);
  g_clear_pointer (&srtp, sfu_srtp_free);
  sfu_transport_free (transport);
  sfu_dtls_free (dtls);
  return 0;
}
