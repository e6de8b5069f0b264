/* SPDX-License-Identifier: Apache-2.0 */
/* What the service-*.c files share. */
#pragma once

#include "messaging/account.h"
#include "messaging/session.h"
#include "signaling/profile.h"
#include "signaling/services.h"

struct SigServices {
  SigServicesConfig config;
  int64_t start_us;
  GQueue logouts;   /* SigRpcCall of session.revoke by the device itself, not answered yet */
};

/* One per file: registers its methods. */
void sig_service_server_register (SigServices *self);
void sig_service_account_register (SigServices *self);
void sig_service_session_register (SigServices *self);
void sig_service_user_register (SigServices *self);
void sig_service_backend_register (SigServices *self);
void sig_service_admin_register (SigServices *self);

/** sig_service_session_on_ended: the core says that sessions are no more. @user: SigServices. */
void sig_service_session_on_ended (MsgId user_id, MsgId device_id, MsgId except_device_id, MsgEndCause cause, gpointer user);

/** sig_service_device_spec: reads params.device. @spec: strings are borrowed from @params, the key from @key. */
void sig_service_device_spec (JsonObject *params, MsgDeviceSpec *spec, uint8_t key[MSG_IDENTITY_KEY_BYTES]);

/** sig_service_on_done: a MsgDoneFn whose data is a SigRpcCall: {} or the error. */
void sig_service_on_done (const GError *error, gpointer call);

/** sig_service_account_to_json: Returns: (transfer full): an Account. */
JsonObject *sig_service_account_to_json (const MsgUser *user);
/** sig_service_session_to_json: Returns: (transfer full): a BackendSession. */
JsonObject *sig_service_session_to_json (SigServices *self, const MsgSession *row);
