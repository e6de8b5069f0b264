/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/exchange.h"

#include "signaling/session-private.h"

/* what an answer that does not fit becomes; with the longest id it is smaller than SIG_EXCHANGE_ENVELOPE */
static const SigEnvelopeError too_large = { SIG_RPC_LIMIT, "answers", "the answers of this batch are too large together", 0,
                                            NULL };

SigExchange *
sig_exchange_new (const SigRpcConfig *config, const SigCaller *caller, unsigned n)
{
  SigExchange *exchange = g_new0 (SigExchange, 1);

  exchange->config = config;
  exchange->caller = *caller;
  if (caller->session != NULL)
    (void) sig_session_ref (caller->session);
  exchange->list = n > 0;
  exchange->unanswered = n;
  exchange->waiting = 1;
  exchange->answers = g_string_sized_new (256);
  exchange->status = 200;
  return exchange;
}

static void
send_answers (SigExchange *exchange)
{
  const SigRpcConfig *config = exchange->config;
  SigConnId conn = exchange->caller.conn;
  AlBuf *buf = NULL;

  if (exchange->n_answers > 0)
    {
      if (exchange->list)
        g_string_append_c (exchange->answers, ']');
      buf = al_buf_new_copy (exchange->answers->str, exchange->answers->len);
    }
  if (exchange->caller.websocket)
    {
      if (buf != NULL)
        config->transport->send (conn, buf, config->transport_user);
      config->transport->done (conn, config->transport_user);
    }
  else
    config->transport->respond (conn, buf != NULL ? exchange->status : 204, buf,
                                (unsigned) ((exchange->retry_after_ms + 999) / 1000), config->transport_user);
  al_buf_unref (buf);
}

void
sig_exchange_drop (SigExchange *exchange)
{
  if (--exchange->waiting > 0)
    return;
  g_clear_pointer (&exchange->caller.session, sig_session_unref);
  g_string_free (exchange->answers, TRUE);
  g_free (exchange);
}

void
sig_exchange_unref (SigExchange *exchange)
{
  if (exchange->waiting == 1)
    send_answers (exchange);
  sig_exchange_drop (exchange);
}

/* HTTP says what a proxy or a generic client should know; the body says the rest. In a list each answer stands for
 * itself. */
static unsigned
http_status (int code)
{
  switch (code)
    {
    case SIG_RPC_PARSE_ERROR:
    case SIG_RPC_INVALID_REQUEST:
      return 400;
    case SIG_RPC_UNAUTHENTICATED:
      return 401;
    case SIG_RPC_LIMIT:
      return 429;
    case SIG_RPC_UNAVAILABLE:
      return 503;
    default:
      return 200;
    }
}

/* Room for one more answer: every request that comes after it can still be told that its own was too large. */
static size_t
get_room (const SigExchange *exchange)
{
  size_t taken = exchange->answers->len + 2; /* a comma, and the end of the list */

  if (!exchange->list)
    return SIZE_MAX;
  taken += (size_t) (MAX (exchange->unanswered, 1) - 1) * SIG_EXCHANGE_ENVELOPE;
  return taken < SIG_EXCHANGE_MAX_LIST ? SIG_EXCHANGE_MAX_LIST - taken : 0;
}

bool
sig_exchange_has_room (const SigExchange *exchange, size_t len)
{
  return !exchange->list || len + SIG_EXCHANGE_ENVELOPE <= get_room (exchange);
}

static GString *
begin_answer (SigExchange *exchange)
{
  if (exchange->n_answers++ > 0)
    g_string_append_c (exchange->answers, ',');
  else if (exchange->list)
    g_string_append_c (exchange->answers, '[');
  return exchange->answers;
}

void
sig_exchange_add_nothing (SigExchange *exchange)
{
  if (exchange->list)
    exchange->unanswered--;
}

void
sig_exchange_add_result (SigExchange *exchange, JsonNode *id, const char *text, size_t len)
{
  sig_envelope_append_result (begin_answer (exchange), id, text, len);
  sig_exchange_add_nothing (exchange);
}

int
sig_exchange_add_error (SigExchange *exchange, JsonNode *id, const SigEnvelopeError *error)
{
  size_t room = get_room (exchange);
  GString *answers = begin_answer (exchange);
  size_t before = answers->len;

  sig_envelope_append_error (answers, id, error);
  if (answers->len - before > room)
    {
      error = &too_large;
      g_string_truncate (answers, before);
      sig_envelope_append_error (answers, id, error);
    }
  exchange->retry_after_ms = MAX (exchange->retry_after_ms, error->retry_after_ms);
  if (!exchange->list)
    exchange->status = http_status (error->code);
  sig_exchange_add_nothing (exchange);
  return error->code;
}
