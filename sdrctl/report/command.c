/* command.c - sdrctl report: recipients by site
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report/report.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "report/read.h"
#include "command.h"
#include "chosen.h"
#include "print.h"
#include "usage.h"

static const struct option options[] = {
    {"csv", no_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"html", no_argument, NULL, 'h'},
    {"live", no_argument, NULL, 'l'},
    {NULL, 0, NULL, 0},
};

/* Print an error for each directory that is unavailable. Returns the exit code.
 */
static int
report_silent(const struct report *report)
{
    int code = EX_OK;

    for (unsigned i = 0; i < report->source_count; i++) {
        struct sdr_error error = report->sources[i].reason;

        if (!report->sources[i].silent)
            continue;
        sdr_error_prefix(&error, "directory %s is unavailable",
                         report->sources[i].directory);
        print_error_line(&error);
        code = EX_TEMPFAIL;
    }
    return code;
}

/* Read the numbers over time. An error does not prevent the report. */
static void
read_course(struct report *report, const struct chosen *chosen)
{
    struct sdr_error error = {""};

    if (!course_read(&report->course, report->config, chosen,
                     report->config->journal_directory, &error)) {
        sdr_error_prefix(&error, "no chart over time");
        print_error_line(&error);
        course_clear(&report->course);
    }
    course_sort(&report->course);
}

/* True if no directory answered. The other formats would then show zeros, which
 * would be wrong; the JSON format says so itself. */
static bool
all_silent(const struct report *report)
{
    for (unsigned i = 0; i < report->source_count; i++) {
        if (!report->sources[i].silent)
            return false;
    }
    return true;
}

static int
make_report(struct report *report, const struct chosen *chosen, bool live,
            bool (*print)(const struct report *report))
{
    read_course(report, chosen);
    if (!report_read(report, chosen, live) || !report_count(report)
        || ((print == report_as_json || !all_silent(report))
            && !print(report))) {
        fputs("sdrctl: no memory\n", stderr);
        return EX_TEMPFAIL;
    }
    return report_silent(report);
}

int
command_report(struct sdr *sdr, int argc, char **argv)
{
    struct report report = {.config = sdr_get_config(sdr), .now = time(NULL)};
    bool (*print)(const struct report *report) = NULL;
    bool live = false;
    struct chosen chosen;
    struct sdr_error error;
    int c, code;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return usage_hint("report");
        if (c == 'l') {
            live = true;
            continue;
        }
        if (print != NULL)
            return usage_error("report",
                               "use only one of --csv, --json and --html");
        print = c == 'c'   ? report_as_csv
                : c == 'j' ? report_as_json
                           : report_as_html;
    }
    chosen = (struct chosen){argc - optind, argv + optind};
    if (!are_known(&chosen, "directory", report.config, directory_names,
                   &error))
        return usage_error("report", "%s", error.text);
    code = make_report(&report, &chosen, live,
                       print != NULL ? print : report_as_text);
    report_clear(&report);
    return code;
}
