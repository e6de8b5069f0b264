/* SPDX-License-Identifier: Apache-2.0 */
#include "messaging/pg-link.h"

#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "messaging/core.h"

#define RETRY_US (250 * 1000) /* a server that is away is asked for no more often than this */
#define LOCK_WAIT_US (2 * G_USEC_PER_SEC)
#define LOCK_CLASS "1095517267" /* "ALDS": the advisory locks of Aldis; the object is the schema */

struct MsgPgLink {
  char *url;
  char *name;           /* application_name: another one for each link */
  MsgDbMode mode;
  PGconn *handle;       /* NULL: lost */
  unsigned generation;
  unsigned n_sent;      /* commands whose answers were not read */
  bool owed;            /* ... and a sync is behind them */
  int64_t retry_us;     /* not before this time */
};

/* --- Errors --- */

/* Returns: (transfer full): libpq's message on one line. */
static char *
link_get_message (const MsgPgLink *link)
{
  char *message = g_strchomp (g_strdup (link->handle != NULL ? PQerrorMessage (link->handle) : ""));

  return g_strdelimit (message, "\n\t", ' ');
}

static const char *
result_state (const PGresult *result)
{
  const char *state = PQresultErrorField (result, PG_DIAG_SQLSTATE);

  return state != NULL ? state : "";
}

static void
link_drop (MsgPgLink *link)
{
  if (link->handle == NULL)
    return;
  PQfinish (link->handle);
  link->handle = NULL;
  link->n_sent = 0;
  link->owed = false;
}

static void
link_lose (MsgPgLink *link, GError **error)
{
  g_autofree char *why = link_get_message (link);

  if (link->handle != NULL && link->mode == MSG_DB_WRITE)
    al_warning ("the connection to the database is lost, trying again", "error", why);
  link_drop (link);
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "the connection to the database is lost%s%s",
                                           *why != '\0' ? ": " : "", why));
}

/* @result: an error. 08: connection; 57P: the server is being stopped; 25006: it has become a standby. */
static bool
result_means_loss (const MsgPgLink *link, const PGresult *result)
{
  const char *state = result_state (result);

  return PQstatus (link->handle) == CONNECTION_BAD || strncmp (state, "08", 2) == 0 || strncmp (state, "57P", 3) == 0
         || (link->mode == MSG_DB_WRITE && strcmp (state, "25006") == 0);
}

static GError *
result_to_error (const PGresult *result, const char *doing)
{
  const char *message = PQresultErrorField (result, PG_DIAG_MESSAGE_PRIMARY);
  const char *state = result_state (result);

  if (strncmp (state, "23", 2) == 0)
    return msg_error_new (MSG_ERROR_CONFLICT, "constraint", "%s: %s", doing, message);
  return msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s: %s (%s)", doing,
                        message != NULL ? message : PQresStatus (PQresultStatus (result)), state);
}

static bool
result_is_error (const PGresult *result)
{
  switch (PQresultStatus (result))
    {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return false;
    default:
      return true;
    }
}

/* --- Connecting --- */

static void
ignore_notice (void *user, const PGresult *result)
{
}

static bool G_GNUC_PRINTF (2, 3)
link_fail (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAVAILABLE, "storage", "%s", message));
  return false;
}

/* Returns: (transfer full) (nullable): the rows of @sql, outside the pipeline. */
static PGresult *
link_ask (MsgPgLink *link, const char *sql, GError **error)
{
  PGresult *result = PQexec (link->handle, sql);

  if (!result_is_error (result))
    return result;
  g_propagate_error (error, result_to_error (result, "setting up a connection to the database"));
  PQclear (result);
  return NULL;
}

static bool
link_ask_bool (MsgPgLink *link, const char *sql, bool *ret_value, GError **error)
{
  PGresult *result = link_ask (link, sql, error);

  if (result == NULL)
    return false;
  *ret_value = PQntuples (result) == 1 && *PQgetvalue (result, 0, 0) == 't';
  PQclear (result);
  return true;
}

/* The server's settings may say otherwise; a commit is durable all the same. */
static bool
link_set_up (MsgPgLink *link, GError **error)
{
  static const char common[] = "SET client_min_messages = warning; SET jit = off; SET statement_timeout = 0;"
                               "SET idle_in_transaction_session_timeout = 0; SET idle_session_timeout = 0;"
                               "SET lock_timeout = '5s';";
  static const char writer[] = "SELECT set_config ('synchronous_commit', 'on', false)"
                               " WHERE current_setting ('synchronous_commit') = 'off';"
                               "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
                               "SET tcp_keepalives_count = 3";
  static const char reader[] = "SET default_transaction_read_only = on";

  return msg_pg_link_run_script (link, common, error)
         && msg_pg_link_run_script (link, link->mode == MSG_DB_WRITE ? writer : reader, error);
}

