/* move.c - sdrctl move, hold, release
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "change/commands.h"
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
done_word(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_MOVE:
        return "moved";
    case CHANGE_ADD:
        return "added";
    case CHANGE_HOLD:
        return "held";
    case CHANGE_RELEASE:
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
                            .origin = job->writer.origin,
                            .done = done_word(job->plan.kind),
                            .json = job->writer.json,
                            .quiet = job->writer.quiet,
                            .brief = job->writer.brief};

    snprintf(
        command, sizeof command, "%s%s%s%s%s%s%s%s%s", job->name,
        job->to != NULL ? " --to " : "", job->to != NULL ? job->to : "",
        job->from != NULL ? " --from " : "", job->from != NULL ? job->from : "",
        job->plan.kind == CHANGE_ADD ? " --add" : "",
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
    return job->plan.kind == CHANGE_MOVE || job->plan.kind == CHANGE_ADD;
}

static bool
is_move_option(int c)
{
    return c >= OPTION_HERE || strchr("tfva", c) != NULL;
}

/* NAME is that of a long option. False, with the error, if something is wrong
 * with it. */
static bool
read_option(struct job *job, int c, const char *name, struct sdr_error *error)
{
    if (!is_move(job) && is_move_option(c)) {
        sdr_error_set(error, "--%s is only for move", name);
        return false;
    }
    switch (c) {
    case 't':
        job->to = optarg;
        return true;
    case 'f':
        job->from = optarg;
        return true;
    case 'v':
        job->verify = true;
        return true;
    case 'a':
        job->plan.kind = CHANGE_ADD;
        return true;
    case 'i':
        job->file = optarg;
        return true;
    case 'l':
        job->filter = optarg;
        return true;
    case 's':
        job->skip_done = true;
        return true;
    default:
        return writer_option(&job->writer, c)
               || network_option(&job->network, c, error);
    }
}

/* False, with the error, if something is wrong with the arguments. */
static bool
check_arguments(struct job *job, int addresses, struct sdr_error *error)
{
    const struct sdr_config *config = job->config;
    int sources = (addresses > 0) + (job->file != NULL) + (job->filter != NULL);

    if (sources != 1)
        sdr_error_set(error, "expected either addresses, --file or --filter");
    else if (is_move(job) && job->to == NULL)
        sdr_error_set(error, "expected --to SITE");
    if (error->text[0] != '\0' || !is_filter(job->filter, error)
        || !find_named_site(config, "--to", job->to, &job->plan.to, error)
        || !find_named_site(config, "--from", job->from, &job->plan.from,
                            error))
        return false;
    job->plan.has_from = job->from != NULL;
    if (job->verify && job->plan.to == config->this_site) {
        sdr_error_set(error,
                      "--verify: this site cannot verify its own recipients");
        return false;
    }
    return writer_is_valid(&job->writer, error)
           && (!job->verify || network_open(&job->network, error) == SDR_OK);
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

int
change_command(struct sdr *sdr, const struct change_command *command, int argc,
               char **argv)
{
    const char *name = command->name;
    struct job job = {
        .config = sdr_get_config(sdr),
        .name = name,
        .plan = {.kind = command->kind},
        .writer = {.origin = command->origin, .brief = command->brief},
        .code = EX_OK};
    struct sdr_error error = {""};
    int c, index = 0;

    job.plan.config = job.config;
    network_init(&job.network);
    while ((c = getopt_long(argc, argv, WRITER_LETTERS, options, &index))
           != -1) {
        if (!read_option(&job, c, options[index].name, &error))
            return usage_error(name, "%s", error.text);
    }
    if (!check_arguments(&job, argc - optind, &error))
        return usage_error(name, "%s", error.text);
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
    const struct change_command move = {CHANGE_MOVE, "move", NULL, false};

    return change_command(sdr, &move, argc, argv);
}

int
command_hold(struct sdr *sdr, int argc, char **argv)
{
    const struct change_command hold = {CHANGE_HOLD, "hold", NULL, false};

    return change_command(sdr, &hold, argc, argv);
}

int
command_release(struct sdr *sdr, int argc, char **argv)
{
    const struct change_command release = {CHANGE_RELEASE, "release", NULL,
                                           false};

    return change_command(sdr, &release, argc, argv);
}
