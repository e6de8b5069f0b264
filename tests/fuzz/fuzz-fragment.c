/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments of SDP (RFC 8840): what is read of one is what a fragment of ours with it says. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "signaling/whip-fragment.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  SigFragment fragment = { NULL, NULL }, again = { NULL, NULL };
  g_autofree char *written = NULL;

  if (!sig_fragment_parse ((const char *) data, size, &fragment))
    return 0;
  if (fragment.ufrag != NULL && fragment.pwd != NULL)
    {
      written = sig_fragment_write ("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=end-of-candidates\r\n", fragment.ufrag,
                                    fragment.pwd);
      g_assert_true (sig_fragment_parse (written, strlen (written), &again));
      g_assert_cmpstr (again.ufrag, ==, fragment.ufrag);
      g_assert_cmpstr (again.pwd, ==, fragment.pwd);
    }
  sig_fragment_clear (&fragment);
  sig_fragment_clear (&again);
  return 0;
}