static bool
link_check_server (MsgPgLink *link, GError **error)
{
  PGresult *result;
  bool ok = true;

  if (PQserverVersion (link->handle) < 150000)
    return link_fail (error, "PostgreSQL 15 or newer is needed");
  result = link_ask (link, "SELECT current_setting ('server_encoding'), current_schema (), current_setting ('fsync')",
                     error);
  if (result == NULL)
    return false;
  if (strcmp (PQgetvalue (result, 0, 0), "UTF8") != 0)
    ok = link_fail (error, "the database has the encoding %s; UTF8 is needed", PQgetvalue (result, 0, 0));
  else if (PQgetisnull (result, 0, 1))
    ok = link_fail (error, "the database has no schema that search_path names");
  else if (link->mode == MSG_DB_WRITE && link->generation == 1 && strcmp (PQgetvalue (result, 0, 2), "on") != 0)
    al_warning ("the server of the database runs with fsync=off: a power cut can take what was acknowledged");
  PQclear (result);
  return ok;
}

/* One writer in the world: a lock that the server holds for as long as the connection lives. When a connection was lost
 * that the server does not know to be dead, it still has the lock: the name tells that it was ours, and it is ended. */
static bool
link_try_lock (MsgPgLink *link, bool *ret_taken, GError **error)
{
  static const char take[] = "SELECT pg_try_advisory_lock (" LOCK_CLASS ", oid::int4) FROM pg_namespace"
                             " WHERE nspname = current_schema ()";
  g_autofree char *end = g_strdup_printf ("SELECT pg_terminate_backend (a.pid, 2000) FROM pg_locks l"
                                          " JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory'"
                                          " AND l.classid = " LOCK_CLASS " AND l.granted AND a.application_name = '%s'"
                                          " AND a.datname = current_database ()", link->name);
  bool ended;

  if (!link_ask_bool (link, take, ret_taken, error))
    return false;
  return *ret_taken
         || (link_ask_bool (link, end, &ended, error) && (!ended || link_ask_bool (link, take, ret_taken, error)));
}

/* At the start it waits a moment: the server may not have seen yet that the last one is gone. */
static bool
link_lock (MsgPgLink *link, GError **error)
{
  int64_t end_us = g_get_monotonic_time () + (link->generation == 1 ? LOCK_WAIT_US : 0);
  bool taken;

  for (;;)
    {
      if (!link_try_lock (link, &taken, error))
        return false;
      if (taken)
        return true;
      if (g_get_monotonic_time () >= end_us)
        return link_fail (error, "the database %s is in use by another server", PQdb (link->handle));
      g_usleep (LOCK_WAIT_US / 40);
    }
}

static bool
link_connect (MsgPgLink *link, GError **error)
{
  /* before dbname: the URL may say otherwise; behind it: it may not */
  const char *const keys[] = { "connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count",
                               "tcp_user_timeout", "target_session_attrs", "dbname", "client_encoding",
                               "application_name", NULL };
  const char *const values[] = { "5", "10", "5", "3", "15000", "read-write", link->url, "UTF8", link->name, NULL };

  link->handle = PQconnectdbParams (keys, values, 1);
  link->generation++;
  if (PQstatus (link->handle) != CONNECTION_OK)
    {
      g_autofree char *why = link_get_message (link);

      link_drop (link);
      return link_fail (error, "%s", why);
    }
  (void) PQsetNoticeReceiver (link->handle, ignore_notice, NULL);
  if (PQenterPipelineMode (link->handle) != 1)
    return link_fail (error, "libpq has no pipeline");
  if (link_set_up (link, error) && PQexitPipelineMode (link->handle) == 1 && link_check_server (link, error)
      && (link->mode != MSG_DB_WRITE || link_lock (link, error)) && PQenterPipelineMode (link->handle) == 1)
    return true;
  link_drop (link);
  return false;
}

MsgPgLink *
msg_pg_link_new (const char *url, MsgDbMode mode, GError **error)
{
  MsgPgLink *link = g_new0 (MsgPgLink, 1);

  link->url = g_strdup (url);
  link->name = g_strdup_printf ("aldisd %s %08x%08x", mode == MSG_DB_WRITE ? "writer" : "reader", g_random_int (),
                                g_random_int ());
  link->mode = mode;
  if (link_connect (link, error))
    return link;
  msg_pg_link_free (link);
  return NULL;
}

