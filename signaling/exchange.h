/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message of a client and what answers it: a text for each call in it, sent together when the last call is done.
 * Main thread.
 */
#pragma once

#include "signaling/envelope.h"
#include "signaling/rpc-private.h"

/** Most bytes that answer one batch: below the front's hard mark, together with what a reader may be behind. */
#define SIG_EXCHANGE_MAX_LIST (512 * 1024)
/** An answer's envelope around its result, and the short error in place of an answer that does not fit, are smaller. */
#define SIG_EXCHANGE_ENVELOPE 1024

typedef struct {
  const SigRpcConfig *config; /* not owned */
  SigCaller caller;           /* its session is a reference */
  bool list;                  /* answered by a list */
  unsigned unanswered;        /* of a list: requests without an answer, those not looked at yet among them */
  unsigned waiting;           /* references */
  unsigned n_answers;
  GString *answers;           /* joined by commas, in the order in which they came */
  unsigned status;            /* HTTP */
  int64_t retry_after_ms;
} SigExchange;

/** sig_exchange_new: @n: requests in the list; 0: a single request. Returns: (transfer full): with one reference. */
SigExchange *sig_exchange_new (const SigRpcConfig *config, const SigCaller *caller, unsigned n);
/** sig_exchange_unref: the last one but sig_exchange_drop() sends what was answered. */
void sig_exchange_unref (SigExchange *exchange);
/** sig_exchange_drop: like sig_exchange_unref(), and sends nothing. */
void sig_exchange_drop (SigExchange *exchange);

/** sig_exchange_has_room: Returns: whether a result of @len bytes fits beside the answers that must still come. */
bool sig_exchange_has_room (const SigExchange *exchange, size_t len);
/** sig_exchange_add_result: of a request that has an id (or null). There is room for it. */
void sig_exchange_add_result (SigExchange *exchange, JsonNode *id, const char *text, size_t len);
/** sig_exchange_add_error: Returns: the code that was answered: another one when @error does not fit. */
int sig_exchange_add_error (SigExchange *exchange, JsonNode *id, const SigEnvelopeError *error);
/** sig_exchange_add_nothing: a notification is done. */
void sig_exchange_add_nothing (SigExchange *exchange);
