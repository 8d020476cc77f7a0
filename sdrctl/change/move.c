/* move.c - sdrctl move, hold, release
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "change/job.h"
#include "change/run.h"
#include "chosen.h"
#include "command.h"
#include "print.h"
#include "usage.h"
#include "change/wait.h"

static const struct option options[] = {
    WRITER_OPTIONS,
    NETWORK_OPTIONS,
    {"to", required_argument, NULL, 't'},
    {"from", required_argument, NULL, 'f'},
    {"add", no_argument, NULL, 'a'},
    {"file", required_argument, NULL, 'i'},
    {"filter", required_argument, NULL, 'l'},
    {"skip-done", no_argument, NULL, 's'},
    {"verify", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

/* ---- applying it ---- */

static const char *
done_word(enum plan_kind kind)
{
    switch (kind) {
    case PLAN_MOVE:
        return "moved";
    case PLAN_ADD:
        return "added";
    case PLAN_HOLD:
        return "held";
    case PLAN_RELEASE:
        return "released";
    }
    return "";
}

static void
execute(struct job *job, struct sdr *sdr)
{
    char command[512];
    const struct run run = {.config = job->config,
                            .admin = job->admin,
                            .command = command,
                            .done = done_word(job->plan.kind),
                            .json = job->writer.json,
                            .quiet = job->writer.quiet};

    snprintf(
        command, sizeof command, "%s%s%s%s%s%s%s%s%s", job->name,
        job->to != NULL ? " --to " : "", job->to != NULL ? job->to : "",
        job->from != NULL ? " --from " : "", job->from != NULL ? job->from : "",
        job->plan.kind == PLAN_ADD ? " --add" : "",
        job->file != NULL ? " --file " : "", job->file != NULL ? job->file : "",
        job->filter != NULL ? " --filter ..." : "");
    if (job->skipped > 0 && !run.quiet && !run.json)
        printf("%zu already done\n", job->skipped);
    job->code = run_changes(&run, &job->changes);
    if (job->code == EX_OK)
        job->code = wait_for_replica(sdr, &job->changes, job->writer.wait,
                                     run.quiet || run.json);
}

static void
print_all(const struct job *job)
{
    for (size_t i = 0; i < job->changes.count; i++) {
        fputs("# ", stdout);
        print_clean(job->changes.items[i].address);
        putchar('\n');
        change_print(&job->changes.items[i], stdout);
    }
}

/* ---- the command line ---- */

static bool
is_move(const struct job *job)
{
    return job->plan.kind == PLAN_MOVE || job->plan.kind == PLAN_ADD;
}

/* Each reads an option, and returns what is wrong with it, or NULL. */

static const char *
read_move_option(struct job *job, int c)
{
    if (!is_move(job))
        return "--to, --from, --add and --verify are only for move";
    if (c == 't')
        job->to = optarg;
    else if (c == 'f')
        job->from = optarg;
    else if (c == 'v')
        job->verify = true;
    else
        job->plan.kind = PLAN_ADD;
    return NULL;
}

static const char *
read_option(struct job *job, int c)
{
    switch (c) {
    case 't':
    case 'f':
    case 'v':
    case 'a':
        return read_move_option(job, c);
    case 'i':
        job->file = optarg;
        return NULL;
    case 'l':
        job->filter = optarg;
        return NULL;
    case 's':
        job->skip_done = true;
        return NULL;
    default:
        if (writer_option(&job->writer, c))
            return NULL;
        return is_move(job) ? network_option(&job->network, c)
                            : "invalid option";
    }
}

/* What is wrong with the arguments, or NULL. */
static const char *
find_misuse(struct job *job, int addresses)
{
    const struct sdr_config *config = job->config;
    int to, from,
        sources = (addresses > 0) + (job->file != NULL) + (job->filter != NULL);

    if (sources != 1)
        return "expected either addresses, --file or --filter";
    if (is_move(job) && job->to == NULL)
        return "expected --to SITE";
    to = job->to != NULL ? sdr_config_find_site(config, job->to) : 0;
    if (to < 0)
        return "--to: no such site";
    from = job->from != NULL ? sdr_config_find_site(config, job->from) : 0;
    if (from < 0)
        return "--from: no such site";
    job->plan.to = (unsigned)to;
    job->plan.from = (unsigned)from;
    job->plan.has_from = job->from != NULL;
    if (job->verify && job->plan.to == config->this_site)
        return "--verify: this site cannot verify its own recipients";
    return writer_misuse(&job->writer);
}

static void
run_job(struct job *job, struct sdr *sdr)
{
    job->admin = admin_new(job->config, &job->writer.credentials);
    if (job->admin == NULL) {
        job->code = EX_TEMPFAIL;
        return;
    }
    job_plan(job);
    if (job->code == EX_OK && job->writer.dry_run)
        print_all(job);
    else if (job->code == EX_OK)
        execute(job, sdr);
    admin_free(&job->admin);
}

static int
run(struct sdr *sdr, enum plan_kind kind, const char *name, int argc,
    char **argv)
{
    struct job job = {.config = sdr_get_config(sdr),
                      .name = name,
                      .plan = {.kind = kind},
                      .code = EX_OK};
    const char *misuse = NULL;
    int c;

    job.plan.config = job.config;
    network_init(&job.network);
    while (misuse == NULL
           && (c = getopt_long(argc, argv, WRITER_LETTERS, options, NULL))
                  != -1)
        misuse = read_option(&job, c);
    if (misuse == NULL)
        misuse = find_misuse(&job, argc - optind);
    if (misuse == NULL && job.verify && network_open(&job.network) != SDR_OK)
        misuse = network_misuse;
    if (misuse != NULL)
        return usage_error(name, misuse);
    job_read(&job, argc - optind, argv + optind);
    if (job.code == EX_OK)
        run_job(&job, sdr);
    network_close(&job.network);
    job_clear(&job);
    return job.code;
}

int
command_move(struct sdr *sdr, int argc, char **argv)
{
    return run(sdr, PLAN_MOVE, "move", argc, argv);
}

int
command_hold(struct sdr *sdr, int argc, char **argv)
{
    return run(sdr, PLAN_HOLD, "hold", argc, argv);
}

int
command_release(struct sdr *sdr, int argc, char **argv)
{
    return run(sdr, PLAN_RELEASE, "release", argc, argv);
}
