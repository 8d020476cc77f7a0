/* move.c - sdrctl move, hold, release: whose mailbox it is
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "job.h"
#include "run.h"
#include "sdrctl.h"
#include "wait.h"

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

/* ---- doing it ---- */

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
        printf("%zu as they are to be already\n", job->skipped);
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

static bool
find_site(const struct sdr_config *config, const char *name, unsigned *site)
{
    for (unsigned i = 0; i < config->site_count; i++) {
        if (strcasecmp(config->sites[i].name, name) == 0) {
            *site = i;
            return true;
        }
    }
    return false;
}

/* Each takes an option and says what is wrong with it, or NULL. */

static const char *
take_move_option(struct job *job, int c)
{
    if (!is_move(job))
        return "--to, --from, --add and --verify are for move";
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
take_option(struct job *job, int c)
{
    switch (c) {
    case 't':
    case 'f':
    case 'v':
    case 'a':
        return take_move_option(job, c);
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
        return is_move(job) ? network_option(&job->network, c) : "bad option";
    }
}

/* NULL if it makes sense. */
static const char *
find_misuse(struct job *job, int addresses)
{
    const struct sdr_config *config = job->config;
    int sources = (addresses > 0) + (job->file != NULL) + (job->filter != NULL);

    if (sources != 1)
        return "whom? addresses, --file or --filter";
    if (is_move(job) && job->to == NULL)
        return "where? --to SITE";
    if (job->to != NULL && !find_site(config, job->to, &job->plan.to))
        return "--to: there is no such site";
    job->plan.has_from = job->from != NULL;
    if (job->from != NULL && !find_site(config, job->from, &job->plan.from))
        return "--from: there is no such site";
    if (job->verify && job->plan.to == config->this_site)
        return "--verify: this site would ask itself";
    return writer_misuse(&job->writer);
}

static void
work(struct job *job, struct sdr *sdr)
{
    job->admin = admin_new(job->config, &job->writer.credentials);
    if (job->admin == NULL) {
        job->code = EX_TEMPFAIL;
        return;
    }
    job_judge(job);
    if (job->code == EX_OK && job->writer.dry_run)
        print_all(job);
    else if (job->code == EX_OK)
        execute(job, sdr);
    admin_free(&job->admin);
}

static int
run(struct sdr *sdr, enum plan_kind kind, int argc, char **argv)
{
    struct job job = {.config = sdr_get_config(sdr),
                      .name = argv[0],
                      .plan = {.kind = kind},
                      .code = EX_OK};
    const char *misuse = NULL;
    int c;

    job.plan.config = job.config;
    network_init(&job.network);
    while (misuse == NULL
           && (c = getopt_long(argc, argv, WRITER_LETTERS, options, NULL))
                  != -1)
        misuse = take_option(&job, c);
    if (misuse == NULL)
        misuse = find_misuse(&job, argc - optind);
    if (misuse == NULL && job.verify && network_open(&job.network) != SDR_OK)
        misuse = network_misuse;
    if (misuse != NULL)
        return bad_use(argv[0], misuse);
    job_read(&job, argc - optind, argv + optind);
    if (job.code == EX_OK)
        work(&job, sdr);
    network_close(&job.network);
    job_clear(&job);
    return job.code;
}

int
command_move(struct sdr *sdr, int argc, char **argv)
{
    return run(sdr, PLAN_MOVE, argc, argv);
}

int
command_hold(struct sdr *sdr, int argc, char **argv)
{
    return run(sdr, PLAN_HOLD, argc, argv);
}

int
command_release(struct sdr *sdr, int argc, char **argv)
{
    return run(sdr, PLAN_RELEASE, argc, argv);
}
