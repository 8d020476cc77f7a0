/* nagios.c - see nagios.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/nagios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "command.h"
#include "log.h"

enum nagios_state {
    NAGIOS_OK,
    NAGIOS_WARNING,
    NAGIOS_CRITICAL,
    NAGIOS_UNKNOWN
};

static const char *const words[] = {
    [NAGIOS_OK] = "OK",
    [NAGIOS_WARNING] = "WARNING",
    [NAGIOS_CRITICAL] = "CRITICAL",
    [NAGIOS_UNKNOWN] = "UNKNOWN",
};

/* The guidelines reserve UNKNOWN for wrong arguments and plugin failures. A
 * server that does not answer is CRITICAL. */
static const enum nagios_state states[] = {
    [CHECK_OK] = NAGIOS_OK,
    [CHECK_DOUBTFUL] = NAGIOS_WARNING,
    [CHECK_WRONG] = NAGIOS_CRITICAL,
    [CHECK_UNREACHABLE] = NAGIOS_CRITICAL,
};
enum { RESULT_COUNT = sizeof states / sizeof states[0] };

static struct {
    enum nagios_state state;
    char first[4096]; /* the first finding of this state */
    unsigned counts[RESULT_COUNT];
    FILE *errors, *before; /* standard error now, and the original */
    char *error_text;
    size_t error_size;
} total;

/* True if --nagios is given, in full or abbreviated as getopt_long() accepts
 * it. */
static bool
is_wanted(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        size_t len = strlen(argv[i]);

        if (len >= sizeof "--n" - 1 && strncmp(argv[i], "--nagios", len) == 0)
            return true;
    }
    return false;
}

bool
nagios_begin(int argc, char **argv)
{
    if (!is_wanted(argc, argv))
        return false;
    total.before = stderr;
    total.errors = open_memstream(&total.error_text, &total.error_size);
    if (total.errors != NULL)
        stderr = total.errors;
    return true;
}

void
nagios_add(enum check_result result, const char *about, const char *subject,
           const char *text)
{
    total.counts[result]++;
    if (states[result] <= total.state)
        return;
    total.state = states[result];
    snprintf(total.first, sizeof total.first, "%s: %s: %s", about, subject,
             text);
}

/* NRPE 2 passes on 1023 octets; the rest is for the performance data. */
static void
print_line(const char *text)
{
    char clean[768];

    sdr_log_clean(clean, sizeof clean, text, strlen(text), "|");
    printf("SDR %s - %s", words[total.state], clean);
}

static void
print_findings(unsigned count)
{
    char text[sizeof total.first + 128];
    const unsigned *counts = total.counts;
    size_t used = 0;

    if (counts[CHECK_WRONG] > 0)
        used += (size_t)sprintf(text + used, "%u wrong, ", counts[CHECK_WRONG]);
    if (counts[CHECK_UNREACHABLE] > 0)
        used += (size_t)sprintf(text + used, "%u without an answer, ",
                                counts[CHECK_UNREACHABLE]);
    if (counts[CHECK_DOUBTFUL] > 0)
        used += (size_t)sprintf(text + used, "%u warning%s, ",
                                counts[CHECK_DOUBTFUL],
                                counts[CHECK_DOUBTFUL] > 1 ? "s" : "");
    if (used > 0)
        snprintf(text + used - 2, sizeof text - used, ": %s", total.first);
    else
        snprintf(text, sizeof text, "%u finding%s, no problems", count,
                 count > 1 ? "s" : "");
    print_line(text);
    printf(" | ok=%u;;;0 warnings=%u;0;;0 wrong=%u;;0;0 no_answer=%u;;0;0\n",
           counts[CHECK_OK], counts[CHECK_DOUBTFUL], counts[CHECK_WRONG],
           counts[CHECK_UNREACHABLE]);
}

/* No check has run: print the first error. */
static void
print_errors(int code)
{
    total.state = code == EX_CONFIG ? NAGIOS_CRITICAL : NAGIOS_UNKNOWN;
    if (total.error_size > 0) {
        total.error_text[strcspn(total.error_text, "\n")] = '\0';
        print_line(total.error_text);
    } else
        print_line("the checks could not run");
    putchar('\n');
}

int
nagios_end(int code)
{
    unsigned count = 0;

    if (total.errors != NULL) {
        stderr = total.before;
        fclose(total.errors);
    }
    for (int i = 0; i < RESULT_COUNT; i++)
        count += total.counts[i];
    if (count > 0)
        print_findings(count);
    else
        print_errors(code);
    free(total.error_text);
    return fflush(stdout) == 0 ? (int)total.state : NAGIOS_UNKNOWN;
}
