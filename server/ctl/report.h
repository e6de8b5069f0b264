/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as text for people, and as JSON for programs. */
#pragma once

#include <json-glib/json-glib.h>

#include "server/ctl/judge.h"

/** ctl_report_text: @findings: of ctl_judge(). Returns: (transfer full): lines, the last one says how many are not well. */
char *ctl_report_text (const GPtrArray *findings);
/**
 * ctl_report_json: Returns: (transfer full): {ok, checks: [{check, verdict: "well" | "unknown" | "ill", words, advice?,
 * host?, address?, family?, candidate?, seenAs?, roundTripMs?, certificate?: {names, begins, ends, selfSigned, trusted,
 * forHost}}]}; times in milliseconds since the epoch.
 */
JsonObject *ctl_report_json (const GPtrArray *findings);
