/* SPDX-License-Identifier: Apache-2.0 */
/* Finding out everything about the targets of CtlFacts, as much at once as goes. */
#pragma once

#include "server/ctl/facts.h"

/** ctl_exam_run: fills the targets of @facts. Takes 20 s when nothing answers, and seldom more than one when all is well. */
void ctl_exam_run (CtlFacts *facts);
