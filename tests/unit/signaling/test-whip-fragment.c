/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of SDP (RFC 8840): read and written. */
#include <glib.h>
#include <string.h>

#include "signaling/whip-fragment.h"
#include "whip-sdp.h"

/* Bad fragments outnumber good ones (RFC 8840 §9). */
static void
test_fragments (void)
{
  static const struct {
    const char *text;
    bool ok;
  } cases[] = {
    { CANDIDATES, true },
    { RESTART, true },
    { "a=end-of-candidates\n", true },
    { "a=end-of-candidates\r\n\r\n", true },
    { "", false },
    { "\r\n", true }, /* nothing new */
    { "v=0\r\n", false },
    { "a=\r\n", false },
    { "candidate:1\r\n", false },
    { "a=x\r\n\r\na=y\r\n", false },
    { "a=x\x01\r\n", false },
    { "a=x\xff\r\n", false },
    { "a=ice-ufrag:abc\r\n", false },
    { "a=ice-ufrag:ab d\r\n", false },
    { "a=ice-pwd:short\r\n", false },
    { "a=ice-ufrag:abcd\r\na=ice-ufrag:abce\r\n", false },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SigFragment fragment = { NULL, NULL };

      if (sig_fragment_parse (cases[i].text, strlen (cases[i].text), &fragment) != cases[i].ok)
        g_error ("case %u", i);
      sig_fragment_clear (&fragment);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, fn) g_test_add ("/signaling/whip/" name, Fixture, NULL, set_up, fn, tear_down)
  g_test_add_func ("/signaling/whip/fragments", test_fragments);
  return g_test_run ();
}
