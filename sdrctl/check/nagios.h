/* nagios.h - the result of sdrctl check as Nagios and Icinga read it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One line on standard output, "SDR OK - TEXT | COUNTS", and an exit code from
 * 0 to 3, by the Monitoring Plugins Development Guidelines. nagios_begin() and
 * nagios_end() are in command.h. A process has one result; not for threads.
 */
#ifndef SDRCTL_NAGIOS_H
#define SDRCTL_NAGIOS_H

#include "check/result.h"

/* Count a finding. All texts may come from outside. */
void
nagios_add(enum check_result result, const char *about, const char *subject,
           const char *text);

#endif
