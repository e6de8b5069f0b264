/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports of people and messages, and what is done about them. A report keeps what was said, so that deleting it does not
 * hide it. What moderators do stands in an audit log, which nothing here changes or takes away. Rules: messaging/core.h.
 */
#pragma once

#include "messaging/message.h"

#define MSG_REPORT_COMMENT_CHARS 512
#define MSG_NOTE_CHARS 512
#define MSG_MODERATOR_CHARS 64
/** MSG_REPORT_MESSAGES_MAX: messages reported at once. */
#define MSG_REPORT_MESSAGES_MAX 20
/** MSG_REPORTS_OPEN_MAX: reports of one user that nobody has looked at yet. */
#define MSG_REPORTS_OPEN_MAX 50
/** MSG_REPORT_TEXT_BYTES: what is kept of a reported text. */
#define MSG_REPORT_TEXT_BYTES 8192
/** MSG_LIMITED_MAX_MS: for so long somebody is limited at most. */
#define MSG_LIMITED_MAX_MS (INT64_C (366) * 24 * 3600 * 1000)

/** MsgReportReason: stored as these numbers. */
typedef enum {
  MSG_REASON_SPAM,
  MSG_REASON_ABUSE,
  MSG_REASON_VIOLENCE,
  MSG_REASON_SEXUAL,
  MSG_REASON_CHILDREN,
  MSG_REASON_ILLEGAL,
  MSG_REASON_IMPERSONATION,
  MSG_REASON_OTHER,
  MSG_REASON_N
} MsgReportReason;

/** MsgReportState: stored as these numbers. */
typedef enum { MSG_REPORT_OPEN, MSG_REPORT_RESOLVED, MSG_REPORT_DISMISSED, MSG_REPORT_STATE_N } MsgReportState;

typedef struct {
  int64_t id;          /* counts up */
  MsgUser *reporter, *subject;
  MsgId chat_id;       /* 0: of the user as such */
  int64_t message_id;  /* 0: likewise */
  MsgReportReason reason;
  char *comment;       /* "" where there is none */
  char *text;          /* (nullable): what the message said then */
  char *data;          /* (nullable): JSON: what else it held */
  int64_t message_ms;  /* when it was written */
  int64_t at_ms;
  MsgReportState state;
  int64_t closed_ms;
  unsigned n_of_subject; /* open reports of the same user, this one among them */
} MsgReport;

void msg_report_free (MsgReport *report); /* NULL is allowed */

/** MsgCountFn: @n: how many were new. */
typedef void (*MsgCountFn) (unsigned n, const GError *error, gpointer data);

/** MsgReporting: everything is copied. */
typedef struct {
  MsgId user_id;        /* reports */
  MsgId subject_id;     /* of a user */
  MsgId chat_id;        /* of messages */
  const int64_t *ids;   /* of messages: @n, 1 to MSG_REPORT_MESSAGES_MAX */
  unsigned n;           /* 0: of a user */
  MsgReportReason reason;
  const char *comment;  /* (nullable) */
} MsgReporting;

/** msg_report_put: messages that the user sees, of others; or a user. What the user has reported already (of a user: and is
 *  still open) is passed over. Errors: INVALID ("limit", "self", "comment"), NOT_FOUND ("user", "chat", "message"),
 *  FORBIDDEN, LIMIT ("too_many_reports", "report_rate"), UNAVAILABLE. */
void msg_report_put (MsgCore *core, const MsgReporting *reporting, MsgCountFn fn, gpointer data);

/* --- Moderation --- */

/** MsgReportsFn: @reports: (nullable) (element-type MsgReport): NULL with an error. */
typedef void (*MsgReportsFn) (GPtrArray *reports, const GError *error, gpointer data);

/** msg_report_list: oldest first when they are open, else newest first. @after: the id that the page before ended with, 0: from
 *  the beginning. @limit: 1 to MSG_GET_MAX. Errors: INVALID ("limit"), UNAVAILABLE. */
void msg_report_list (MsgCore *core, MsgReportState state, int64_t after, unsigned limit, MsgReportsFn fn, gpointer data);
/** msg_report_get: one. Errors: NOT_FOUND ("report"), UNAVAILABLE. */
void msg_report_get (MsgCore *core, int64_t id, MsgReportsFn fn, gpointer data);

/** MsgAct: what a moderator does; stored as these numbers. */
typedef enum {
  MSG_MODERATE_RESOLVE,        /* report_id; with limit_ms: of spam: its subject is limited for that time */
  MSG_MODERATE_DISMISS,        /* report_id */
  MSG_MODERATE_BAN,            /* user_id: disabled */
  MSG_MODERATE_UNBAN,          /* user_id */
  MSG_MODERATE_DELETE_MESSAGE, /* chat_id, message_id: for all */
  MSG_MODERATE_UNLIMIT,        /* user_id */
  MSG_MODERATE_N
} MsgModerateAct;

/** MsgModeration: everything is copied. */
typedef struct {
  MsgModerateAct act;
  const char *actor;  /* who, as far as the server knows: "admin", "backend NAME" */
  const char *moderator; /* (nullable): who, as they say themselves */
  const char *note;   /* (nullable): why */
  int64_t report_id;
  MsgId user_id, chat_id;
  int64_t message_id;
  int64_t limit_ms;   /* RESOLVE: 0: not limited */
} MsgModeration;

/** msg_moderate: does it and writes it down, both or neither. Errors: INVALID ("note", "until"), NOT_FOUND ("report",
 *  "user", "chat", "message"), CONFLICT ("report_closed"), UNAVAILABLE. */
void msg_moderate (MsgCore *core, const MsgModeration *moderation, MsgDoneFn fn, gpointer data);

/** MsgAudit: a row of the audit log. */
typedef struct {
  int64_t id; /* counts up without gaps */
  int64_t at_ms;
  MsgModerateAct act;
  char *actor, *moderator, *note; /* "" where there is none */
  int64_t report_id;              /* what it was about; 0: not that */
  MsgId user_id, chat_id;
  int64_t message_id;
  int64_t until_ms;
} MsgAudit;

/** MsgAuditFn: @log: (nullable) (element-type MsgAudit): newest first. */
typedef void (*MsgAuditFn) (GPtrArray *log, const GError *error, gpointer data);
/** msg_audit_list: @before: the id that the page before ended with, 0: the newest. @limit: 1 to MSG_GET_MAX. Errors: INVALID
 *  ("limit"), UNAVAILABLE. */
void msg_audit_list (MsgCore *core, int64_t before, unsigned limit, MsgAuditFn fn, gpointer data);

/* --- What its user sees of it --- */

/** MsgLimited: how many people who do not know them a user may still begin to write to. */
typedef struct {
  int64_t until_ms;        /* limited until then; 0: is not */
  unsigned hour, day;      /* allowed in each; 0: any number (with until_ms: none) */
  unsigned n_hour, n_day;  /* begun in the last */
} MsgLimited;

/** MsgLimitedFn: @limited: (nullable): NULL with an error. */
typedef void (*MsgLimitedFn) (const MsgLimited *limited, const GError *error, gpointer data);
/** msg_account_limits: Errors: UNAVAILABLE. */
void msg_account_limits (MsgCore *core, MsgId user_id, MsgLimitedFn fn, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MsgReport, msg_report_free)
