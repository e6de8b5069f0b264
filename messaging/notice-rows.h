/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of notices. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/notice.h"

/** msg_notice_put: @ret_told: whether there is any other device to be told. */
bool msg_notice_put (MsgDb *db, const MsgDevice *device, bool known, int64_t now_ms, bool *ret_told, GError **error);
/** msg_notice_load: what @device_id has to tell, oldest first. @ret_notices: (transfer full) (element-type MsgNotice). */
bool msg_notice_load (MsgDb *db, MsgId device_id, GPtrArray **ret_notices, GError **error);
/** msg_notice_forget_device: before a device's row goes. */
bool msg_notice_forget_device (MsgDb *db, MsgId device_id, GError **error);
