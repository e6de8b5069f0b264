/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of reports and of the audit log. Store's threads, inside a job. */
#pragma once

#include "messaging/db.h"
#include "messaging/report.h"

/* Columns in the order in which msg_report_from_row() expects them; the tables are called r, a (who reports) and u (whom). */
#define MSG_REPORT_COLUMNS                                                                                             \
  "r.id, r.chat_id, r.message_id, r.reason, r.comment, r.text, r.data, r.message_ms, r.at_ms, r.state, r.closed_ms,"   \
  " (SELECT COUNT (*) FROM reports o WHERE o.subject_id = r.subject_id AND o.state = 0)"
#define MSG_REPORT_N_COLUMNS 12
#define MSG_REPORT_TABLES "reports r JOIN users u ON u.id = r.subject_id JOIN users a ON a.id = r.reporter_id"
#define MSG_REPORTER_COLUMNS "a.id, a.username, a.display_name, a.disabled, a.deleted_ms, a.external, a.created_ms"

/** msg_report_from_row: reads MSG_REPORT_COLUMNS, MSG_USER_COLUMNS, MSG_REPORTER_COLUMNS. Returns: (transfer full). */
MsgReport *msg_report_from_row (MsgStmt *stmt);
