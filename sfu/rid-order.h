/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which encoding of a simulcast is the smaller one. SDP does not say: the order of a=simulcast is one of preference (RFC 8853
 * §5.1), and names are free. In this order: what the a=rid lines declare (RFC 8851 §5), if all of them do and no two the
 * same; names that are known: q h f, l m h, 0 1 2, 1 2 3; the place in the offer, the smallest first, as applications write
 * their encodings. Any thread.
 */
#pragma once

#include "sfu/setup.h"

/** sfu_rid_order_read_pixels: @limits: (nullable): of an a=rid line, behind its direction. Returns: pixels of a picture at
 *  most: max-width times max-height, or max-fs; 0: it does not say, or nothing that can be. */
uint32_t sfu_rid_order_read_pixels (const char *limits);
/** sfu_rid_order_get_layer: Returns: from the smallest at 0: the layer of an encoding of the offer. */
unsigned sfu_rid_order_get_layer (const SfuPublication *publication, unsigned rid);
