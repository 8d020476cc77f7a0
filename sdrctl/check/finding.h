/* finding.h - the findings of sdrctl check, and how they are printed
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_FINDING_H
#define SDRCTL_FINDING_H

#include <stdbool.h>

#include "check/result.h"
#include "status.h"

/* How findings are printed. */
extern struct finding_style {
    bool json;
    bool nagios; /* see nagios.h */
    bool quiet;  /* omit CHECK_OK */
} finding_style;

/* Set the heading of the following findings, and print it in the text format
 * unless quiet. */
SDR_PRINTF(1, 2)
void
report_heading(const char *format, ...);

/* Print a finding, and set *WORST to RESULT if that is worse. SUBJECT is a word
 * or two. The text is a sentence and may contain untrusted input. ADVICE may be
 * NULL. */
SDR_PRINTF(5, 6)
void
report_finding(enum check_result *worst, enum check_result result,
               const char *subject, const char *advice, const char *format,
               ...);

/* Set *WORST to RESULT if that is worse. */
void
worsen(enum check_result *worst, enum check_result result);

#endif
