/* SPDX-License-Identifier: Apache-2.0 */
#include "server/relay-desk.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox-source.h"
#include "relay/report.h"

#define CAPACITY 16384

struct RelayDesk {
  AlMailbox *box;
  GSource *source;
  RelayDeskEndFn end_fn;
  gpointer user;
  _Atomic uint64_t lost;
};

/* a letter to the main thread */
typedef struct {
  RelayDesk *desk;
  RelayDeskListFn fn; /* NULL: an allocation that ended */
  gpointer data;
  RelayAllocInfo info;
  RelayEndReason reason;
  int64_t ended_us;
  GArray *infos;      /* owned */
  RelayTurnStats stats;
} Letter;

static void
letter_free (gpointer data)
{
  Letter *letter = data;

  if (letter->infos != NULL)
    g_array_unref (letter->infos);
  g_free (letter);
}

static JsonObject *
make_traffic (uint64_t packets, uint64_t bytes)
{
  JsonObject *traffic = json_object_new ();

  json_object_set_int_member (traffic, "packets", (gint64) packets);
  json_object_set_int_member (traffic, "bytes", (gint64) bytes);
  return traffic;
}

static int64_t
to_ms (int64_t us)
{
  return al_clock_wall_ms () - (al_clock_now_us () - us) / 1000;
}

static JsonObject *
make_alloc (const RelayAllocInfo *info)
{
  JsonObject *alloc = json_object_new ();
  JsonArray *relayed = json_array_new ();
  char text[AL_ADDR_STRLEN];
  g_autofree char *id = g_utf8_make_valid (info->id, -1);

  for (unsigned family = 0; family < RELAY_FAMILY_N; family++)
    if (info->relayed[family].sa.sa_family != AF_UNSPEC)
      json_array_add_string_element (relayed, al_addr_format (&info->relayed[family], true, text));
  json_object_set_string_member (alloc, "id", id);
  json_object_set_string_member (alloc, "transport", relay_transport_name (info->tuple.transport));
  json_object_set_string_member (alloc, "client", al_addr_format (&info->tuple.remote, true, text));
  json_object_set_array_member (alloc, "relayed", relayed);
  json_object_set_int_member (alloc, "createdAt", to_ms (info->made_us));
  json_object_set_int_member (alloc, "permissions", info->permissions);
  json_object_set_int_member (alloc, "channels", info->channels);
  json_object_set_string_member (alloc, "relayedTransport", info->is_tcp ? "tcp" : "udp");
  json_object_set_int_member (alloc, "connections", info->links);
  json_object_set_object_member (alloc, "fromClient", make_traffic (info->traffic.rx_pkts, info->traffic.rx_bytes));
  json_object_set_object_member (alloc, "toClient", make_traffic (info->traffic.tx_pkts, info->traffic.tx_bytes));
  return alloc;
}

static void
tell_end (RelayDesk *desk, const Letter *letter)
{
  JsonObject *payload = make_alloc (&letter->info);
  int64_t duration_ms = (letter->ended_us - letter->info.made_us) / 1000;
  char packets[2][24];

  g_snprintf (packets[0], sizeof packets[0], "%" G_GUINT64_FORMAT, letter->info.traffic.rx_pkts);
  g_snprintf (packets[1], sizeof packets[1], "%" G_GUINT64_FORMAT, letter->info.traffic.tx_pkts);
  al_debug ("allocation ended", "id", json_object_get_string_member (payload, "id"), "reason",
            relay_end_name (letter->reason), "client", json_object_get_string_member (payload, "client"), "from_client",
            packets[0], "to_client", packets[1]);
  json_object_set_string_member (payload, "reason", relay_end_name (letter->reason));
  json_object_set_int_member (payload, "durationMs", MAX (duration_ms, 0));
  if (desk->end_fn != NULL)
    desk->end_fn (payload, desk->user);
  else
    json_object_unref (payload);
}

static void
tell_list (const Letter *letter)
{
  JsonObject *result = json_object_new ();
  JsonArray *allocations = json_array_new ();
  gint64 active = 0;

  for (guint i = 0; i < letter->infos->len; i++)
    {
      const RelayAllocInfo *info = &g_array_index (letter->infos, RelayAllocInfo, i);
      JsonObject *alloc = make_alloc (info);

      json_object_set_int_member (alloc, "expiresAt", to_ms (info->expires_us));
      json_array_add_object_element (allocations, alloc);
    }
  for (unsigned i = 0; i < RELAY_TRANSPORT_N; i++)
    active += letter->stats.active[i];
  json_object_set_array_member (result, "allocations", allocations);
  json_object_set_int_member (result, "active", active);
  letter->fn (result, letter->data);
}

static void
on_letter (void *message, void *user)
{
  Letter *letter = message;
  uint64_t lost = atomic_exchange (&letter->desk->lost, 0);

  if (lost > 0)
    al_warning ("allocations that ended were not told of, main is behind");
  if (letter->fn == NULL)
    tell_end (letter->desk, letter);
  else
    tell_list (letter);
  letter_free (letter);
}

RelayDesk *
relay_desk_new (GMainContext *context, GError **error)
{
  g_autoptr (RelayDesk) desk = g_new0 (RelayDesk, 1);

  desk->box = al_mailbox_new (CAPACITY, letter_free, error);
  if (desk->box == NULL)
    return NULL;
  desk->source = al_mailbox_source_new (desk->box, on_letter, NULL);
  g_source_attach (desk->source, context);
  return g_steal_pointer (&desk);
}

void
relay_desk_free (RelayDesk *desk)
{
  if (desk == NULL)
    return;
  if (desk->source != NULL)
    {
      g_source_destroy (desk->source);
      g_source_unref (desk->source);
    }
  al_mailbox_free (desk->box);
  g_free (desk);
}

void
relay_desk_set_end_fn (RelayDesk *desk, RelayDeskEndFn fn, gpointer user)
{
  desk->end_fn = fn;
  desk->user = user;
}

static void
post (RelayDesk *desk, Letter *letter)
{
  if (al_mailbox_post (desk->box, letter))
    return;
  atomic_fetch_add (&desk->lost, 1);
  letter_free (letter);
}

void
relay_desk_end (RelayDesk *desk, const RelayAllocInfo *info, RelayEndReason reason)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->desk = desk;
  letter->info = *info;
  letter->reason = reason;
  letter->ended_us = al_clock_now_us ();
  post (desk, letter);
}

/* on a worker's thread */
static void
on_list (GArray *infos, const RelayTurnStats *stats, void *user)
{
  Letter *letter = user;

  letter->infos = infos;
  letter->stats = *stats;
  post (letter->desk, letter);
}

void
relay_desk_list (RelayDesk *desk, RelayMesh *mesh, RelayDeskListFn fn, gpointer data)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->desk = desk;
  letter->fn = fn;
  letter->data = data;
  relay_mesh_list (mesh, true, on_list, letter);
}
