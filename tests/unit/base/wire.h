/* SPDX-License-Identifier: Apache-2.0 */
/* A wire between two ends that loses, reorders and doubles datagrams, in virtual time (virtual-clock.h) and seeded. */
#pragma once

#include <glib.h>
#include <string.h>

#include "virtual-clock.h"

#define WIRE_DELAY_US INT64_C (10000)

typedef struct {
  int64_t at_us;
  unsigned to;
  size_t len;
  uint8_t data[2048];
} Datagram;

/** Wire: @lose: bit i: datagram i of end 1 is lost; bit 16 + i: of end 0. @sent_us: when an end sent its first ones */
typedef struct {
  GPtrArray *flying; /* Datagram */
  GRand *rand;
  unsigned loss_percent, disorder_ms, double_percent;
  uint32_t lose;
  unsigned n_sent[2];
  int64_t sent_us[2][64];
} Wire;

static inline void
wire_init (Wire *wire, unsigned seed)
{
  *wire = (Wire){ .flying = g_ptr_array_new_with_free_func (g_free), .rand = g_rand_new_with_seed (seed) };
}

static inline void
wire_clear (Wire *wire)
{
  g_ptr_array_unref (wire->flying);
  g_rand_free (wire->rand);
}

/** wire_put: what arrives, some time. */
static inline void
wire_put (Wire *wire, unsigned from, const uint8_t *data, size_t len)
{
  for (int copies = g_rand_int_range (wire->rand, 0, 100) < (int) wire->double_percent ? 2 : 1; copies > 0; copies--)
    {
      Datagram *datagram = g_new (Datagram, 1);

      g_assert_cmpuint (len, <=, sizeof datagram->data);
      datagram->at_us = clock_us + WIRE_DELAY_US + g_rand_int_range (wire->rand, 0, (int) wire->disorder_ms * 1000 + 1);
      datagram->to = !from;
      datagram->len = len;
      memcpy (datagram->data, data, len);
      g_ptr_array_add (wire->flying, datagram);
    }
}

/** wire_send: what arrives unless it is lost. */
static inline void
wire_send (Wire *wire, unsigned from, const uint8_t *data, size_t len)
{
  unsigned n = wire->n_sent[from]++;
  bool lost = n < 16 && (wire->lose >> (n + (from == 0 ? 16 : 0)) & 1) != 0;

  if (n < G_N_ELEMENTS (wire->sent_us[from]))
    wire->sent_us[from][n] = clock_us;
  if (!lost && g_rand_int_range (wire->rand, 0, 100) >= (int) wire->loss_percent)
    wire_put (wire, from, data, len);
}

/** wire_step: time goes to whatever comes first: a datagram, @deadline_us, @until_us. Returns: false: the last one, nothing is to
 *  be done. @ret_arrived: (transfer full) (nullable) */
static inline bool
wire_step (Wire *wire, int64_t deadline_us, int64_t until_us, Datagram **ret_arrived)
{
  const Datagram *first = NULL;
  guint at = 0;

  for (guint i = 0; i < wire->flying->len; i++)
    {
      const Datagram *datagram = wire->flying->pdata[i];

      if (first == NULL || datagram->at_us < first->at_us)
        {
          first = datagram;
          at = i;
        }
    }
  if (first != NULL)
    deadline_us = MIN (deadline_us, first->at_us);
  if (deadline_us > until_us)
    {
      clock_us = until_us;
      return false;
    }
  clock_us = MAX (clock_us, deadline_us);
  *ret_arrived = first != NULL && first->at_us <= clock_us ? g_ptr_array_steal_index (wire->flying, at) : NULL;
  return true;
}
