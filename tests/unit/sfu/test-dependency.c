/* SPDX-License-Identifier: Apache-2.0 */
/* The dependency descriptor (AV1 RTP specification, appendix A; points 22 and 24): structures of two spatial and two temporal
 * layers made here bit by bit, what must not pass, and descriptors written again. */
#include "sfu/dependency.h"

#include "l2t2.h"
#include "sfu/payload.h"

static bool
parse (SfuDependencyState *state, Bytes bytes, SfuFrame *ret_frame)
{
  g_auto (Bytes) own = bytes;
  bool good;

  memset (ret_frame, 0, sizeof *ret_frame);
  good = sfu_dependency_parse (state, own.data, own.len, ret_frame);
  g_assert_cmpint (ret_frame->has_dependency, ==, good);
  return good;
}

static void
test_structure (void)
{
  static const uint8_t spatial[] = { 0, 0, 1, 1 }, temporal[] = { 0, 1, 0, 1 }, chains[] = { 0, 0, 1, 1 };
  SfuDependencyState state = { 0 };
  SfuFrame frame;

  g_assert_true (parse (&state, make_key (100, true), &frame));
  g_assert_true (frame.keyframe && frame.start && frame.end && frame.switch_up && !frame.discardable);
  g_assert_true (frame.width == 320 && frame.height == 180);
  g_assert_true (frame.dependency.structure);
  g_assert_cmpuint (frame.dependency.frame_number, ==, 100);
  g_assert_cmpuint (frame.dependency.n_targets, ==, 4);
  g_assert_cmphex (frame.dependency.decode_targets, ==, 15);
  g_assert_cmphex (frame.dependency.switch_targets, ==, 15);
  g_assert_cmphex (frame.dependency.active_targets, ==, 15);
  g_assert_cmpuint (frame.dependency.n_fdiffs, ==, 0);
  g_assert_cmpuint (frame.dependency.n_chains, ==, 2);
  g_assert_cmpuint (state.n_templates, ==, N_TEMPLATES);
  g_assert_cmpuint (state.n_spatial, ==, 2);
  g_assert_cmpmem (state.target_spatial, 4, spatial, 4);
  g_assert_cmpmem (state.target_temporal, 4, temporal, 4);
  g_assert_cmpmem (state.chain_of, 4, chains, 4);
  g_assert_cmphex (state.chain_layers[0], ==, 0x000f); /* without S1 */
  g_assert_cmphex (state.chain_layers[1], ==, 0xfff0);
  g_assert_cmpuint (state.width[1], ==, 640);
  g_assert_cmphex (sfu_dependency_get_targets (&state, 0, 1), ==, 3);
  g_assert_cmphex (sfu_dependency_get_targets (&state, 1, 0), ==, 5);
  g_assert_cmphex (sfu_dependency_get_targets (&state, 3, 3), ==, 15);
  g_assert_cmpint (sfu_dependency_find_target (&state, 1, 0), ==, 2);
  g_assert_cmpint (sfu_dependency_find_target (&state, 9, 9), ==, 3);
  sfu_dependency_init (&state);
  g_assert_cmpint (sfu_dependency_find_target (&state, 9, 9), ==, -1);
}

/* the pictures S0T0 S1T0, S0T1 S1T1, S0T0 S1T0: what each frame is, by three bytes */
static void
test_frames (void)
{
  static const struct {
    unsigned template, number, spatial, temporal, targets;
    bool keyframe, switch_up, discardable;
  } frames[] = {
    { 3, 101, 1, 0, 12, true, true, false },  { 2, 102, 0, 1, 10, false, true, false }, { 5, 103, 1, 1, 8, false, true, true },
    { 1, 104, 0, 0, 15, false, true, false }, { 4, 105, 1, 0, 12, false, true, false },
  };
  SfuDependencyState state = { 0 };
  SfuFrame frame;

  g_assert_false (parse (&state, make_plain (0, 99), &frame)); /* no structure has come yet */
  g_assert_true (parse (&state, make_key (100, true), &frame));
  g_assert_true (parse (&state, make_plain (0, 100), &frame) && frame.keyframe); /* its second packet */
  for (unsigned i = 0; i < G_N_ELEMENTS (frames); i++)
    {
      g_assert_true (parse (&state, make_plain (frames[i].template, (uint16_t) frames[i].number), &frame));
      g_assert_cmpuint (frame.spatial, ==, frames[i].spatial);
      g_assert_cmpuint (frame.temporal, ==, frames[i].temporal);
      g_assert_cmphex (frame.dependency.decode_targets, ==, frames[i].targets);
      g_assert_cmpint (frame.keyframe, ==, frames[i].keyframe);
      g_assert_cmpint (frame.switch_up, ==, frames[i].switch_up);
      g_assert_cmpint (frame.discardable, ==, frames[i].discardable);
      g_assert_false (frame.dependency.structure);
      for (unsigned f = 0; f < frame.dependency.n_fdiffs; f++)
        g_assert_cmpuint (frame.dependency.fdiffs[f], ==, l2t2[frames[i].template].fdiffs[f]);
      for (unsigned c = 0; c < 2; c++)
        g_assert_cmpuint (frame.dependency.chain_diffs[c], ==, l2t2[frames[i].template].chains[c]);
    }
  g_assert_false (parse (&state, make_plain (6, 106), &frame)); /* no such template */
  g_assert_false (parse (&state, make_plain (63, 106), &frame));
  /* 65,536 frames later the numbers come again: not the keyframe's picture */
  g_assert_true (parse (&state, make_plain (3, 101), &frame));
  g_assert_false (frame.keyframe);
}

