/* report.c - sdrctl report: who lives where
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "report.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "report_read.h"
#include "sdrctl.h"

static const struct option options[] = {
    {"csv", no_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {"html", no_argument, NULL, 'h'},
    {"live", no_argument, NULL, 'l'},
    {NULL, 0, NULL, 0},
};

/* Returns the exit code. */
static int
complain(const struct report *report)
{
    int code = EX_OK;

    for (unsigned i = 0; i < report->source_count; i++) {
        const struct report_source *source = &report->sources[i];

        if (!source->silent)
            continue;
        fprintf(stderr, "sdrctl: directory %s: %s\n", source->directory,
                source->reason.text);
        code = EX_TEMPFAIL;
    }
    return code;
}

/* Without it there is a report as well. */
static void
read_course(struct report *report, const struct chosen *chosen)
{
    struct sdr_error error = {""};

    if (!course_read(&report->course, report->config, chosen,
                     report->config->journal_directory, &error)) {
        fprintf(stderr, "sdrctl: no course over time: %s\n", error.text);
        course_clear(&report->course);
    }
    course_sort(&report->course);
}

static int
make(struct report *report, const struct chosen *chosen, bool live,
     bool (*print)(const struct report *report))
{
    read_course(report, chosen);
    if (!report_read(report, chosen, live) || !report_count(report)
        || !print(report)) {
        fputs("sdrctl: no memory\n", stderr);
        return EX_TEMPFAIL;
    }
    return complain(report);
}

int
command_report(struct sdr *sdr, int argc, char **argv)
{
    struct report report = {.config = sdr_get_config(sdr), .now = time(NULL)};
    bool (*print)(const struct report *report) = NULL;
    bool live = false;
    struct chosen chosen;
    int c, code;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return bad_use("report", "bad option");
        if (c == 'l') {
            live = true;
            continue;
        }
        if (print != NULL)
            return bad_use("report", "one of --csv, --json and --html");
        print = c == 'c'   ? report_as_csv
                : c == 'j' ? report_as_json
                           : report_as_html;
    }
    chosen = (struct chosen){argc - optind, argv + optind};
    if (!is_choice(report.config, &chosen))
        return bad_use("report", "there is no such directory");
    code = make(&report, &chosen, live, print != NULL ? print : report_as_text);
    report_clear(&report);
    return code;
}
