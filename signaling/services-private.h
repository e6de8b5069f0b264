/* SPDX-License-Identifier: Apache-2.0 */
/* What the service-*.c files share. */
#pragma once

#include "base/rate.h"
#include "messaging/account.h"
#include "messaging/message.h"
#include "messaging/privacy.h"
#include "messaging/session.h"
#include "signaling/audience.h"
#include "signaling/presence.h"
#include "signaling/profile.h"
#include "signaling/services.h"

struct SigServices {
  SigServicesConfig config;
  int64_t start_us;
  unsigned n_workers;
  SigTurnHost turn_host; /* all zero: none */
  GString *info;    /* owned; of service-server.c */
  SigPresence *presence; /* owned; of service-presence.c, as the next */
  AlRateTable *presence_asks;
  AlRateTable *typing; /* owned; of service-message.c */
  SigAudience *audience; /* owned; of service-updates.c */
  int64_t swept_us; /* of service-secret.c */
  GQueue logouts;   /* SigRpcCall of session.revoke by the device itself, and account.delete, not answered yet */
};

/* One per file: registers its methods. */
void sig_service_server_register (SigServices *self);
void sig_service_account_register (SigServices *self);
void sig_service_privacy_register (SigServices *self);
void sig_service_export_register (SigServices *self);
void sig_service_presence_register (SigServices *self);
void sig_service_moderation_register (SigServices *self);
void sig_service_two_factor_register (SigServices *self);
void sig_service_session_register (SigServices *self);
void sig_service_user_register (SigServices *self);
void sig_service_chat_register (SigServices *self);
void sig_service_join_register (SigServices *self);
void sig_service_message_register (SigServices *self);
void sig_service_message_acts_register (SigServices *self);
void sig_service_poll_register (SigServices *self);
void sig_service_topic_register (SigServices *self);
void sig_service_compose_register (SigServices *self);
void sig_service_search_register (SigServices *self);
void sig_service_updates_register (SigServices *self);
void sig_service_push_register (SigServices *self);
void sig_service_secret_register (SigServices *self);
void sig_service_backend_register (SigServices *self);
void sig_service_admin_register (SigServices *self);

/** SIG_SMALL_CROWD: what is told for the moment alone (who is typing) is told to at most so many: one request is not to cost
 *  more than a message does. */
#define SIG_SMALL_CROWD 200

/** sig_service_session_on_ended: the core says that sessions are no more. @user: SigServices. */
void sig_service_session_on_ended (MsgId user_id, MsgId device_id, MsgId except_device_id, MsgEndCause cause, gpointer user);

/** sig_service_on_logged_out: a MsgDoneFn whose data is a SigServicePage with a call that waits in logouts. */
void sig_service_on_logged_out (const GError *error, gpointer page);
/** sig_service_session_on_logged_in: the core says that a device has logged in: the user's others are told. @user:
 *  SigServices. */
void sig_service_session_on_logged_in (MsgId user_id, const MsgNotice *notice, gpointer user);
/** sig_service_tell_chat: the notification `update`, which is no part of a log, to those who are here and in a chat with a
 *  log of its own, but for one; to nobody when they are more than SIG_SMALL_CROWD. */
void sig_service_tell_chat (SigServices *self, MsgId chat_id, JsonObject *update, MsgId except_id);
/** sig_service_tell_user: the notification `update` to all devices of a user. @pts: 0: it is no part of the log. */
void sig_service_tell_user (SigServices *self, MsgId user_id, JsonObject *update, int64_t pts);

/** sig_service_secret_sweep: ends the secret chats that are over. */
void sig_service_secret_sweep (SigServices *self);
/** sig_service_schedule: answers message.send with sendAt. */
void sig_service_schedule (SigServices *self, SigRpcCall *call, const MsgSending *sending, int64_t send_ms);

/** sig_privacy_json: Returns: (transfer full): what account.privacy gives. */
JsonObject *sig_privacy_json (const MsgPrivacy *privacy);
/** sig_service_device_spec: reads params.device. @spec: strings are borrowed from @params, the key from @key. */
void sig_service_device_spec (JsonObject *params, MsgDeviceSpec *spec, uint8_t key[MSG_IDENTITY_KEY_BYTES]);

/** sig_caller: Returns: the user who calls; of methods that need a session. */
MsgId sig_caller (SigRpcCall *call);
/** sig_service_on_written: a MsgWrittenFn whose data is a SigRpcCall: its pts, or the error. */
void sig_service_on_written (const MsgWritten *written, const GError *error, gpointer call);
/** sig_service_on_history: a MsgHistoryFn whose data is a SigRpcCall: {messages, next?}. */
void sig_service_on_history (const MsgHistory *history, const GError *error, gpointer call);
/** sig_service_on_done: a MsgDoneFn whose data is a SigRpcCall: {} or the error. */
void sig_service_on_done (const GError *error, gpointer call);

/** SigServicePage: a question to the core that is answered later. */
typedef struct {
  SigServices *services;
  SigRpcCall *call;
  unsigned limit;  /* of a list that has pages: a full one has a next; 0: all at once */
} SigServicePage;

SigServicePage *sig_service_page_new (SigServices *services, SigRpcCall *call, unsigned limit);
/** sig_service_on_session_page: a MsgSessionsFn whose data is a SigServicePage: {sessions, next?}. */
void sig_service_on_session_page (GPtrArray *rows, const GError *error, gpointer page);
