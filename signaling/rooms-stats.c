/* SPDX-License-Identifier: Apache-2.0 */
/* What the media plane says of a room, in the shape of docs/openrpc.json. */
#include "signaling/profile.h"
#include "signaling/rooms-private.h"

typedef struct {
  SigRoomEntry *entry; /* a reference */
  SigRpcCall *call;
  MsgId only;          /* a participant; 0: all */
  GHashTable *by_peer; /* of the answer: &person->peer -> SigRoomPerson */
} StatsAsk;

static JsonObject *
new_row (const SigRoomPerson *person)
{
  JsonObject *object = json_object_new ();

  sig_json_set_id (object, "participantId", person->id);
  return object;
}

#define SET(object, name, value) json_object_set_int_member (object, name, (gint64) (value))

static JsonObject *
transport_json (const SigRoomPerson *person, const SfuLegStats *row)
{
  JsonObject *object = new_row (person);

  json_object_set_string_member (object, "direction", row->publisher ? "publish" : "subscribe");
  SET (object, "worker", row->worker);
  json_object_set_string_member (object, "state", row->state);
  json_object_set_string_member (object, "profile", row->profile);
  json_object_set_string_member (object, "route", row->route);
  json_object_set_double_member (object, "rttMs", row->rtt_us / 1000.0);
  SET (object, "estimateBps", row->estimate_bps);
  SET (object, "sendingBps", row->sending_bps);
  SET (object, "receivingBps", row->receiving_bps);
  SET (object, "lossPermille", row->loss_permille);
  SET (object, "queueMs", row->queue_ms);
  SET (object, "rxPackets", row->rx_pkts);
  SET (object, "rxBytes", row->rx_bytes);
  SET (object, "txPackets", row->tx_pkts);
  SET (object, "txBytes", row->tx_bytes);
  return object;
}

static JsonArray *
layers_json (const SfuTrackStats *row)
{
  JsonArray *list = json_array_new ();

  for (unsigned i = 0; i < row->n_layers; i++)
    {
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "rid", row->layers[i].rid);
      json_object_set_boolean_member (object, "active", row->layers[i].active);
      SET (object, "width", row->layers[i].width);
      SET (object, "height", row->layers[i].height);
      SET (object, "bitrateBps", row->layers[i].bitrate_bps);
      SET (object, "fps", row->layers[i].fps);
      SET (object, "packets", row->layers[i].pkts);
      SET (object, "bytes", row->layers[i].bytes);
      SET (object, "lost", row->layers[i].lost);
      SET (object, "nacks", row->layers[i].nacks);
      SET (object, "recovered", row->layers[i].recovered);
      SET (object, "keyframes", row->layers[i].keyframes);
      SET (object, "plis", row->layers[i].plis);
      json_object_set_double_member (object, "jitterMs", row->layers[i].jitter_us / 1000.0);
      json_array_add_object_element (list, object);
    }
  return list;
}

static JsonObject *
track_json (const SigRoomPerson *person, const SfuTrackStats *row)
{
  JsonObject *object = new_row (person);

  sig_room_json_set_track (object, "trackId", row->track);
  json_object_set_string_member (object, "kind", sig_room_kind_to_string (row->kind));
  json_object_set_string_member (object, "source", sig_room_source_to_string (row->source));
  json_object_set_string_member (object, "codec", sig_room_codec_to_string (row->codec));
  json_object_set_boolean_member (object, "muted", row->muted);
  json_object_set_array_member (object, "layers", layers_json (row));
  return object;
}

static JsonObject *
slot_json (const SigRoomPerson *person, const SfuSlotStats *row)
{
  JsonObject *object = new_row (person);

  sig_room_json_set_track (object, "trackId", row->track);
  json_object_set_string_member (object, "mid", row->mid);
  json_object_set_string_member (object, "kind", sig_room_kind_to_string (row->kind));
  SET (object, "layer", row->layer);
  SET (object, "layers", row->n_layers);
  SET (object, "temporal", row->temporal);
  SET (object, "bitrateBps", row->bitrate_bps);
  SET (object, "packets", row->pkts);
  SET (object, "bytes", row->bytes);
  SET (object, "retransmitted", row->retransmitted);
  SET (object, "nacks", row->nacks);
  SET (object, "plis", row->plis);
  SET (object, "lossPermille", row->loss_permille);
  return object;
}

static JsonObject *
decision_json (const SigRoomPerson *person, const SfuSlotStats *row)
{
  JsonObject *object = new_row (person);

  json_object_set_string_member (object, "mid", row->mid);
  sig_room_json_set_track (object, "trackId", row->track);
  json_object_set_string_member (object, "why", row->why);
  return object;
}

/* Returns: (nullable): whose row it is, if the asker may see it */
static const SigRoomPerson *
find_person (const StatsAsk *ask, uint64_t peer)
{
  const SigRoomPerson *person = g_hash_table_lookup (ask->by_peer, &peer);

  return person != NULL && (ask->only == 0 || ask->only == person->id) ? person : NULL;
}

#define COLLECT(rows, Type, list, make)                                                                                \
  for (unsigned i = 0; (rows) != NULL && i < (rows)->len; i++)                                                         \
    {                                                                                                                  \
      const Type *row = &g_array_index (rows, Type, i);                                                                \
      const SigRoomPerson *person = find_person (ask, row->peer);                                                      \
                                                                                                                       \
      if (person != NULL)                                                                                              \
        json_array_add_object_element (list, make (person, row));                                                      \
    }

static JsonObject *
stats_json (const StatsAsk *ask, const SfuStats *stats)
{
  static const SfuStats none = { NULL, NULL, NULL };
  JsonObject *result = json_object_new ();
  JsonArray *transports = json_array_new (), *tracks = json_array_new ();
  JsonArray *slots = json_array_new (), *decisions = json_array_new ();

  if (stats == NULL)
    stats = &none;
  COLLECT (stats->transports, SfuLegStats, transports, transport_json)
  COLLECT (stats->tracks, SfuTrackStats, tracks, track_json)
  COLLECT (stats->slots, SfuSlotStats, slots, slot_json)
  COLLECT (stats->slots, SfuSlotStats, decisions, decision_json)
  json_object_set_array_member (result, "transports", transports);
  json_object_set_array_member (result, "tracks", tracks);
  json_object_set_array_member (result, "slots", slots);
  json_object_set_array_member (result, "decisions", decisions);
  return result;
}

static void
on_stats (const SfuStats *stats, void *user)
{
  g_autofree StatsAsk *ask = user;
  const GPtrArray *inside = sig_room_get_inside (ask->entry->room);

  ask->by_peer = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (unsigned i = 0; i < inside->len; i++)
    g_hash_table_insert (ask->by_peer, &((SigRoomPerson *) inside->pdata[i])->peer, inside->pdata[i]);
  sig_rpc_reply_object (ask->call, stats_json (ask, stats));
  g_hash_table_unref (ask->by_peer);
  sig_room_entry_unref (ask->entry);
}

void
sig_room_entry_stats (SigRoomEntry *entry, SigRpcCall *call, const SigRoomPerson *only)
{
  SfuControl *control = entry->rooms->config.control;
  StatsAsk *ask = g_new0 (StatsAsk, 1);

  ask->entry = sig_room_entry_ref (entry);
  ask->call = call;
  ask->only = only != NULL ? only->id : 0;
  if (control == NULL || entry->media == 0)
    on_stats (NULL, ask);
  else
    sfu_control_get_stats (control, entry->media, on_stats, ask);
}
