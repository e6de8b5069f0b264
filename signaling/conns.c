/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/conns.h"

#include "signaling/session-private.h"

struct SigConns {
  GHashTable *by_id; /* &SigConn.id -> SigConn (owned) */
};

static void
conn_free (gpointer data)
{
  SigConn *conn = data;

  g_clear_pointer (&conn->session, sig_session_unref);
  g_free (conn);
}

SigConns *
sig_conns_new (void)
{
  SigConns *conns = g_new0 (SigConns, 1);

  conns->by_id = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, conn_free);
  return conns;
}

void
sig_conns_free (SigConns *conns)
{
  if (conns == NULL)
    return;
  g_hash_table_unref (conns->by_id);
  g_free (conns);
}

SigConn *
sig_conns_add (SigConns *conns, SigConnId id, const SigPeer *peer)
{
  SigConn *conn = g_new0 (SigConn, 1);

  conn->id = id;
  conn->address = peer->address;
  conn->admin = peer->admin;
  g_hash_table_replace (conns->by_id, &conn->id, conn);
  return conn;
}

SigConn *
sig_conns_lookup (SigConns *conns, SigConnId id)
{
  return g_hash_table_lookup (conns->by_id, &id);
}

void
sig_conns_remove (SigConns *conns, SigConnId id)
{
  (void) g_hash_table_remove (conns->by_id, &id);
}

unsigned
sig_conns_get_n (const SigConns *conns)
{
  return g_hash_table_size (conns->by_id);
}

void
sig_conn_set_session (SigConn *conn, SigSession *session)
{
  g_clear_pointer (&conn->session, sig_session_unref);
  conn->session = sig_session_ref (session);
}

SigSession *
sig_conn_get_session (const SigConn *conn)
{
  return conn->session != NULL && sig_session_get_conn (conn->session) == conn->id ? conn->session : NULL;
}
