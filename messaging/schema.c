/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of the schema, written once for both engines. Types are BIGINT (booleans too: 0 or 1), {text} and {blob};
 * dialect.h has all placeholders. Keys are given by the program: no AUTOINCREMENT, no sequences.
 */
#include "messaging/migrations.h"

static const MsgMigration migrations[] = {
  { 1, "accounts",
    "CREATE TABLE users ("
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  name_key {text} UNIQUE," /* folded username, or jwt:SUB as it is; NULL when deleted */
    "  username {text} NOT NULL,"
    "  display_name {text} NOT NULL,"
    "  password_hash {text},"   /* encoded Argon2id; NULL for external users */
    "  external BIGINT NOT NULL,"
    "  disabled BIGINT NOT NULL,"
    "  created_ms BIGINT NOT NULL,"
    "  deleted_ms BIGINT NOT NULL);" /* 0: not deleted */
    "CREATE TABLE devices ("
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  name {text} NOT NULL,"
    "  platform {text} NOT NULL,"
    "  identity_key {blob} NOT NULL,"
    "  added_ms BIGINT NOT NULL,"
    "  seen_ms BIGINT NOT NULL,"
    "  revoked_ms BIGINT NOT NULL," /* a JWT issued until then is void; 0: never revoked */
    "  UNIQUE (user_id, identity_key));" },
  { 2, "sessions",
    "CREATE TABLE sessions ("
    "  device_id BIGINT NOT NULL PRIMARY KEY REFERENCES devices (id),"
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  token_hash {blob} UNIQUE," /* SHA-256; NULL for a session by JWT */
    "  created_ms BIGINT NOT NULL);"
    "CREATE INDEX sessions_user ON sessions (user_id);" },
  { 3, "calls",
    "CREATE TABLE calls ("
    "  seq BIGINT NOT NULL PRIMARY KEY," /* order of starting, given by the one writer */
    "  call_id {blob} NOT NULL UNIQUE,"
    "  caller_user BIGINT NOT NULL,"
    "  caller_device BIGINT NOT NULL,"
    "  callee_user BIGINT NOT NULL,"
    "  callee_device BIGINT NOT NULL,"
    "  video BIGINT NOT NULL,"
    "  state BIGINT NOT NULL,"
    "  started_ms BIGINT NOT NULL,"
    "  accepted_ms BIGINT NOT NULL,"
    "  active_ms BIGINT NOT NULL,"
    "  ended_ms BIGINT NOT NULL,"
    "  reason {text} NOT NULL,"
    "  heartbeat_ms BIGINT NOT NULL);"
    "CREATE INDEX calls_caller ON calls (caller_user, seq);"
    "CREATE INDEX calls_callee ON calls (callee_user, seq);"
    "CREATE INDEX calls_open ON calls (state) WHERE state < 3;" },
  { 4, "rooms",
    "CREATE TABLE rooms ("
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  owner_id BIGINT NOT NULL REFERENCES users (id),"
    "  chat_id BIGINT," /* for the chat that a room will belong to */
    "  title {text} NOT NULL,"
    "  lobby BIGINT NOT NULL,"
    "  guests BIGINT NOT NULL,"
    "  permanent BIGINT NOT NULL,"
    "  entry_standing BIGINT NOT NULL,"
    "  max_participants BIGINT NOT NULL,"
    "  active_speakers BIGINT NOT NULL,"
    "  locked BIGINT NOT NULL,"
    "  link {blob} UNIQUE," /* NULL: none works */
    "  created_ms BIGINT NOT NULL);"
    "CREATE INDEX rooms_owner ON rooms (owner_id);"
    "CREATE INDEX rooms_passing ON rooms (permanent) WHERE permanent = 0;"
    "CREATE TABLE room_members ("
    "  room_id BIGINT NOT NULL REFERENCES rooms (id),"
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  standing BIGINT NOT NULL,"
    "  PRIMARY KEY (room_id, user_id));"
    "CREATE INDEX room_members_user ON room_members (user_id);" },
  { 5, "two_factor",
    "CREATE TABLE two_factor ("
    "  user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),"
    "  secret {blob} NOT NULL,"
    "  enabled_ms BIGINT NOT NULL," /* 0: begun, no code was shown yet */
    "  last_step BIGINT NOT NULL);" /* of the last code taken: none up to it is taken again */
    "CREATE TABLE recovery_codes ("
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  hash {blob} NOT NULL," /* SHA-256 */
    "  PRIMARY KEY (user_id, hash)) {clustered};" },
  { 6, "login_notices",
    "CREATE TABLE login_notices ("
    "  device_id BIGINT NOT NULL," /* to be told */
    "  about_id BIGINT NOT NULL,"  /* has logged in */
    "  at_ms BIGINT NOT NULL,"
    "  known BIGINT NOT NULL,"
    "  PRIMARY KEY (device_id, about_id)) {clustered};"
    "CREATE INDEX login_notices_about ON login_notices (about_id);" },
  { 7, "privacy",
    "CREATE TABLE blocks ("
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  blocked_id BIGINT NOT NULL REFERENCES users (id),"
    "  at_ms BIGINT NOT NULL,"
    "  PRIMARY KEY (user_id, blocked_id)) {clustered};"
    "CREATE INDEX blocks_blocked ON blocks (blocked_id);"
    "CREATE TABLE privacy ("
    "  user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),"
    "  calls BIGINT NOT NULL);"
    /* 1: the callee was not told of it, and never is */
    "ALTER TABLE calls ADD COLUMN withheld BIGINT NOT NULL DEFAULT 0;"
    "CREATE INDEX calls_pair ON calls (caller_user, callee_user);" },
  { 8, "chats",
    "CREATE TABLE chats ("
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  kind BIGINT NOT NULL,"
    "  title {text} NOT NULL,"
    "  about {text} NOT NULL,"
    "  name_key {text} UNIQUE," /* folded public name; NULL: none */
    "  username {text},"
    "  owner_id BIGINT NOT NULL," /* 0: nobody */
    "  top_id BIGINT NOT NULL," /* the newest message's */
    "  pts BIGINT NOT NULL," /* of chats with a log of their own */
    "  member_count BIGINT NOT NULL,"
    "  permissions BIGINT NOT NULL,"
    "  slow_ms BIGINT NOT NULL,"
    "  ttl_ms BIGINT NOT NULL,"
    "  linked_id BIGINT NOT NULL,"
    "  migrated_to BIGINT NOT NULL,"
    "  created_ms BIGINT NOT NULL,"
    "  deleted_ms BIGINT NOT NULL);"
    "CREATE INDEX chats_owner ON chats (owner_id);"
    "CREATE TABLE chat_pairs (" /* private chats; with oneself: saved messages */
    "  low_id BIGINT NOT NULL,"
    "  high_id BIGINT NOT NULL,"
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  PRIMARY KEY (low_id, high_id)) {clustered};"
    "CREATE TABLE chat_members ("
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  role BIGINT NOT NULL," /* 3 and above: is in it */
    "  rights BIGINT NOT NULL,"
    "  until_ms BIGINT NOT NULL,"
    "  joined_ms BIGINT NOT NULL,"
    "  first_id BIGINT NOT NULL," /* older messages are not shown */
    "  read_id BIGINT NOT NULL,"
    "  delivered_id BIGINT NOT NULL,"
    "  unread BIGINT NOT NULL,"
    "  mentions BIGINT NOT NULL,"
    "  last_id BIGINT NOT NULL," /* the newest message that came while being in it; 0: none */
    "  last_ms BIGINT NOT NULL," /* its time: what lists are ordered by */
    "  PRIMARY KEY (chat_id, user_id)) {clustered};"
    "CREATE INDEX chat_members_list ON chat_members (user_id, last_ms, chat_id);"
    "CREATE TABLE messages ("
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  id BIGINT NOT NULL,"
    "  sender_id BIGINT NOT NULL,"
    "  device_id BIGINT NOT NULL," /* 0: the server */
    "  random_id {blob}," /* the client's; NULL: a service message */
    "  pts BIGINT NOT NULL," /* its row in the sender's log */
    "  at_ms BIGINT NOT NULL,"
    "  kind BIGINT NOT NULL,"
    "  text {text} NOT NULL,"
    "  entities {text},"
    "  data {text}," /* what a service message tells of; later what is attached */
    "  forward {text},"
    "  reply_to BIGINT NOT NULL,"
    "  thread_id BIGINT NOT NULL,"
    "  edited_ms BIGINT NOT NULL,"
    "  silent BIGINT NOT NULL,"
    "  expires_ms BIGINT NOT NULL,"
    "  deleted_ms BIGINT NOT NULL," /* then the text is gone too */
    "  PRIMARY KEY (chat_id, id));"
    "CREATE UNIQUE INDEX messages_random ON messages (chat_id, sender_id, random_id);"
    "CREATE TABLE message_edits (" /* what it said before */
    "  chat_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  n BIGINT NOT NULL,"
    "  at_ms BIGINT NOT NULL," /* when that was replaced */
    "  text {text} NOT NULL,"
    "  entities {text},"
    "  PRIMARY KEY (chat_id, message_id, n)) {clustered};"
    "CREATE TABLE message_hidden (" /* deleted for one user alone */
    "  user_id BIGINT NOT NULL,"
    "  chat_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  PRIMARY KEY (user_id, chat_id, message_id)) {clustered};"
    "CREATE TABLE message_mentions ("
    "  chat_id BIGINT NOT NULL,"
    "  user_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  PRIMARY KEY (chat_id, user_id, message_id)) {clustered};"
    "CREATE TABLE user_pts ("
    "  user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),"
    "  pts BIGINT NOT NULL);"
    "CREATE TABLE updates ("
    "  user_id BIGINT NOT NULL,"
    "  pts BIGINT NOT NULL,"
    "  type BIGINT NOT NULL,"
    "  chat_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL," /* which, or up to which */
    "  subject_id BIGINT NOT NULL," /* the user whom it is about; 0: none */
    "  data {text},"
    "  at_ms BIGINT NOT NULL,"
    "  PRIMARY KEY (user_id, pts)) {clustered};"
    "CREATE TABLE chat_updates (" /* of chats with a log of their own */
    "  chat_id BIGINT NOT NULL,"
    "  pts BIGINT NOT NULL,"
    "  type BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  subject_id BIGINT NOT NULL,"
    "  data {text},"
    "  at_ms BIGINT NOT NULL,"
    "  PRIMARY KEY (chat_id, pts)) {clustered};" },
  { 9, "privacy_groups",
    "ALTER TABLE privacy ADD COLUMN groups_from BIGINT NOT NULL DEFAULT 0;" },
  { 10, "push",
    "CREATE TABLE push_keys ("
    "  id BIGINT NOT NULL PRIMARY KEY," /* 1 */
    "  private_key {blob} NOT NULL,"
    "  made_ms BIGINT NOT NULL);"
    "CREATE TABLE push_subscriptions ("
    "  device_id BIGINT NOT NULL PRIMARY KEY REFERENCES sessions (device_id) ON DELETE CASCADE,"
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  endpoint_hash {blob} NOT NULL UNIQUE," /* SHA-256 */
    "  endpoint {text} NOT NULL,"
    "  p256dh {blob} NOT NULL,"
    "  auth {blob} NOT NULL,"
    "  preview BIGINT NOT NULL,"
    "  expires_ms BIGINT NOT NULL," /* 0: not known */
    "  at_ms BIGINT NOT NULL);"
    "CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id);" },
  { 11, "big_chats",
    "ALTER TABLE chats ADD COLUMN top_ms BIGINT NOT NULL DEFAULT 0;" /* of the newest message, in chats with a log */
    /* the newest message of the time when it was a group, whose place in a log is its sender's; 0: it never was */
    "ALTER TABLE chats ADD COLUMN group_top_id BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE chat_members ADD COLUMN sent_ms BIGINT NOT NULL DEFAULT 0;" /* kept in slow mode */
    /* the few in a chat who are not simply members */
    "CREATE INDEX chat_members_above ON chat_members (chat_id, user_id) WHERE role > 4;"
    "CREATE INDEX chat_members_below ON chat_members (chat_id, role, user_id) WHERE role < 4;" },
  { 12, "chat_links",
    "CREATE TABLE chat_links ("
    "  link {blob} NOT NULL PRIMARY KEY,"
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  creator_id BIGINT NOT NULL,"
    "  created_ms BIGINT NOT NULL,"
    "  expires_ms BIGINT NOT NULL," /* 0: never */
    "  max_uses BIGINT NOT NULL," /* 0: any number */
    "  uses BIGINT NOT NULL,"
    "  approval BIGINT NOT NULL);"
    "CREATE INDEX chat_links_chat ON chat_links (chat_id);"
    "CREATE TABLE chat_requests (" /* who waits to be let in */
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  at_ms BIGINT NOT NULL,"
    "  PRIMARY KEY (chat_id, user_id)) {clustered};"
    "CREATE INDEX chat_requests_user ON chat_requests (user_id);" },
  { 13, "search",
    "ALTER TABLE messages ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;" /* order of writing, over all chats */
    "UPDATE messages SET seq = r.n FROM"
    " (SELECT chat_id, id, ROW_NUMBER () OVER (ORDER BY at_ms, chat_id, id) AS n FROM messages) AS r"
    " WHERE r.chat_id = messages.chat_id AND r.id = messages.id;"
    "CREATE UNIQUE INDEX messages_seq ON messages (seq);"
    /* neither texts nor places are kept: they stand in messages */
    "{sqlite:CREATE VIRTUAL TABLE message_words USING fts5"
    " (words, content='', columnsize=0, detail=none, tokenize=\"ascii tokenchars '@'\")}"
    "{postgres:CREATE TABLE message_words (seq BIGINT NOT NULL PRIMARY KEY, words TSVECTOR NOT NULL)};"
    "CREATE TABLE search_state ("
    "  version BIGINT NOT NULL,"   /* how words are folded in the index */
    "  next_seq BIGINT NOT NULL);" /* the next message that has to go into it; 0: all are in it */
    "INSERT INTO search_state (version, next_seq) VALUES (0, 1);" },
  { 14, "account_ends",
    "CREATE TABLE account_ends (" /* deleted users of whom something is left */
    "  user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),"
    "  begun_ms BIGINT NOT NULL,"
    "  erase BIGINT NOT NULL,"    /* what they wrote goes too */
    "  chat_id BIGINT NOT NULL);" /* done with the chats up to it */
    "CREATE TABLE held_names ("   /* which nobody gets for a time */
    "  name_key {text} NOT NULL PRIMARY KEY,"
    "  until_ms BIGINT NOT NULL);" },
  { 15, "reactions",
    "CREATE TABLE message_reactions ("
    "  chat_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  user_id BIGINT NOT NULL,"
    "  emoji {text} NOT NULL,"
    "  at_ms BIGINT NOT NULL,"
    "  withheld BIGINT NOT NULL," /* 1: nobody but the user sees it */
    "  PRIMARY KEY (chat_id, message_id, user_id)) {clustered};"
    "ALTER TABLE messages ADD COLUMN reactions {text};" /* how many there are of each; NULL: nobody ever has reacted */
    "ALTER TABLE messages ADD COLUMN pinned_ms BIGINT NOT NULL DEFAULT 0;" /* 0: it is not */
    "ALTER TABLE messages ADD COLUMN pinned_for BIGINT NOT NULL DEFAULT 0;" /* for this user alone; 0: for all */
    "CREATE INDEX messages_pinned ON messages (chat_id, id) WHERE pinned_ms > 0;" },
  { 16, "protected_chats",
    "ALTER TABLE chats ADD COLUMN is_protected BIGINT NOT NULL DEFAULT 0;" },
  { 17, "secret_chats",
    "CREATE TABLE secret_chats ("
    "  secret_id {blob} NOT NULL PRIMARY KEY,"
    "  state BIGINT NOT NULL,"
    "  caller_user BIGINT NOT NULL,"
    "  caller_device BIGINT NOT NULL,"
    "  callee_user BIGINT NOT NULL,"
    "  callee_device BIGINT NOT NULL," /* 0: nobody has accepted it */
    "  withheld BIGINT NOT NULL," /* 1: the callee was not told of it, and never is */
    "  created_ms BIGINT NOT NULL,"
    "  expires_ms BIGINT NOT NULL,"
    "  request {blob}," /* the handshake, while it waits */
    "  accept_hash {blob});" /* SHA-256: the same accept again is known */
    "CREATE INDEX secret_chats_caller ON secret_chats (caller_user, caller_device);"
    "CREATE INDEX secret_chats_caller_device ON secret_chats (caller_device);"
    "CREATE INDEX secret_chats_callee ON secret_chats (callee_user, callee_device);"
    "CREATE INDEX secret_chats_callee_device ON secret_chats (callee_device) WHERE callee_device <> 0;"
    "CREATE INDEX secret_chats_waiting ON secret_chats (expires_ms) WHERE state = 0;"
    "CREATE INDEX secret_chats_over ON secret_chats (state) WHERE state = 2;"
    "CREATE TABLE secret_counts (" /* the newest qts that a device was given */
    "  device_id BIGINT NOT NULL PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,"
    "  qts BIGINT NOT NULL);"
    "CREATE TABLE secret_queue (" /* what waits for a device, until it says that it has it */
    "  device_id BIGINT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,"
    "  qts BIGINT NOT NULL,"
    "  secret_id {blob} NOT NULL,"
    "  kind BIGINT NOT NULL,"
    "  at_ms BIGINT NOT NULL,"
    "  from_device BIGINT NOT NULL,"
    "  reason BIGINT NOT NULL,"
    "  silent BIGINT NOT NULL,"
    "  size BIGINT NOT NULL,"
    "  blob {blob},"
    "  PRIMARY KEY (device_id, qts));"
    "CREATE INDEX secret_queue_sizes ON secret_queue (device_id, kind, secret_id, size);"
    "CREATE TABLE secret_sent (" /* so that a send that is repeated is known */
    "  secret_id {blob} NOT NULL,"
    "  device_id BIGINT NOT NULL,"
    "  n BIGINT NOT NULL,"
    "  random_id {blob} NOT NULL,"
    "  at_ms BIGINT NOT NULL,"
    "  PRIMARY KEY (secret_id, device_id, n),"
    "  UNIQUE (secret_id, device_id, random_id));" },
  { 18, "polls",
    "ALTER TABLE messages ADD COLUMN poll {text};" /* what is asked, and how many have chosen what */
    "CREATE TABLE poll_votes ("
    "  chat_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  user_id BIGINT NOT NULL,"
    "  options BIGINT NOT NULL," /* a bit for each */
    "  at_ms BIGINT NOT NULL,"
    "  withheld BIGINT NOT NULL," /* 1: nobody but the user sees it */
    "  PRIMARY KEY (chat_id, message_id, user_id)) {clustered};" },
  { 19, "presence",
    "ALTER TABLE privacy ADD COLUMN seen_by BIGINT NOT NULL DEFAULT 1;" },
  { 20, "reports",
    "CREATE TABLE reports ("
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  reporter_id BIGINT NOT NULL REFERENCES users (id),"
    "  subject_id BIGINT NOT NULL REFERENCES users (id),"
    "  chat_id BIGINT NOT NULL," /* 0: of the user as such, as the next */
    "  message_id BIGINT NOT NULL,"
    "  reason BIGINT NOT NULL,"
    "  comment {text} NOT NULL,"
    "  text {text}," /* what the message said then */
    "  data {text},"
    "  message_ms BIGINT NOT NULL,"
    "  at_ms BIGINT NOT NULL,"
    "  state BIGINT NOT NULL,"
    "  closed_ms BIGINT NOT NULL);"
    "CREATE INDEX reports_state ON reports (state, id);"
    "CREATE INDEX reports_reporter ON reports (reporter_id, state);"
    "CREATE INDEX reports_subject ON reports (subject_id, state);"
    "CREATE TABLE audit_log (" /* nothing changes or deletes a row */
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  at_ms BIGINT NOT NULL,"
    "  act BIGINT NOT NULL,"
    "  actor {text} NOT NULL,"
    "  moderator {text} NOT NULL,"
    "  note {text} NOT NULL,"
    "  report_id BIGINT NOT NULL,"
    "  user_id BIGINT NOT NULL,"
    "  chat_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  until_ms BIGINT NOT NULL);"
    "CREATE TABLE limited_users ("
    "  user_id BIGINT NOT NULL PRIMARY KEY REFERENCES users (id),"
    "  until_ms BIGINT NOT NULL,"
    "  at_ms BIGINT NOT NULL);"
    "CREATE TABLE contact_starts (" /* of the last day: who has begun to write to somebody who does not know them */
    "  user_id BIGINT NOT NULL,"
    "  at_ms BIGINT NOT NULL,"
    "  chat_id BIGINT NOT NULL,"
    "  PRIMARY KEY (user_id, at_ms, chat_id)) {clustered};" },
  { 21, "drafts",
    "CREATE TABLE drafts ("
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  at_ms BIGINT NOT NULL,"
    "  text {text} NOT NULL,"
    "  entities {text},"
    "  reply_to BIGINT NOT NULL,"
    "  PRIMARY KEY (user_id, chat_id)) {clustered};" },
  { 22, "scheduled",
    "CREATE TABLE scheduled ("
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  user_id BIGINT NOT NULL REFERENCES users (id),"
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  device_id BIGINT NOT NULL,"
    "  random_id {blob} NOT NULL,"
    "  state BIGINT NOT NULL," /* 1 waiting, 2 failed, 3 dropped: its text is gone */
    "  send_ms BIGINT NOT NULL," /* of a dropped one: when the row goes */
    "  at_ms BIGINT NOT NULL,"
    "  text {text} NOT NULL,"
    "  entities {text},"
    "  reply_to BIGINT NOT NULL,"
    "  silent BIGINT NOT NULL,"
    "  failed {text});" /* why */
    "CREATE UNIQUE INDEX scheduled_random ON scheduled (user_id, chat_id, random_id);"
    "CREATE INDEX scheduled_due ON scheduled (send_ms, id) WHERE state <> 2;" },
  { 23, "expiry",
    "CREATE INDEX messages_expiry ON messages (expires_ms) WHERE expires_ms > 0;"
    "ALTER TABLE scheduled ADD COLUMN ttl_ms BIGINT NOT NULL DEFAULT 0;" },
  { 24, "retention",
    "ALTER TABLE chats ADD COLUMN retention_ms BIGINT NOT NULL DEFAULT 0;" /* 0: no rule of its own */
    "ALTER TABLE chats ADD COLUMN swept_id BIGINT NOT NULL DEFAULT 0;" /* by such rules all are gone up to it */
    "CREATE INDEX chats_retention ON chats (id) WHERE retention_ms > 0;"
    "CREATE INDEX reports_closed ON reports (closed_ms) WHERE state > 0;" },
  { 25, "quotes",
    "ALTER TABLE messages ADD COLUMN quote {text};"
    "ALTER TABLE scheduled ADD COLUMN quote {text};" },
  { 26, "discussions",
    "ALTER TABLE messages ADD COLUMN discussion_chat BIGINT NOT NULL DEFAULT 0;" /* of a post: where its copy is */
    "ALTER TABLE messages ADD COLUMN discussion_id BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE messages ADD COLUMN comments BIGINT NOT NULL DEFAULT -1;" }, /* replies to such a copy; -1: it is none */
  { 27, "topics",
    "ALTER TABLE chats ADD COLUMN topics BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE scheduled ADD COLUMN thread_id BIGINT NOT NULL DEFAULT 0;"
    "CREATE TABLE topics ("
    "  chat_id BIGINT NOT NULL REFERENCES chats (id),"
    "  id BIGINT NOT NULL," /* of the message that opened it */
    "  title {text} NOT NULL,"
    "  closed BIGINT NOT NULL,"
    "  pinned BIGINT NOT NULL,"
    "  last_id BIGINT NOT NULL," /* its newest message */
    "  PRIMARY KEY (chat_id, id)) {clustered};"
    "CREATE INDEX topics_last ON topics (chat_id, last_id);"
    "CREATE INDEX messages_thread ON messages (chat_id, thread_id, id) WHERE thread_id > 0;" },
  { 28, "files",
    "CREATE TABLE files ("
    "  id BIGINT NOT NULL PRIMARY KEY,"
    "  owner_id BIGINT NOT NULL," /* 0: a user who is deleted */
    "  kind BIGINT NOT NULL,"
    "  name {text} NOT NULL,"
    "  mime {text} NOT NULL,"
    "  size_bytes BIGINT NOT NULL,"
    "  width BIGINT NOT NULL,"
    "  height BIGINT NOT NULL,"
    "  duration_ms BIGINT NOT NULL,"
    "  sha256 {blob},"
    "  created_ms BIGINT NOT NULL);"
    "CREATE INDEX files_owner ON files (owner_id, id);"
    "ALTER TABLE messages ADD COLUMN files {text};" /* as its readers get them: a file never changes */
    "CREATE TABLE message_files ("
    "  chat_id BIGINT NOT NULL,"
    "  message_id BIGINT NOT NULL,"
    "  n BIGINT NOT NULL,"
    "  file_id BIGINT NOT NULL,"
    "  PRIMARY KEY (chat_id, message_id, n)) {clustered};"
    "CREATE INDEX message_files_file ON message_files (file_id, chat_id, message_id);" },
  { 29, "copies",
    "CREATE INDEX messages_copies ON messages (sender_id, chat_id, id) WHERE comments >= 0 AND deleted_ms = 0;" },
  { 30, "live_messages",
    /* what is deleted keeps its row: who reads a chat steps over none of them */
    "CREATE INDEX messages_live ON messages (chat_id, id) WHERE deleted_ms = 0;"
    "DROP INDEX messages_thread;"
    "CREATE INDEX messages_thread ON messages (chat_id, thread_id, id) WHERE deleted_ms = 0 AND thread_id > 0;" },
  { 31, "open_words",
    "CREATE TABLE open_words ("
    "  word {text} NOT NULL,"
    "  chat_id BIGINT NOT NULL,"
    "  PRIMARY KEY (word, chat_id)) {clustered};"
    "CREATE INDEX open_words_chat ON open_words (chat_id);"
    "ALTER TABLE search_state ADD COLUMN open_version BIGINT NOT NULL DEFAULT 0;" },
  { 0, NULL, NULL },
};

const MsgMigration *
msg_migrations (void)
{
  return migrations;
}