/* without a switch indication for its target, nobody may begin with an upper temporal layer */
static void
test_no_switch (void)
{
  SfuDependencyState state = { 0 };
  uint8_t data[32];
  SfuBitWriter out;
  SfuFrame frame;

  g_assert_true (parse (&state, make_key (100, false), &frame));
  sfu_bit_writer_init (&out, data, sizeof data);
  put_head (&out, ID (1), 101, "00100");
  sfu_bit_writer_put (&out, 0xbf, 8); /* S R R R */
  g_assert_true (parse (&state, bytes_copy (data, sfu_bit_writer_end (&out)), &frame));
  g_assert_cmphex (frame.dependency.switch_targets, ==, 1);
  g_assert_true (parse (&state, make_plain (2, 102), &frame));
  g_assert_false (frame.switch_up);
}

static Bytes
make_custom (uint16_t number)
{
  uint8_t data[64];
  SfuBitWriter out;

  sfu_bit_writer_init (&out, data, sizeof data);
  put_head (&out, ID (2), number, "01111");
  sfu_bit_writer_put (&out, 6, 4);            /* active: targets 1 and 2 */
  sfu_bit_writer_put (&out, 0x1b, 8);         /* - D S R */
  sfu_bit_writer_put (&out, 1, 2);            /* fdiffs: 4 bits, 8 bits, 12 bits */
  sfu_bit_writer_put (&out, 15, 4);
  sfu_bit_writer_put (&out, 2, 2);
  sfu_bit_writer_put (&out, 255, 8);
  sfu_bit_writer_put (&out, 3, 2);
  sfu_bit_writer_put (&out, 4095, 12);
  sfu_bit_writer_put (&out, 0, 2);
  sfu_bit_writer_put (&out, 0xff07, 16);      /* chains: 255, 7 */
  return bytes_copy (data, sfu_bit_writer_end (&out));
}

static void
check_custom (const SfuFrame *frame)
{
  g_assert_cmphex (frame->dependency.decode_targets, ==, 14);
  g_assert_cmphex (frame->dependency.switch_targets, ==, 4);
  g_assert_cmpuint (frame->dependency.n_fdiffs, ==, 3);
  g_assert_cmpuint (frame->dependency.fdiffs[0], ==, 16);
  g_assert_cmpuint (frame->dependency.fdiffs[1], ==, 256);
  g_assert_cmpuint (frame->dependency.fdiffs[2], ==, 4096);
  g_assert_cmpuint (frame->dependency.chain_diffs[0], ==, 255);
  g_assert_cmpuint (frame->dependency.chain_diffs[1], ==, 7);
}

static void
test_custom (void)
{
  SfuDependencyState state = { 0 };
  SfuFrame frame;

  g_assert_true (parse (&state, make_key (1, false), &frame));
  g_assert_true (parse (&state, make_custom (65535), &frame));
  check_custom (&frame);
  g_assert_cmphex (frame.dependency.active_targets, ==, 6);
  g_assert_true (parse (&state, make_plain (2, 0), &frame));
  g_assert_cmphex (frame.dependency.active_targets, ==, 6); /* until the next mask or structure */
  g_assert_true (parse (&state, make_key (1, false), &frame));
  g_assert_cmphex (frame.dependency.active_targets, ==, 15);
}

