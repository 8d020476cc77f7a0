/* html.h - the parts of the HTML page
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_REPORT_HTML_H
#define SDRCTL_REPORT_HTML_H

#include "report/report.h"

/* The number of colours for sites, used in rotation. */
enum { HTML_COLOURS = 6 };

/* Print escaped text, for content and attributes. */
void
html_text(const char *text);

/* Print the chart over time, if there are any steps. */
void
html_course(const struct report *report);

#endif
