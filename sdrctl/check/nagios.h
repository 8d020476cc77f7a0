/* nagios.h - the result of sdrctl check in the format of Nagios and Icinga
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Prints one line on standard output, "SDR OK - TEXT | COUNTS", and sets an
 * exit code from 0 to 3, as in the Monitoring Plugins Development Guidelines.
 * nagios_begin() and nagios_end() are in command.h. There is one result per
 * process. Not thread-safe.
 */
#ifndef SDRCTL_NAGIOS_H
#define SDRCTL_NAGIOS_H

#include "check/result.h"

/* Count a finding. All texts may contain untrusted input. */
void
nagios_add(enum check_result result, const char *about, const char *subject,
           const char *text);

#endif
