/* SPDX-License-Identifier: Apache-2.0 */
/* What service messages tell of, as JSON: one object with one member. Pure; any thread. */
#pragma once

#include "messaging/call-log.h"
#include "messaging/room.h"

/* All: Returns: (transfer full). */
char *msg_service_created (const char *title);
char *msg_service_titled (const char *title);
/** msg_service_added, _removed: @users: (element-type MsgId). */
char *msg_service_added (const GArray *users);
char *msg_service_removed (MsgId user_id);
char *msg_service_left (void);
/** msg_service_ttl: {ttl: {ms}}: how long messages stay from here on; 0: for ever. */
char *msg_service_ttl (int64_t ttl_ms);
char *msg_service_retention (int64_t retention_ms);
/** msg_service_migrated: {migrated: {}}: the group is a supergroup from here on. */
char *msg_service_migrated (void);
/** msg_service_pinned: {pinned: {messageId}}. */
char *msg_service_pinned (int64_t message_id);
/** msg_service_topic: {topic: {title?, closed?, pinned?}}: what is new of a thread. @title: (nullable). @closed, @pinned: below
 *  0: as before. */
char *msg_service_topic (const char *title, int closed, int pinned);
/** msg_service_call: {call: {callId, reason, durationMs, video}}. */
char *msg_service_call (const MsgCall *call);
/** msg_service_room: {room: {roomId, title, link}}: a voice chat that was started. */
char *msg_service_room (const MsgRoom *room);
