/* SPDX-License-Identifier: Apache-2.0 */
/* Ids, users and devices as plain values, for all who only pass them on. Any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * MsgId: names a user or a device: random, 1 to 2^53-1, never reused; 0 is "none". In JSON a decimal string.
 */
typedef int64_t MsgId;

#define MSG_ID_MAX ((INT64_C (1) << 53) - 1)
/** MSG_ID_STRLEN: enough for a MsgId as text and its NUL. */
#define MSG_ID_STRLEN 20

/** msg_id_new: Returns: a new random id. Any thread. */
MsgId msg_id_new (void);
/** msg_id_parse: @text: decimal digits alone, no sign, no leading zero. Returns: false, @ret_id untouched, when @text
 *  is no id in 1..MSG_ID_MAX. Any thread. */
bool msg_id_parse (const char *text, MsgId *ret_id);
/** msg_id_format: Returns: @ret_text. Any thread. */
char *msg_id_format (MsgId id, char ret_text[MSG_ID_STRLEN]);

#define MSG_DISPLAY_NAME_CHARS 64

/** MsgUser: a user as others may see them. A deleted user keeps the id and nothing else, for the history of others. */
typedef struct {
  MsgId id;
  char *username;      /* as typed at registration; "jwt:SUB" for a user of an outside application; "" when deleted */
  char *display_name;  /* 1 to 64 characters, no control characters; "Deleted account" when deleted */
  bool disabled;
  bool deleted;
  bool external;       /* logs in by JWT, has no password */
  int64_t created_at_ms;
} MsgUser;

MsgUser *msg_user_copy (const MsgUser *user);
void msg_user_free (MsgUser *user); /* NULL is allowed */

#define MSG_IDENTITY_KEY_BYTES 32
#define MSG_DEVICE_NAME_CHARS 64
#define MSG_PLATFORM_CHARS 32

/** MsgDevice: a device as others may see it. */
typedef struct {
  MsgId id;
  MsgId user_id;
  char *name;                                    /* 1 to 64 characters, no control characters */
  char *platform;                                /* 1 to 32 of the same */
  uint8_t identity_key[MSG_IDENTITY_KEY_BYTES];  /* Ed25519, never changes for an id */
  int64_t added_at_ms;
} MsgDevice;

MsgDevice *msg_device_copy (const MsgDevice *device);
void msg_device_free (MsgDevice *device); /* NULL is allowed */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgUser, msg_user_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgDevice, msg_device_free)
