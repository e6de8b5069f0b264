/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link in virtual time: one queue that lets packets out at a rate, then a delay. Random loss, jitter and reordering come
 * from a seed, so that every run is the same. What enters must come in the order of time.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MS INT64_C (1000)
#define SECOND (1000 * MS)

/** SimPkt: @flow: who gets it. @info: the sender's own. @time_us: sent; arrived once it was received. */
typedef struct {
  int64_t time_us;
  uint32_t flow, bytes;
  uint64_t info[4];
} SimPkt;

/** SimLinkConfig: may be changed at any time.
 *  @queue_us: what may wait, in time at the rate; more is dropped. @jitter_us: up to that much more delay for each packet,
 *  order kept. @reorder: share of packets that are held back by 20 ms and overtaken. @loss: share lost at random. */
typedef struct {
  uint32_t rate_bps;
  int64_t delay_us, queue_us, jitter_us;
  double loss, reorder;
} SimLinkConfig;

typedef struct {
  SimLinkConfig config;
  GRand *random;
  GQueue waiting, flying; /* SimPkt */
  uint64_t waiting_bytes, n_sent, n_lost;
  int64_t busy_us, last_us;
} SimLink;

void sim_link_init (SimLink *link, const SimLinkConfig *config, uint32_t seed);
void sim_link_clear (SimLink *link);
/** sim_link_send: at @pkt->time_us. */
void sim_link_send (SimLink *link, const SimPkt *pkt);
/** sim_link_receive: Returns: has another one arrived by @now_us. */
bool sim_link_receive (SimLink *link, int64_t now_us, SimPkt *ret_pkt);
/** sim_link_get_queue_us: Returns: how long one that came now would wait. */
int64_t sim_link_get_queue_us (const SimLink *link, int64_t now_us);
