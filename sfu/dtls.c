/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AlDtls with what WebRTC adds: datagrams that come before the peer's fingerprint is known, the fingerprint, and keys for SRTP.
 * Cookies are not needed: the peer's address has been proved by ICE.
 *
 * AlDtls is given back as soon as the keys are taken (sfu_dtls_release()): nothing but alerts would use it. What stays is the
 * record of our close_notify, encrypted beforehand, and, at a server, the flight that the client asks for again by its Finished
 * when ours was lost (RFC 6347 §4.2.4).
 *
 *   NEW --start--> HANDSHAKE --finished--> CONNECTED --close_notify--> CLOSED
 *                      `--alert, certificate, time--> FAILED <--alert--'
 */
#include "sfu/dtls.h"

#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <string.h>

#include "base/dtls.h"
#include "sfu/dtls-private.h"
#include "sfu/farewell.h"

#define FAREWELL_MAX 64
#define EXPORTER "EXTRACTOR-dtls_srtp" /* RFC 5764 §4.2 */

struct SfuDtls {
  /* passed in, not owned */
  const SfuIdentity *identity;
  SfuDtlsSendFn send;
  void *user;
  /* owned */
  AlDtls *core; /* NULL before the start and after the end */
  struct {
    uint8_t *data;
    size_t len;
  } queue[SFU_DTLS_QUEUE_MAX];
  unsigned n_queued;
  GPtrArray *flight; /* (nullable): of GBytes: what the last step of the handshake sent */
  uint8_t farewell[FAREWELL_MAX]; /* our close_notify, once released */
  size_t farewell_len;
  SfuFarewell peer_farewell; /* the peer's, once released */
  bool is_client, is_released, is_writing_farewell;
  int64_t flight_us, flight_end_us; /* when it was sent last; when it is no longer sent */

  SfuDtlsState state;
  const char *error; /* a static text */
  SfuFingerprint allowed[SFU_FINGERPRINTS_MAX];
  unsigned n_allowed;
  const SfuFingerprint *peer; /* in allowed */
};

static void
on_send (const uint8_t *data, size_t len, void *user)
{
  SfuDtls *dtls = user;

  if (dtls->is_writing_farewell)
    {
      dtls->farewell_len = len <= FAREWELL_MAX ? len : 0;
      memcpy (dtls->farewell, data, dtls->farewell_len);
      return;
    }
  if (dtls->flight != NULL)
    g_ptr_array_add (dtls->flight, g_bytes_new (data, len));
  dtls->send (data, len, dtls->user);
}

int
sfu_dtls_on_certificate (X509_STORE_CTX *store, void *unused)
{
  SfuDtls *dtls = al_dtls_get_user (X509_STORE_CTX_get_ex_data (store, SSL_get_ex_data_X509_STORE_CTX_idx ()));
  X509 *certificate = X509_STORE_CTX_get0_cert (store);
  SfuFingerprint found;

  for (unsigned i = 0; certificate != NULL && i < dtls->n_allowed; i++)
    if (sfu_fingerprint_compute (certificate, dtls->allowed[i].hash, &found)
        && sfu_fingerprint_equal (&found, &dtls->allowed[i]))
      {
        dtls->peer = &dtls->allowed[i];
        return 1;
      }
  dtls->error = "the certificate has another fingerprint than was signaled";
  X509_STORE_CTX_set_error (store, X509_V_ERR_CERT_REJECTED); /* the peer is told bad_certificate (RFC 8122 §6.2) */
  return 0;
}

SfuDtls *
sfu_dtls_new (const SfuIdentity *identity, SfuDtlsSendFn send, void *user)
{
  SfuDtls *dtls = g_new0 (SfuDtls, 1);

  dtls->identity = identity;
  dtls->send = send;
  dtls->user = user;
  return dtls;
}

static void
clear_queue (SfuDtls *dtls)
{
  for (unsigned i = 0; i < dtls->n_queued; i++)
    g_free (dtls->queue[i].data);
  dtls->n_queued = 0;
}

void
sfu_dtls_free (SfuDtls *dtls)
{
  if (dtls == NULL)
    return;
  clear_queue (dtls);
  sfu_dtls_drop_flight (dtls);
  al_dtls_free (dtls->core);
  sfu_farewell_clear (&dtls->peer_farewell);
  g_free (dtls);
}

static void
set_state (SfuDtls *dtls, SfuDtlsState state)
{
  static const uint8_t edges[SFU_DTLS_N] = {
    [SFU_DTLS_NEW] = 1 << SFU_DTLS_HANDSHAKE | 1 << SFU_DTLS_CLOSED | 1 << SFU_DTLS_FAILED,
    [SFU_DTLS_HANDSHAKE] = 1 << SFU_DTLS_CONNECTED | 1 << SFU_DTLS_CLOSED | 1 << SFU_DTLS_FAILED,
    [SFU_DTLS_CONNECTED] = 1 << SFU_DTLS_CLOSED | 1 << SFU_DTLS_FAILED,
  };

  g_assert (edges[dtls->state] >> state & 1);
  dtls->state = state;
  if (state >= SFU_DTLS_CLOSED)
    {
      g_clear_pointer (&dtls->core, al_dtls_free);
      sfu_dtls_drop_flight (dtls);
    }
}

/* @why: a static text */
static void
fail (SfuDtls *dtls, const char *why)
{
  if (dtls->error == NULL)
    dtls->error = why;
  set_state (dtls, SFU_DTLS_FAILED);
}

/* what has become of the core. A handshake without keys for SRTP is none */
static void
follow (SfuDtls *dtls, int64_t now_us)
{
  AlDtlsState state = al_dtls_get_state (dtls->core);

  if (state == AL_DTLS_FAILED)
    fail (dtls, al_dtls_get_error (dtls->core));
  else if (state == AL_DTLS_CLOSED)
    set_state (dtls, SFU_DTLS_CLOSED);
  else if (state == AL_DTLS_OPEN && dtls->state == SFU_DTLS_HANDSHAKE)
    {
      if (SSL_get_selected_srtp_profile (al_dtls_get_ssl (dtls->core)) != NULL && dtls->peer != NULL)
        {
          set_state (dtls, SFU_DTLS_CONNECTED);
          return;
        }
      al_dtls_close (dtls->core, now_us);
      fail (dtls, "no common profile of SRTP");
    }
}

/* while the handshake lasts, the flight is what its last step sent */
static void
begin_flight (SfuDtls *dtls)
{
  if (dtls->state != SFU_DTLS_HANDSHAKE)
    return;
  sfu_dtls_drop_flight (dtls);
  dtls->flight = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
}

static void
end_flight (SfuDtls *dtls)
{
  /* a client has had the server's last flight: it is asked for nothing */
  if (dtls->state == SFU_DTLS_HANDSHAKE || (dtls->state == SFU_DTLS_CONNECTED && dtls->is_client))
    sfu_dtls_drop_flight (dtls);
}

static void
take (SfuDtls *dtls, const uint8_t *data, size_t len, int64_t now_us)
{
  begin_flight (dtls);
  al_dtls_on_datagram (dtls->core, data, len, now_us);
  follow (dtls, now_us);
  end_flight (dtls);
}

void
sfu_dtls_start (SfuDtls *dtls, bool client, const SfuFingerprint *fingerprints, unsigned n, int64_t now_us)
{
  static const AlDtlsConfig config = { SFU_DTLS_MTU, SFU_DTLS_FIRST_US, SFU_DTLS_CAP_US, SFU_DTLS_GIVE_UP_US };
  static const AlDtlsOps ops = { .send = on_send };

  g_return_if_fail (dtls->state == SFU_DTLS_NEW && n >= 1 && n <= SFU_FINGERPRINTS_MAX);
  memcpy (dtls->allowed, fingerprints, n * sizeof *fingerprints);
  dtls->n_allowed = n;
  dtls->is_client = client;
  dtls->core = al_dtls_new (sfu_identity_get_ssl (dtls->identity), &config, &ops, dtls);
  if (dtls->core == NULL)
    {
      fail (dtls, "no memory");
      return;
    }
  SSL_set_verify (al_dtls_get_ssl (dtls->core), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  set_state (dtls, SFU_DTLS_HANDSHAKE);
  if (client)
    al_dtls_connect (dtls->core, now_us);
  else
    al_dtls_accept (dtls->core, now_us);
  follow (dtls, now_us);
  for (unsigned i = 0; i < dtls->n_queued && dtls->core != NULL; i++)
    take (dtls, dtls->queue[i].data, dtls->queue[i].len, now_us);
  clear_queue (dtls);
}

/* bounded: nobody knows any more whether it was the peer that asked */
static void
repeat_flight (SfuDtls *dtls, int64_t now_us)
{
  if (dtls->flight == NULL || now_us - dtls->flight_us < SFU_DTLS_FIRST_US || now_us >= dtls->flight_end_us)
    return;
  dtls->flight_us = now_us;
  for (unsigned i = 0; i < dtls->flight->len; i++)
    {
      gsize len;
      const uint8_t *data = g_bytes_get_data (g_ptr_array_index (dtls->flight, i), &len);

      dtls->send (data, len, dtls->user);
    }
}

void
sfu_dtls_on_datagram (SfuDtls *dtls, const uint8_t *data, size_t len, int64_t now_us)
{
  if (len == 0 || len > AL_DTLS_DATAGRAM_MAX || dtls->state >= SFU_DTLS_CLOSED)
    return;
  if (dtls->is_released)
    {
      if (al_dtls_has_finished (data, len))
        repeat_flight (dtls, now_us);
      else if (sfu_farewell_is_genuine (&dtls->peer_farewell, data, len))
        set_state (dtls, SFU_DTLS_CLOSED);
    }
  else if (dtls->state != SFU_DTLS_NEW)
    take (dtls, data, len, now_us);
  else if (dtls->n_queued < SFU_DTLS_QUEUE_MAX)
    {
      dtls->queue[dtls->n_queued].data = g_memdup2 (data, len);
      dtls->queue[dtls->n_queued++].len = len;
    }
}

void
sfu_dtls_tick (SfuDtls *dtls, int64_t now_us)
{
  if (dtls->core == NULL)
    return;
  al_dtls_tick (dtls->core, now_us);
  follow (dtls, now_us);
}

int64_t
sfu_dtls_get_deadline (const SfuDtls *dtls)
{
  return dtls->core != NULL ? al_dtls_get_deadline (dtls->core) : INT64_MAX;
}

void
sfu_dtls_close (SfuDtls *dtls, int64_t now_us)
{
  if (dtls->state >= SFU_DTLS_CLOSED)
    return;
  if (dtls->farewell_len > 0)
    dtls->send (dtls->farewell, dtls->farewell_len, dtls->user);
  else if (dtls->core != NULL)
    al_dtls_close (dtls->core, now_us);
  clear_queue (dtls);
  set_state (dtls, SFU_DTLS_CLOSED);
}

void
sfu_dtls_release (SfuDtls *dtls, int64_t now_us)
{
  g_return_if_fail (dtls->state == SFU_DTLS_CONNECTED && !dtls->is_released);
  (void) sfu_farewell_init (&dtls->peer_farewell, al_dtls_get_ssl (dtls->core));
  dtls->is_writing_farewell = true;
  al_dtls_close (dtls->core, now_us);
  dtls->is_writing_farewell = false;
  g_clear_pointer (&dtls->core, al_dtls_free);
  dtls->is_released = true;
  dtls->flight_us = now_us;
  dtls->flight_end_us = now_us + SFU_DTLS_GIVE_UP_US;
}

void
sfu_dtls_drop_flight (SfuDtls *dtls)
{
  g_clear_pointer (&dtls->flight, g_ptr_array_unref);
}

SfuDtlsState
sfu_dtls_get_state (const SfuDtls *dtls)
{
  return dtls->state;
}

const char *
sfu_dtls_get_error (const SfuDtls *dtls)
{
  return dtls->error != NULL ? dtls->error : "";
}

const SfuFingerprint *
sfu_dtls_get_peer (const SfuDtls *dtls)
{
  return dtls->peer;
}

/* client_write_key, server_write_key, client_write_salt, server_write_salt (RFC 5764 §4.2) */
SfuSrtpProfile
sfu_dtls_export (SfuDtls *dtls, SfuSrtpKey *ret_send, SfuSrtpKey *ret_receive)
{
  uint8_t bytes[2 * (SFU_SRTP_KEY_MAX + SFU_SRTP_SALT_MAX)];
  SfuSrtpKey *client, *server;
  SSL *ssl = dtls->core != NULL ? al_dtls_get_ssl (dtls->core) : NULL;
  SfuSrtpProfile profile;
  unsigned key_len, salt_len;

  if (dtls->state != SFU_DTLS_CONNECTED || dtls->is_released)
    return SFU_SRTP_NONE;
  profile = (SfuSrtpProfile) SSL_get_selected_srtp_profile (ssl)->id;
  key_len = sfu_srtp_profile_get_key_len (profile);
  salt_len = sfu_srtp_profile_get_salt_len (profile);
  if (SSL_export_keying_material (ssl, bytes, 2 * (key_len + salt_len), EXPORTER, strlen (EXPORTER), NULL, 0, 0) != 1)
    {
      ERR_clear_error ();
      return SFU_SRTP_NONE;
    }
  client = SSL_is_server (ssl) ? ret_receive : ret_send;
  server = SSL_is_server (ssl) ? ret_send : ret_receive;
  memcpy (client->key, bytes, key_len);
  memcpy (server->key, bytes + key_len, key_len);
  memcpy (client->salt, bytes + 2 * key_len, salt_len);
  memcpy (server->salt, bytes + 2 * key_len + salt_len, salt_len);
  OPENSSL_cleanse (bytes, sizeof bytes);
  return profile;
}
