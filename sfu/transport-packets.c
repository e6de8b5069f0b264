/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in beside ICE: DTLS and SRTP, by paths that have passed a check alone. */
#include "sfu/transport-private.h"

#include "base/dtls-hello.h"

void
sfu_transport_on_dtls (SfuTransport *transport, const SfuPath *path, const uint8_t *data, size_t len, int64_t now_us)
{
  if (transport->state == SFU_TRANSPORT_CLOSED)
    return;
  if (sfu_transport_find_path (transport, path) == SFU_NO_PATH)
    {
      transport->stats.rx_bad_path++;
      return;
    }
  /* RFC 8842 §5: a connection of its own after an ICE restart. Without one it is a late copy, or a forgery */
  if (sfu_transport_was_connected (transport) && transport->restarts != transport->dtls_restarts
      && al_dtls_is_client_hello (data, len))
    {
      sfu_transport_finish (transport, SFU_END_RESTARTED, now_us);
      return;
    }
  /* after an ICE restart the peer may close the connection that it is about to replace: its ClientHello decides */
  if (sfu_transport_was_connected (transport) && transport->restarts != transport->dtls_restarts
      && al_dtls_is_alert (data, len))
    {
      transport->farewell_us = MIN (transport->farewell_us, now_us);
      return;
    }
  sfu_dtls_on_datagram (transport->dtls, data, len, now_us);
  sfu_transport_follow_dtls (transport, now_us);
  if (sfu_transport_was_connected (transport) && al_dtls_is_alert (data, len))
    transport->farewell_us = MIN (transport->farewell_us, now_us);
}

/* may a packet from @path be decrypted */
static bool
is_welcome (SfuTransport *transport, const SfuPath *path)
{
  if (!sfu_transport_was_connected (transport))
    {
      transport->stats.rx_early++;
      return false;
    }
  if (transport->selected != SFU_NO_PATH && sfu_path_equal (&transport->paths[transport->selected].path, path))
    return true;
  if (sfu_transport_find_path (transport, path) != SFU_NO_PATH)
    return true;
  transport->stats.rx_bad_path++;
  return false;
}

static size_t
note_packet (SfuTransport *transport, size_t wire_len, size_t len, int64_t now_us)
{
  if (len == 0)
    return 0;
  if (transport->stats.rx_pkts == 0)
    sfu_dtls_drop_flight (transport->dtls); /* who has the keys has finished */
  transport->heard_us = now_us;
  transport->farewell_us = INT64_MAX;
  transport->stats.rx_pkts++;
  transport->stats.rx_bytes += wire_len;
  if (transport->state == SFU_TRANSPORT_INTERRUPTED && transport->selected != SFU_NO_PATH)
    sfu_transport_set_state (transport, SFU_TRANSPORT_CONNECTED);
  return len;
}

size_t
sfu_transport_unprotect_rtp (SfuTransport *transport, const SfuPath *path, uint8_t *rtp, size_t len, int64_t now_us)
{
  if (!is_welcome (transport, path))
    return 0;
  return note_packet (transport, len, sfu_srtp_unprotect_rtp (transport->srtp, rtp, len), now_us);
}

size_t
sfu_transport_unprotect_rtcp (SfuTransport *transport, const SfuPath *path, uint8_t *rtcp, size_t len, int64_t now_us)
{
  if (!is_welcome (transport, path))
    return 0;
  return note_packet (transport, len, sfu_srtp_unprotect_rtcp (transport->srtp, rtcp, len), now_us);
}
