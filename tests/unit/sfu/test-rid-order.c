/* SPDX-License-Identifier: Apache-2.0 */
/* Point 44: which encoding is which: the order of a=simulcast is one of preference, not of size (RFC 8853 §5.1). */
#include "sfu/rid-order.h"

#include <glib.h>
#include <string.h>

static void
test_pixels (void)
{
  static const struct {
    const char *limits;
    uint32_t pixels;
  } cases[] = {
    { NULL, 0 },
    { "", 0 },
    { "pt=96", 0 },
    { "max-width=1280;max-height=720", 1280 * 720 },
    { "pt=96,97;max-height=90;max-fps=15;max-width=160", 160 * 90 },
    { "max-fs=3600", 3600 * 256 },
    { "max-width=1280;max-fs=3600", 3600 * 256 },
    { "max-width=1280; max-height=720", 1280 * 720 },
    { "max-width=1280", 0 },
    { "xmax-width=1280;max-height=720", 0 },
    { "max-width=12a80;max-height=720", 0 },
    { "max-width=;max-height=720", 0 },
    { "max-width=16384;max-height=16384", 16384u * 16384 },
    { "max-width=16385;max-height=720", 0 },
    { "max-width=4294967297;max-height=720", 0 },
    { "max-fs=99999999999999999999", 0 },
    { "max-width=0;max-height=0", 0 },
    { ";;;", 0 },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (sfu_rid_order_read_pixels (cases[i].limits), ==, cases[i].pixels);
}

static void
test_order (void)
{
  static const struct {
    const char *rids; /* as offered */
    uint32_t pixels[4];
    const char *ordered;
  } cases[] = {
    { "q h f", { 0 }, "q h f" },
    { "f h q", { 0 }, "q h f" },
    { "h l", { 0 }, "l h" },
    { "h m l", { 0 }, "l m h" },
    { "2 0 1", { 0 }, "0 1 2" },
    { "3 2 1", { 0 }, "1 2 3" },
    { "lo mid hi", { 0 }, "lo mid hi" },               /* unknown: as offered */
    { "a q", { 0 }, "a q" },
    { "hi lo", { 921600, 230400 }, "lo hi" },          /* declared */
    { "q h f", { 921600, 230400, 57600 }, "f h q" },   /* what is declared says more than names */
    { "f h q", { 921600, 0, 57600 }, "q h f" },        /* not of all */
    { "hi lo", { 230400, 230400 }, "hi lo" },          /* by frame rate, perhaps */
    { "d c b a", { 4, 3, 2, 1 }, "a b c d" },
    { "one", { 0 }, "one" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) rids = g_strsplit (cases[i].rids, " ", 0), ordered = g_strsplit (cases[i].ordered, " ", 0);
      SfuPublication publication = { .n_rids = g_strv_length (rids) };

      memcpy (publication.rid_pixels, cases[i].pixels, sizeof publication.rid_pixels);
      for (unsigned rid = 0; rid < publication.n_rids; rid++)
        (void) g_strlcpy (publication.rids[rid], rids[rid], sizeof publication.rids[rid]);
      for (unsigned rid = 0; rid < publication.n_rids; rid++)
        g_assert_cmpstr (ordered[sfu_rid_order_get_layer (&publication, rid)], ==, rids[rid]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/rid-order/pixels", test_pixels);
  g_test_add_func ("/sfu/rid-order/order", test_order);
  return g_test_run ();
}