void
msg_pg_link_free (MsgPgLink *link)
{
  if (link == NULL)
    return;
  link_drop (link);
  g_free (link->url);
  g_free (link->name);
  g_free (link);
}

/* --- The state of the connection --- */

/* A server that has closed an idle connection has sent something: its farewell, or the end. */
static bool
link_is_dead (MsgPgLink *link)
{
  struct pollfd fd = { .fd = PQsocket (link->handle), .events = POLLIN };

  return poll (&fd, 1, 0) > 0
         && (PQconsumeInput (link->handle) != 1 || PQstatus (link->handle) != CONNECTION_OK
             || (fd.revents & (POLLHUP | POLLERR)) != 0);
}

bool
msg_pg_link_wake (MsgPgLink *link, GError **error)
{
  if (link->owed)
    {
      PGresult *result = msg_pg_link_finish (link, "ending a transaction", NULL);

      PQclear (result);
    }
  if (link->handle != NULL && link_is_dead (link))
    link_lose (link, NULL);
  if (link->handle != NULL)
    return true;
  if (g_get_monotonic_time () < link->retry_us)
    return link_fail (error, "the connection to the database is lost");
  if (!link_connect (link, error))
    {
      link->retry_us = g_get_monotonic_time () + RETRY_US;
      return false;
    }
  if (link->mode == MSG_DB_WRITE)
    al_info ("the connection to the database is back");
  return true;
}

bool
msg_pg_link_is_lost (const MsgPgLink *link)
{
  return link->handle == NULL;
}

unsigned
msg_pg_link_get_generation (const MsgPgLink *link)
{
  return link->generation;
}

PGconn *
msg_pg_link_get_handle (MsgPgLink *link)
{
  return link->handle;
}

/* --- Commands --- */

void
msg_pg_link_sent (MsgPgLink *link, int ok)
{
  if (ok == 1)
    link->n_sent++;
  else
    link_lose (link, NULL);
}

void
msg_pg_link_send (MsgPgLink *link, const char *sql)
{
  if (link->handle != NULL)
    msg_pg_link_sent (link, PQsendQueryParams (link->handle, sql, 0, NULL, NULL, NULL, NULL, 0));
}

/* Reads the answers up to the sync. Returns: false when the connection broke. @ret_result: the last command's, or the
 * first error. */
static bool
link_read (MsgPgLink *link, PGresult **ret_result)
{
  PGresult *kept = NULL, *result;
  unsigned n_nulls = 0;

  while (n_nulls < 2)
    {
      result = PQgetResult (link->handle);
      if (result == NULL) /* one is between two commands; a second one means that nothing more comes */
        {
          n_nulls++;
          continue;
        }
      n_nulls = 0;
      if (PQresultStatus (result) == PGRES_PIPELINE_SYNC)
        {
          PQclear (result);
          *ret_result = kept;
          return true;
        }
      if (kept != NULL && result_is_error (kept))
        PQclear (result);
      else
        {
          PQclear (kept);
          kept = result;
        }
      if (result_is_error (kept) && result_means_loss (link, kept))
        break;
    }
  PQclear (kept);
  return false;
}

PGresult *
msg_pg_link_finish (MsgPgLink *link, const char *doing, GError **error)
{
  PGresult *result;

  if (link->handle == NULL || (!link->owed && PQpipelineSync (link->handle) != 1) || !link_read (link, &result))
    {
      link_lose (link, error);
      return NULL;
    }
  link->owed = false;
  link->n_sent = 0;
  if (result != NULL && !result_is_error (result))
    return result;
  if (result != NULL)
    g_propagate_error (error, result_to_error (result, doing));
  PQclear (result);
  return NULL;
}

void
msg_pg_link_leave (MsgPgLink *link)
{
  if (link->handle == NULL || link->n_sent == 0)
    return;
  if (PQpipelineSync (link->handle) == 1)
    link->owed = true;
  else
    link_lose (link, NULL);
}

bool
msg_pg_link_run_script (MsgPgLink *link, const char *script, GError **error)
{
  PGresult *result;
  bool ok;

  g_return_val_if_fail (link->handle == NULL || link->n_sent == 0, false);
  if (link->handle == NULL || PQexitPipelineMode (link->handle) != 1)
    {
      link_lose (link, error);
      return false;
    }
  result = PQexec (link->handle, script);
  ok = !result_is_error (result);
  if (!ok && result_means_loss (link, result))
    link_lose (link, error);
  else if (!ok)
    g_propagate_error (error, result_to_error (result, "cannot run a script"));
  PQclear (result);
  if (link->handle != NULL && PQenterPipelineMode (link->handle) != 1)
    link_lose (link, ok ? error : NULL);
  return ok && link->handle != NULL;
}
