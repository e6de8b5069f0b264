/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed webhooks: events posted to one URL of the operator, by a thread of its own. Delivered at least once while the
 * server runs and the queue lasts, not always in order; what is queued when it stops is lost (docs/protocol.md).
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/metrics.h"

typedef struct SigWebhook SigWebhook;

typedef struct {
  const char *url;          /* http: or https:; certificates are verified, redirects are not followed */
  const char *secret;       /* key of the HMAC */
  AlMetrics *metrics;       /* (transfer none): outlives the webhook */
  unsigned max_queued;      /* events that wait, those between two tries too; more push the oldest out */
  unsigned max_retries;     /* after the first try */
  unsigned first_retry_ms;  /* then four times as long each time, and half to one and a half of that */
  unsigned timeout_ms;      /* of one try */
} SigWebhookConfig;

/** sig_webhook_config_init: 10,000 events, 5 retries from 1 s on (so over 5 to 6 minutes), 10 s. */
void sig_webhook_config_init (SigWebhookConfig *config);

/** sig_webhook_new: @config: copied. Starts the thread. Errors: G_IO_ERROR (the URL is none, no thread to be had). */
SigWebhook *sig_webhook_new (const SigWebhookConfig *config, GError **error);
/** sig_webhook_stop: lets it go on for up to @grace_ms with what is due, then its thread ends. Does not wait for that, which
 *  can take as long as a name server does not answer. Only the first call counts. Nothing may be posted after it. */
void sig_webhook_stop (SigWebhook *webhook, unsigned grace_ms);
/** sig_webhook_has_ended: Returns: whether sig_webhook_free() has nothing to wait for. */
bool sig_webhook_has_ended (const SigWebhook *webhook);
/** sig_webhook_free: stops it if nobody has, and waits for its end. NULL is allowed. */
void sig_webhook_free (SigWebhook *webhook, unsigned grace_ms);

/**
 * sig_webhook_post:
 * @type: "call.ended"; static or copied
 * @data: (transfer full): under x-webhooks in docs/openrpc.json
 *
 * Body: {id, type, time, data}. Header: Aldis-Signature: t=SECONDS,v1=HEX with HEX = HMAC-SHA256 (secret, t "." body).
 * Main thread; never blocks.
 */
void sig_webhook_post (SigWebhook *webhook, const char *type, JsonObject *data);

/** sig_webhook_sign: @ret: the value of Aldis-Signature. Returns: (transfer full). Any thread. */
char *sig_webhook_sign (const char *secret, int64_t time_s, const char *body, size_t len);
