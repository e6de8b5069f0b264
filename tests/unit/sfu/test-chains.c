/* SPDX-License-Identifier: Apache-2.0 */
/* Point 22: chains tell which decode targets are still whole after a loss (AV1 RTP specification, A.4). */
#include "sfu/chains.h"

#include "l2t2.h"

#define LOWER 0x000f /* limits without S1: chain 0 */
#define UPPER 0xfff0 /* with S1: chain 1 */

typedef struct {
  SfuDependencyState state;
  SfuChains chains;
  uint64_t index;
  uint16_t number;
} Stream;

typedef enum { COMES, LOST } Fate;

static void
take (Stream *stream, uint64_t index, unsigned template, uint16_t number, bool start, bool end, uint64_t awaited,
      SfuFrame *ret_frame)
{
  g_auto (Bytes) bytes = template == 0 && start ? make_key (number, false) : make_plain (template, number);

  memset (ret_frame, 0, sizeof *ret_frame);
  bytes.data[0] = (uint8_t) ((bytes.data[0] & 0x3f) | start << 7 | end << 6);
  g_assert_true (sfu_dependency_parse (&stream->state, bytes.data, bytes.len, ret_frame));
  sfu_chains_on_packet (&stream->chains, &stream->state, index, awaited, ret_frame);
}

/* A frame of two packets. Returns: what its first packet was said to be; .dependency of @before when it was lost */
static SfuDependency
put (Stream *stream, unsigned template, Fate fate, uint64_t awaited)
{
  SfuFrame first = { 0 }, second;

  stream->index += 2;
  stream->number++;
  if (fate == COMES)
    {
      take (stream, stream->index - 2, template, stream->number, true, false, awaited, &first);
      take (stream, stream->index - 1, template, stream->number, false, true, awaited, &second);
      g_assert_cmphex (second.dependency.broken_layers, ==, first.dependency.broken_layers);
    }
  return first.dependency;
}

static void
init (Stream *stream)
{
  memset (stream, 0, sizeof *stream);
  stream->index = 70000;
  stream->number = 65530; /* wraps */
  put (stream, 0, COMES, SFU_CHAINS_NOTHING);
  put (stream, 3, COMES, SFU_CHAINS_NOTHING);
}

/* S0T1 S1T1 S0T0 S1T0, each with its fate */
static SfuDependency
put_cycle (Stream *stream, const Fate fates[4])
{
  static const unsigned templates[] = { 2, 5, 1, 4 };
  SfuDependency last = { 0 };

  for (unsigned i = 0; i < 4; i++)
    last = put (stream, templates[i], fates[i], SFU_CHAINS_NOTHING);
  return last;
}

static void
test_whole (void)
{
  Stream stream;

  init (&stream);
  for (unsigned i = 0; i < 400; i++)
    {
      SfuDependency last = put_cycle (&stream, (const Fate[4]){ COMES, COMES, COMES, COMES });

      g_assert_cmphex (last.broken_layers | last.pending_layers, ==, 0);
    }
}

/* what is on no chain breaks none */
static void
test_off_chain (void)
{
  Stream stream;

  init (&stream);
  for (unsigned i = 0; i < 20; i++)
    {
      SfuDependency last = put_cycle (&stream, (const Fate[4]){ LOST, LOST, COMES, COMES });

      g_assert_cmphex (last.broken_layers | last.pending_layers, ==, 0);
    }
}

/* a lost frame of S1 breaks S1's chain alone, one of S0 both; for good, until a keyframe */
static void
test_broken (void)
{
  static const struct {
    Fate fates[4];
    unsigned broken;
  } cases[] = { { { COMES, COMES, COMES, LOST }, UPPER }, { { COMES, COMES, LOST, COMES }, LOWER | UPPER } };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Stream stream;

      init (&stream);
      put_cycle (&stream, cases[i].fates);
      for (unsigned cycle = 0; cycle < 100; cycle++)
        {
          SfuDependency last = put_cycle (&stream, (const Fate[4]){ COMES, COMES, COMES, COMES });

          /* S1's frame says where S0's was, too: 1 back */
          g_assert_cmphex (last.broken_layers, ==, cases[i].broken);
          g_assert_cmphex (last.pending_layers, ==, 0);
        }
      g_assert_cmphex (put (&stream, 0, COMES, SFU_CHAINS_NOTHING).broken_layers, ==, 0);
      g_assert_cmphex (put (&stream, 3, COMES, SFU_CHAINS_NOTHING).broken_layers, ==, 0);
    }
}

