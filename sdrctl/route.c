/* route.c - sdrctl route: the decision as text or JSON, step by step if wanted
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "json.h"
#include "command.h"
#include "usage.h"
#include "verdict_text.h"

enum format { AS_TEXT, AS_JSON, EXPLAINED };

struct job {
    struct sdr *sdr;
    enum format format;
    int code; /* the exit code so far */
};

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {"explain", no_argument, NULL, 'e'},
    {NULL, 0, NULL, 0},
};

static void
print_step(void *arg, const char *text)
{
    (void)arg;
    printf("  %s\n", text);
}

static void
route(struct job *job, const char *recipient)
{
    struct sdr_trace steps = {print_step, NULL};
    struct sdr_verdict verdict;

    sdr_decide(job->sdr, recipient, job->format == EXPLAINED ? &steps : NULL,
               &verdict);
    if (job->format == AS_JSON)
        print_object(make_verdict(recipient, &verdict));
    else
        print_verdict(recipient, &verdict);
    if (verdict.kind == SDR_DEFER)
        job->code = EX_TEMPFAIL;
}

static void
route_lines(struct job *job, FILE *in)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    while ((len = getline(&line, &size, in)) > 0) {
        if (line[len - 1] == '\n')
            line[--len] = '\0';
        if (len > 0 && line[len - 1] == '\r')
            line[--len] = '\0';
        if (len > 0)
            route(job, line);
        fflush(stdout); /* answer each line at once, through a pipe too */
    }
    free(line);
}

int
command_route(struct sdr *sdr, int argc, char **argv)
{
    struct job job = {.sdr = sdr, .format = AS_TEXT, .code = EX_OK};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?')
            return usage_hint("route");
        if (job.format != AS_TEXT)
            return usage_error("route", "use only one of --json and --explain");
        job.format = c == 'j' ? AS_JSON : EXPLAINED;
    }
    if (optind == argc)
        return usage_error("route", "expected an address");
    for (int i = optind; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0)
            route_lines(&job, stdin);
        else
            route(&job, argv[i]);
    }
    return job.code;
}
