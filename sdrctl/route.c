/* route.c - sdrctl route: the decision as text or JSON, with every step
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "json.h"
#include "sdrctl.h"

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

/* ---- text ---- */

static void
print_text(const char *recipient, const struct sdr_verdict *verdict)
{
    print_clean(recipient);
    printf(": %s", sdr_verdict_name(verdict->kind));
    for (unsigned i = 0; i < verdict->target_count; i++) {
        fputs(i == 0 ? " to " : ", ", stdout);
        print_clean(verdict->targets[i].address);
    }
    if (verdict->next_hop != NULL)
        printf(" by %s", verdict->next_hop);
    if (verdict->reply.code != NULL)
        printf(" %s %s %s", verdict->reply.code, verdict->reply.enhanced,
               verdict->reply.text);
    fputs(" (", stdout);
    print_clean(verdict->reason);
    puts(")");
}

static void
print_step(void *arg, const char *text)
{
    (void)arg;
    printf("  %s\n", text);
}

/* ---- JSON ---- */

static json_t *
make_targets(const struct sdr_verdict *verdict)
{
    json_t *targets = json_array();

    for (unsigned i = 0; i < verdict->target_count; i++)
        json_array_append_new(targets,
                              make_string(verdict->targets[i].address));
    return targets;
}

static json_t *
make_reply(const struct sdr_reply *reply)
{
    if (reply->code == NULL)
        return json_null();
    return json_sprintf("%s %s %s", reply->code, reply->enhanced, reply->text);
}

static json_t *
make_object(const char *recipient, const struct sdr_verdict *verdict)
{
    json_t *object = json_object();

    json_object_set_new(object, "recipient", make_string(recipient));
    json_object_set_new(object, "verdict",
                        json_string(sdr_verdict_name(verdict->kind)));
    json_object_set_new(object, "sites",
                        make_sites(verdict->config, verdict->sites));
    json_object_set_new(object, "targets", make_targets(verdict));
    if (verdict->next_hop != NULL)
        json_object_set_new(object, "next-hop", make_string(verdict->next_hop));
    json_object_set_new(object, "reply", make_reply(&verdict->reply));
    json_object_set_new(object, "reason", make_string(verdict->reason));
    json_object_set_new(object, "source",
                        json_string(sdr_origin_name(verdict->origin)));
    return object;
}

/* ---- the command ---- */

static void
route(struct job *job, const char *recipient)
{
    struct sdr_trace steps = {print_step, NULL};
    struct sdr_verdict verdict;

    sdr_decide(job->sdr, recipient, job->format == EXPLAINED ? &steps : NULL,
               &verdict);
    if (job->format == AS_JSON)
        print_object(make_object(recipient, &verdict));
    else
        print_text(recipient, &verdict);
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
        if (len > 0)
            route(job, line);
        fflush(stdout); /* an answer for each line, also through a pipe */
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
            return bad_use("route", "bad option");
        if (job.format != AS_TEXT)
            return bad_use("route", "one of --json and --explain");
        job.format = c == 'j' ? AS_JSON : EXPLAINED;
    }
    if (optind == argc)
        return bad_use("route", "no address");
    for (int i = optind; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0)
            route_lines(&job, stdin);
        else
            route(&job, argv[i]);
    }
    return job.code;
}