/* point 24: the payload is noise; what the marker said stays, the descriptor decides the rest */
static void
test_encrypted (void)
{
  SfuDependencyState state = { 0 };
  SfuFrame frame;
  g_auto (Bytes) key = make_key (100, true);
  g_auto (Bytes) delta = make_plain (2, 102);

  g_assert_false (sfu_payload_parse (SFU_CODEC_H264, (const uint8_t *) "\xff\x00", 2, true, &frame));
  g_assert_true (sfu_dependency_parse (&state, key.data, key.len, &frame));
  g_assert_true (frame.codec == SFU_CODEC_H264 && frame.keyframe && frame.start && frame.picture_end && frame.width == 320);
  g_assert_true (sfu_payload_parse (SFU_CODEC_VP8, (const uint8_t *) "\x90\x80\x05\x00", 4, false, &frame));
  g_assert_true (frame.keyframe); /* the noise looks like one */
  g_assert_true (sfu_dependency_parse (&state, delta.data, delta.len, &frame));
  g_assert_true (!frame.keyframe && frame.temporal == 1 && frame.vp8.picture_id == 5);
}

static void
test_truncated (void)
{
  g_auto (Bytes) key = make_key (100, true);
  g_auto (Bytes) custom = make_custom (101);
  SfuDependencyState state = { 0 };
  SfuFrame frame;

  for (size_t len = 0; len < key.len; len++)
    g_assert_false (parse (&state, bytes_copy (key.data, len), &frame));
  g_assert_true (parse (&state, make_key (100, true), &frame));
  for (size_t len = 0; len < custom.len; len++)
    g_assert_cmpint (parse (&state, bytes_copy (custom.data, len), &frame), ==, len == 3);
}

/* point 47: more layers, templates, references or chains than we hold; the structure before stays in force */
static void
test_bad_structures (void)
{
  SfuDependencyState state = { 0 };
  uint8_t data[255];
  SfuBitWriter out;
  SfuFrame frame;

  g_assert_true (parse (&state, make_key (100, false), &frame));
  for (unsigned kind = 0; kind < 6; kind++)
    {
      sfu_bit_writer_init (&out, data, sizeof data);
      put_head (&out, kind == 5 ? 3 : 0, 200, "10000");
      sfu_bit_writer_put (&out, 0, 6);
      sfu_bit_writer_put (&out, kind == 4 ? 15 : 0, 5);
      for (unsigned i = 0; kind == 0 && i < 70; i++)
        sfu_bit_writer_put (&out, 0, 2); /* 70 templates */
      for (unsigned i = 0; (kind == 1 || kind == 2) && i < 4; i++)
        sfu_bit_writer_put (&out, kind, 2); /* a fifth temporal, a fifth spatial layer */
      sfu_bit_writer_put (&out, 3, 2);
      sfu_bit_writer_put (&out, 2, kind == 4 ? 32 : 2);
      for (unsigned i = 0; kind == 3 && i < SFU_FDIFFS_MAX + 1; i++)
        sfu_bit_writer_put (&out, 16, 5);
      sfu_bit_writer_put (&out, 0, 1);
      if (kind == 4)
        sfu_bit_writer_put (&out, SFU_CHAINS_MAX + 1, 4); /* ns(17): below 15 in four bits */
      memset (data + (out.at + 7) / 8, 0, 20);
      g_assert_false (parse (&state, bytes_copy (data, (out.at + 7) / 8 + 20), &frame)); /* 5: a template that it has not */
      g_assert_true (parse (&state, make_plain (2, 101), &frame));
      g_assert_cmpuint (frame.temporal, ==, 1);
    }
  g_autofree uint8_t *long_data = g_malloc0 (256);
  long_data[0] = ID (0);
  g_assert_true (sfu_dependency_parse (&state, long_data, 255, &frame));
  g_assert_false (sfu_dependency_parse (&state, long_data, 256, &frame));
}

/* references: nine in a frame's own list */
static void
test_many_references (void)
{
  SfuDependencyState state = { 0 };
  uint8_t data[32];
  SfuBitWriter out;
  SfuFrame frame;

  g_assert_true (parse (&state, make_key (100, false), &frame));
  for (unsigned n = SFU_FDIFFS_MAX; n <= SFU_FDIFFS_MAX + 1; n++)
    {
      sfu_bit_writer_init (&out, data, sizeof data);
      put_head (&out, ID (1), 101, "00010");
      for (unsigned i = 0; i < n; i++)
        sfu_bit_writer_put (&out, 16 | i, 6);
      sfu_bit_writer_put (&out, 0, 2);
      g_assert_cmpint (parse (&state, bytes_copy (data, sfu_bit_writer_end (&out)), &frame), ==, n == SFU_FDIFFS_MAX);
    }
}

