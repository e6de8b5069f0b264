/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of the bench: nothing flows in them, they are only noted. */
#include "bench.h"

static void *
on_listen (RelayAlloc *alloc, const AlAddr *address, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;
  Listening *listening;

  if (bench->failing_opens > 0)
    {
      bench->failing_opens--;
      return NULL;
    }
  listening = g_new (Listening, 1);
  *listening = (Listening){ alloc, *address };
  g_ptr_array_add (bench->listening, listening);
  return listening;
}

static void
on_unlisten (void *socket, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;

  for (guint i = 0; i < bench->connections->len; i++)
    {
      Connection *connection = bench->connections->pdata[i];

      g_assert_true (connection->from != socket || connection->link == NULL);
      if (connection->from == socket)
        connection->from = NULL;
    }
  g_assert_true (g_ptr_array_remove (bench->listening, socket));
}

static void *
on_connect (void *socket, RelayLink *link, const AlAddr *peer, void *user)
{
  Bench *bench = ((BenchWorker *) user)->bench;
  Connection *connection;

  if (bench->failing_connects)
    return NULL;
  connection = g_new0 (Connection, 1);
  connection->link = link;
  connection->from = socket;
  connection->peer = *peer;
  g_ptr_array_add (bench->connections, connection);
  return connection;
}

static void
on_join (void *opaque, const RelayTuple *client, void *user)
{
  Connection *connection = opaque;

  g_assert_false (connection->joined || connection->hung_up);
  connection->joined = true;
  connection->client = *client;
}

static void
on_hangup (void *opaque, void *user)
{
  Connection *connection = opaque;

  g_assert_nonnull (connection->link);
  g_assert_false (connection->hung_up);
  connection->hung_up = true;
  connection->link = NULL;
}

void
bench_tcp_set_io (RelayIo *io)
{
  io->listen = on_listen;
  io->unlisten = on_unlisten;
  io->connect = on_connect;
  io->join = on_join;
  io->hangup = on_hangup;
}

void
bench_tcp_clear (Bench *bench)
{
  g_assert_cmpuint (bench->listening->len, ==, 0);
  g_assert_cmpuint (relay_ports_count (bench->shared.tcp_ports), ==, 0);
  for (guint i = 0; i < bench->connections->len; i++)
    g_assert_null (((Connection *) bench->connections->pdata[i])->link);
  g_ptr_array_unref (bench->listening);
  g_ptr_array_unref (bench->connections);
  relay_ports_free (bench->shared.tcp_ports);
}

Connection *
bench_accept (Bench *bench, const AlAddr *relayed, const char *peer)
{
  for (guint i = 0; i < bench->listening->len; i++)
    {
      Listening *listening = bench->listening->pdata[i];
      Connection *connection;

      if (al_addr_get_port (&listening->address) != al_addr_get_port (relayed)
          || listening->address.sa.sa_family != relayed->sa.sa_family)
        continue;
      connection = g_new0 (Connection, 1);
      connection->from = listening;
      connection->peer = addr_of (peer);
      g_ptr_array_add (bench->connections, connection);
      connection->link =
          relay_turn_on_accept (bench->turns[0], listening->alloc, &connection->peer, connection, bench->now_us);
      return connection;
    }
  g_assert_not_reached ();
}

Connection *
bench_get (Bench *bench)
{
  g_assert_cmpuint (bench->connections->len, >, 0);
  return bench->connections->pdata[bench->connections->len - 1];
}

void
bench_connected (Bench *bench, unsigned worker, bool ok)
{
  Connection *connection = bench_get (bench);
  RelayLink *link = connection->link;

  if (!ok)
    connection->link = NULL;
  relay_turn_on_connected (bench->turns[worker], link, ok, bench->now_us);
}

void
client_init_tcp (Client *client, Bench *bench, unsigned worker, const char *address)
{
  client_init (client, bench, worker, address);
  client->tuple.transport = RELAY_TCP;
  client->tuple.conn = client;
  g_assert_cmpuint (client_challenge (client), ==, 401);
}

unsigned
client_allocate_tcp (Client *client)
{
  AlStunAttr attr;
  Ask ask;
  unsigned code;

  ask_begin (client, &ask, AL_STUN_ALLOCATE);
  al_stun_put_u32 (&ask.out, AL_STUN_REQUESTED_TRANSPORT, 6u << 24);
  code = ask_send (client, &ask);
  if (code == 0)
    {
      g_assert_true (al_stun_find (&client->reply, AL_STUN_XOR_RELAYED_ADDRESS, &attr));
      g_assert_true (al_stun_attr_addr (&client->reply, &attr, false, &client->relayed[RELAY_IPV4]));
    }
  return code;
}

unsigned
client_connect (Client *client, const char *peer)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_CONNECT);
  ask_peer (&ask, peer);
  return ask_send (client, &ask);
}

unsigned
client_join (Client *client, uint32_t id)
{
  Ask ask;

  ask_begin (client, &ask, AL_STUN_CONNECTION_BIND);
  al_stun_put_u32 (&ask.out, AL_STUN_CONNECTION_ID, id);
  return ask_send (client, &ask);
}

unsigned
client_read (Client *client, AlStunClass cls, AlStunMethod method)
{
  AlStunAttr attr;

  g_clear_pointer (&client->answer, packet_free);
  client->answer = bench_take (client->bench->sent);
  g_assert_true (relay_tuple_equal (&client->answer->to, &client->tuple));
  g_assert_true (al_stun_parse (client->answer->data, client->answer->len, &client->reply));
  g_assert_cmpint (client->reply.cls, ==, cls);
  g_assert_cmpint (client->reply.method, ==, method);
  if (cls != AL_STUN_ERROR)
    return 0;
  g_assert_true (al_stun_find (&client->reply, AL_STUN_ERROR_CODE, &attr));
  return attr.value[2] * 100u + attr.value[3];
}

uint32_t
client_id (const Client *client)
{
  uint32_t id = 0;

  g_assert_true (al_stun_find_u32 (&client->reply, AL_STUN_CONNECTION_ID, &id));
  return id;
}
