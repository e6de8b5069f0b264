/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "sfu/tcp-frame.h"

/* RFC 4571 §2: the stream arrives in pieces of any size (point 4: many tiny reads) */
static void
test_pieces (void)
{
  uint8_t stream[256], header[2];
  const size_t lens[] = { 1, 0, 20, 77 };
  size_t total = 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (lens); i++)
    {
      sfu_tcp_frame_begin (lens[i], header);
      memcpy (stream + total, header, 2);
      memset (stream + total + 2, (int) i, lens[i]);
      total += 2 + lens[i];
    }
  for (size_t piece = 1; piece <= total; piece++)
    {
      size_t have = 0, at = 0, n_frames = 0;

      while (n_frames < G_N_ELEMENTS (lens))
        {
          const uint8_t *packet;
          size_t packet_len;
          ssize_t used = sfu_tcp_frame_next (stream + at, have - at, &packet, &packet_len);

          g_assert_cmpint (used, >=, 0);
          if (used == 0)
            {
              g_assert_cmpuint (have, <, total);
              have = MIN (have + piece, total);
              continue;
            }
          g_assert_cmpuint (packet_len, ==, lens[n_frames]);
          for (size_t i = 0; i < packet_len; i++)
            g_assert_cmpuint (packet[i], ==, n_frames);
          at += (size_t) used;
          n_frames++;
        }
      g_assert_cmpuint (at, ==, total);
    }
}

/* a length that no packet of ours has ends the connection before its bytes are waited for */
static void
test_bounded (void)
{
  uint8_t stream[SFU_TCP_FRAME_HEADER + SFU_TCP_FRAME_MAX] = { 0 };
  const uint8_t *packet;
  size_t len;

  sfu_tcp_frame_begin (SFU_TCP_FRAME_MAX, stream);
  g_assert_cmpint (sfu_tcp_frame_next (stream, sizeof stream - 1, &packet, &len), ==, 0);
  g_assert_cmpint (sfu_tcp_frame_next (stream, sizeof stream, &packet, &len), ==, sizeof stream);
  g_assert_cmpuint (len, ==, SFU_TCP_FRAME_MAX);
  sfu_tcp_frame_begin (SFU_TCP_FRAME_MAX + 1, stream);
  g_assert_cmpint (sfu_tcp_frame_next (stream, 1, &packet, &len), ==, 0);
  g_assert_cmpint (sfu_tcp_frame_next (stream, 2, &packet, &len), ==, -1);
  g_assert_cmpint (sfu_tcp_frame_next (NULL, 0, &packet, &len), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/tcp-frame/pieces", test_pieces);
  g_test_add_func ("/sfu/tcp-frame/bounded", test_bounded);
  return g_test_run ();
}