static Bytes
rewrite (const SfuDependencyState *state, Bytes bytes, SfuDependencyEdit edit)
{
  g_auto (Bytes) own = bytes;
  uint8_t data[SFU_DEPENDENCY_MAX];
  size_t len = sfu_dependency_write (state, own.data, own.len, &edit, data, sizeof data);

  g_assert_cmpuint (len, >=, 3);
  g_assert_cmpuint (len, <=, own.len + SFU_DEPENDENCY_GROWTH + (edit.structure ? (state->structure_bits + 7u) / 8 : 0));
  for (size_t size = 0; size < len; size++)
    {
      g_autofree uint8_t *room = g_malloc (size + 1);

      g_assert_cmpuint (sfu_dependency_write (state, own.data, own.len, &edit, room, size), ==, 0);
    }
  return bytes_copy (data, len);
}

/* point 22: for a late joiner the structure goes along again, with the targets that are active; numbers are rewritten */
static void
test_write (void)
{
  SfuDependencyState state = { 0 }, late = { 0 };
  SfuFrame frame;
  g_auto (Bytes) key = make_key (100, true);
  g_auto (Bytes) custom = make_custom (102);
  Bytes again;

  g_assert_true (parse (&state, make_key (100, true), &frame));
  again = rewrite (&state, make_key (100, true), (SfuDependencyEdit){ .frame_number = 100 });
  g_assert_cmpmem (again.data, again.len, key.data, key.len);
  bytes_clear (&again);
  again = rewrite (&state, make_custom (102), (SfuDependencyEdit){ .frame_number = 102 });
  g_assert_cmpmem (again.data, again.len, custom.data, custom.len);
  bytes_clear (&again);

  g_assert_true (parse (&late, rewrite (&state, make_custom (102), (SfuDependencyEdit){ 7, true, true, 0xfffffff3 }), &frame));
  check_custom (&frame);
  g_assert_cmpuint (frame.dependency.frame_number, ==, 7);
  g_assert_cmphex (frame.dependency.active_targets, ==, 3);
  g_assert_false (frame.keyframe); /* the structure alone does not make it one */
  g_assert_true (late.n_templates == state.n_templates && late.structure_bits == state.structure_bits);
  g_assert_cmpmem (late.structure, (late.structure_bits + 7u) / 8, state.structure, (state.structure_bits + 7u) / 8);

  /* the targets that the source has switched off are not switched on by the structure */
  g_assert_true (parse (&state, make_custom (102), &frame));
  sfu_dependency_init (&late);
  g_assert_true (parse (&late, rewrite (&state, make_plain (2, 103), (SfuDependencyEdit){ 8, true, false, 0 }), &frame));
  g_assert_cmphex (frame.dependency.active_targets, ==, 6);
  again = rewrite (&state, make_plain (2, 103), (SfuDependencyEdit){ .frame_number = 0x1234 });
  g_assert_cmpuint (again.len, ==, 3);
  g_assert_cmphex (again.data[1] << 8 | again.data[2], ==, 0x1234);
  sfu_dependency_set_number (again.data, 0xfedc);
  g_assert_true (parse (&late, again, &frame));
  g_assert_cmphex (frame.dependency.frame_number, ==, 0xfedc);
  sfu_dependency_init (&late);
  g_assert_cmpuint (sfu_dependency_write (&late, custom.data, custom.len, &(SfuDependencyEdit){ 0 }, (uint8_t[99]){ 0 }, 99), ==, 0);
}

