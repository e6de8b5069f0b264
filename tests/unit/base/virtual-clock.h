/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's DTLS reads gettimeofday(): in a program that includes this (once) it reads the test's clock. */
#pragma once

#include <sys/time.h>
#include <stdint.h>

#define CLOCK_START_US ((int64_t) 1000 * 1000 * 1000)

/** clock_us: the time of the test; also the state machines' now_us. */
static int64_t clock_us = CLOCK_START_US;

int
gettimeofday (struct timeval *restrict ret_time, void *restrict unused)
{
  ret_time->tv_sec = (time_t) (clock_us / 1000000);
  ret_time->tv_usec = (suseconds_t) (clock_us % 1000000);
  return 0;
}
