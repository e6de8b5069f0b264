/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of transport-wide feedback that reading and writing share. */
#pragma once

#define TWCC_TICK_US 250
#define TWCC_REFERENCE_US 64000 /* 256 ticks */

/* packet status symbols */
enum { TWCC_MISSING, TWCC_SMALL, TWCC_LARGE, TWCC_RESERVED };
