/* report_html.h - what the parts of the HTML page share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_REPORT_HTML_H
#define SDRCTL_REPORT_HTML_H

#include "report.h"

/* Colours there are for sites; then they begin again. */
enum { HTML_COLOURS = 6 };

/* Print text that is no markup, whatever is in it, in an attribute as well. */
void
html_text(const char *text);

/* Print the course over time as a drawing, if there is one. */
void
html_course(const struct report *report);

#endif