/* a structure of random layers, indications, references and chains */
static void
put_random_structure (SfuBitWriter *out, GRand *rand)
{
  unsigned n_targets = (unsigned) g_rand_int_range (rand, 1, 8), n = (unsigned) g_rand_int_range (rand, 1, 8);
  unsigned spatial = 0, temporal = 0;

  sfu_bit_writer_put (out, 0, 6);
  sfu_bit_writer_put (out, n_targets - 1, 5);
  for (unsigned i = 1; i < n; i++)
    {
      unsigned next = (unsigned) g_rand_int_range (rand, 0, 3);

      if ((next == 1 && ++temporal > 3) || (next == 2 && ++spatial > 3))
        next = 0;
      temporal = next == 2 ? 0 : temporal;
      sfu_bit_writer_put (out, next, 2);
    }
  sfu_bit_writer_put (out, 3, 2);
  for (unsigned i = 0; i < n * n_targets; i++)
    sfu_bit_writer_put (out, (uint32_t) g_rand_int_range (rand, 0, 4), 2);
  for (unsigned i = 0; i < n; i++)
    {
      for (int f = g_rand_int_range (rand, 0, 4); f > 0; f--)
        sfu_bit_writer_put (out, 16 | (uint32_t) g_rand_int_range (rand, 0, 16), 5);
      sfu_bit_writer_put (out, 0, 1);
    }
  for (unsigned i = 0; i < 60; i++)
    sfu_bit_writer_put (out, g_rand_int (rand), 8); /* chains and sizes, whatever they come to */
}

/* for who knows nothing of the stream: what each target of a structure contains */
static void
test_layers (void)
{
  static const uint8_t expected[] = { 0x00, 0x01, 0x10, 0x11 };
  uint8_t layers[SFU_DEPENDENCY_TARGETS_MAX];
  g_auto (Bytes) key = make_key (100, true);
  g_auto (Bytes) plain = make_plain (0, 100);

  g_assert_cmpuint (sfu_dependency_read_layers (key.data, key.len, layers), ==, N_TARGETS);
  g_assert_cmpmem (layers, N_TARGETS, expected, N_TARGETS);
  g_assert_cmpuint (sfu_dependency_read_layers (key.data, key.len - 1, layers), ==, 0);
  g_assert_cmpuint (sfu_dependency_read_layers (plain.data, plain.len, layers), ==, 0);
}

static void
test_round_trip (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  unsigned n_good = 0;

  for (unsigned i = 0; i < 20000; i++)
    {
      SfuDependencyState state = { 0 }, late = { 0 };
      SfuDependencyEdit edit = { (uint16_t) i, true, g_rand_boolean (rand), g_rand_int (rand) };
      uint8_t data[200], again[SFU_DEPENDENCY_MAX];
      SfuFrame frame = { 0 }, other = { 0 };
      SfuBitWriter out;
      size_t len;

      sfu_bit_writer_init (&out, data, sizeof data);
      put_head (&out, (unsigned) g_rand_int_range (rand, 0, 4), 1, g_rand_boolean (rand) ? "10111" : "11000");
      put_random_structure (&out, rand);
      if (!sfu_dependency_parse (&state, data, sfu_bit_writer_end (&out), &frame))
        continue;
      n_good++;
      len = sfu_dependency_write (&state, data, sfu_bit_writer_end (&out), &edit, again, sizeof again);
      g_assert_cmpuint (len, >, 0);
      g_assert_true (sfu_dependency_parse (&late, again, len, &other));
      g_assert_cmpuint (other.dependency.frame_number, ==, (uint16_t) i);
      other.dependency.frame_number = frame.dependency.frame_number;
      if (edit.active)
        g_assert_cmphex (other.dependency.active_targets, ==, edit.targets & (UINT32_MAX >> (32 - state.n_targets)));
      other.dependency.active_targets = frame.dependency.active_targets;
      g_assert_cmpmem (&other.dependency, sizeof other.dependency, &frame.dependency, sizeof frame.dependency);
      g_assert_cmpmem (late.templates, sizeof late.templates, state.templates, sizeof state.templates);
      g_assert_cmpmem (late.chain_of, sizeof late.chain_of, state.chain_of, sizeof state.chain_of);
      g_assert_cmpmem (late.width, sizeof late.width, state.width, sizeof state.width);
    }
  g_assert_cmpuint (n_good, >, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sfu/dependency/structure", test_structure);
  g_test_add_func ("/sfu/dependency/frames", test_frames);
  g_test_add_func ("/sfu/dependency/no-switch", test_no_switch);
  g_test_add_func ("/sfu/dependency/custom", test_custom);
  g_test_add_func ("/sfu/dependency/encrypted", test_encrypted);
  g_test_add_func ("/sfu/dependency/truncated", test_truncated);
  g_test_add_func ("/sfu/dependency/bad-structures", test_bad_structures);
  g_test_add_func ("/sfu/dependency/many-references", test_many_references);
  g_test_add_func ("/sfu/dependency/write", test_write);
  g_test_add_func ("/sfu/dependency/layers", test_layers);
  g_test_add_func ("/sfu/dependency/round-trip", test_round_trip);
  return g_test_run ();
}