/* half a frame is none; while its other half is asked for the chain waits for it, and once it has come is whole again */
static void
test_recovered (void)
{
  Stream stream;
  SfuFrame frame;
  uint64_t missing;

  init (&stream);
  put (&stream, 2, COMES, SFU_CHAINS_NOTHING);
  put (&stream, 5, COMES, SFU_CHAINS_NOTHING);
  missing = stream.index + 1;
  take (&stream, stream.index, 1, ++stream.number, true, false, SFU_CHAINS_NOTHING, &frame);
  stream.index += 2;
  for (unsigned i = 0; i < 3; i++)
    {
      g_assert_cmphex (put (&stream, 4, COMES, missing).pending_layers, ==, LOWER | UPPER);
      put (&stream, 2, COMES, missing);
      put (&stream, 5, COMES, missing);
      g_assert_cmphex (put (&stream, 1, COMES, missing).pending_layers, ==, LOWER | UPPER);
    }
  take (&stream, missing, 1, (uint16_t) (stream.number - 12), false, true, SFU_CHAINS_NOTHING, &frame);
  g_assert_cmphex (put (&stream, 4, COMES, SFU_CHAINS_NOTHING).pending_layers, ==, 0);
  put (&stream, 2, COMES, SFU_CHAINS_NOTHING);
  put (&stream, 5, COMES, SFU_CHAINS_NOTHING);
  g_assert_cmphex (put (&stream, 1, COMES, SFU_CHAINS_NOTHING).broken_layers, ==, 0);
}

/* and when it is given up the chain is broken */
static void
test_given_up (void)
{
  Stream stream;
  SfuDependency dependency;
  uint64_t missing;

  init (&stream);
  put (&stream, 2, COMES, SFU_CHAINS_NOTHING);
  put (&stream, 5, COMES, SFU_CHAINS_NOTHING);
  missing = stream.index;
  put (&stream, 1, LOST, SFU_CHAINS_NOTHING);
  dependency = put (&stream, 4, COMES, missing);
  g_assert_cmphex (dependency.pending_layers, ==, LOWER | UPPER);
  g_assert_cmphex (dependency.broken_layers, ==, 0);
  /* another is missing now, behind the frame that needs the first */
  put (&stream, 2, COMES, stream.index - 1);
  dependency = put (&stream, 5, COMES, stream.index - 1);
  g_assert_cmphex (dependency.broken_layers, ==, LOWER | UPPER);
  g_assert_cmphex (dependency.pending_layers, ==, 0);
}

/* without chains nothing is known, and nothing is said */
static void
test_none (void)
{
  static const uint8_t plain[] = { 0xc0, 0x00, 0x02 };
  Stream stream = { 0 };
  uint8_t data[32];
  SfuBitWriter out;
  SfuFrame frame = { 0 };

  sfu_bit_writer_init (&out, data, sizeof data);
  put_head (&out, 0, 1, "10000");
  sfu_bit_writer_put (&out, 0, 11); /* ids from 0, one target */
  sfu_bit_writer_put (&out, 3, 2);
  sfu_bit_writer_put (&out, 2, 2);
  sfu_bit_writer_put (&out, 0, 1 + 1 + 1); /* no references, ns(2) chains: none, no sizes */
  g_assert_true (sfu_dependency_parse (&stream.state, data, sfu_bit_writer_end (&out), &frame));
  sfu_chains_on_packet (&stream.chains, &stream.state, 1, SFU_CHAINS_NOTHING, &frame);
  g_assert_true (sfu_dependency_parse (&stream.state, plain, sizeof plain, &frame));
  sfu_chains_on_packet (&stream.chains, &stream.state, 9, SFU_CHAINS_NOTHING, &frame);
  g_assert_cmphex (frame.dependency.broken_layers | frame.dependency.pending_layers, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/chains/whole", test_whole);
  g_test_add_func ("/sfu/chains/off-chain", test_off_chain);
  g_test_add_func ("/sfu/chains/broken", test_broken);
  g_test_add_func ("/sfu/chains/recovered", test_recovered);
  g_test_add_func ("/sfu/chains/given-up", test_given_up);
  g_test_add_func ("/sfu/chains/none", test_none);
  return g_test_run ();
}
