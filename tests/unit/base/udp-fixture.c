/* SPDX-License-Identifier: Apache-2.0 */
#include "udp-fixture.h"

#include <string.h>

AlLoop *loop;
AlUdpHub *hub;

void
port_on_datagrams (AlUdp *udp, const AlUdpDatagram *datagrams, unsigned n, int64_t now_us, void *user)
{
  Port *port = user;

  g_assert_cmpint (now_us, ==, al_loop_now_us (loop));
  g_assert_cmpuint (n, >=, 1);
  g_assert_cmpuint (n, <=, 256);
  port->n_calls++;
  for (unsigned i = 0; i < n; i++)
    {
      g_ptr_array_add (port->got, g_bytes_new (datagrams[i].data, datagrams[i].len));
      port->from_before = port->from;
      port->from = *datagrams[i].from;
      if (datagrams[i].local != NULL)
        port->local = *datagrams[i].local;
      port->ecn = datagrams[i].ecn;
      if (port->react != NULL)
        port->react (port, &datagrams[i], i);
    }
}

void
port_open_at (Port *port, const char *where, const AlUdpConfig *config)
{
  g_autoptr (GError) error = NULL;
  AlUdpConfig usual = { .rcvbuf_bytes = 4 << 20 };
  AlAddr address;

  memset (port, 0, sizeof *port);
  g_assert_true (al_addr_parse (where, 0, &address, NULL));
  port->got = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  port->udp = al_udp_new (hub, &address, config != NULL ? config : &usual, port_on_datagrams, port, &error);
  g_assert_no_error (error);
  al_udp_get_address (port->udp, &port->address);
}

void
port_open (Port *port)
{
  port_open_at (port, "127.0.0.1:0", NULL);
}

void
port_close (Port *port)
{
  al_udp_free (port->udp);
  g_ptr_array_unref (port->got);
}

AlUdpStats
stats_of (Port *port)
{
  AlUdpStats stats;

  al_udp_get_stats (port->udp, &stats);
  return stats;
}

void
set_up (unsigned offload)
{
  g_autoptr (GError) error = NULL;

  loop = al_loop_new ("test", &error);
  g_assert_no_error (error);
  hub = al_udp_hub_new (loop, offload, &error);
  g_assert_no_error (error);
}

void
tear_down (void)
{
  al_udp_hub_free (hub);
  al_loop_free (loop);
}

void
run_until_got (Port *port, unsigned n)
{
  while (port->got->len < n)
    al_loop_iterate (loop, 10);
  g_assert_cmpuint (port->got->len, ==, n);
}

void
assert_got (Port *port, unsigned i, const void *data, size_t len)
{
  gsize size;
  const void *bytes = g_bytes_get_data (g_ptr_array_index (port->got, i), &size);

  g_assert_cmpmem (bytes, size, data, len);
}

void
send_some_way (Port *port, const AlAddr *to, const uint8_t *data, size_t len, unsigned way)
{
  static AlPool *pool;

  switch (way % 6)
    {
    case 0:
      al_udp_send (port->udp, to, NULL, data, len);
      break;
    case 1:
      al_udp_send_view (port->udp, to, NULL, NULL, 0, data, len);
      break;
    case 2:
      {
        size_t head = MIN (len, way % 65);
        uint8_t copy[64];

        memcpy (copy, data, head);
        al_udp_send_view (port->udp, to, NULL, copy, head, data + head, len - head);
        memset (copy, 0xee, sizeof copy); /* the head was copied */
      }
      break;
    case 3:
      {
        AlPkt *pkt;

        if (pool == NULL)
          pool = al_pool_new (4096, AL_PKT_SIZE, NULL);
        pkt = al_pool_take (pool);
        pkt->offset = 36;
        pkt->len = (uint16_t) len;
        memcpy (pkt->data + 36, data, len);
        al_udp_send_pkt (port->udp, to, NULL, pkt);
        al_pkt_unref (pkt);
      }
      break;
    case 4:
      {
        uint8_t *room = al_udp_reserve (port->udp, MAX (len, 1));

        memcpy (room, data, len);
        al_udp_commit (port->udp, to, NULL, len);
      }
      break;
    default:
      {
        struct iovec body = { (void *) data, len };

        al_udp_send_burst (port->udp, to, NULL, &body, 1);
      }
      break;
    }
}
