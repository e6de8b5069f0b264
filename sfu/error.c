/* SPDX-License-Identifier: Apache-2.0 */
#include "sfu/control.h"

G_DEFINE_QUARK (sfu-error-quark, sfu_error)
