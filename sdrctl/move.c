/* move.c - sdrctl move, hold, release: whose mailbox it is
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "admin.h"
#include "batch.h"
#include "change.h"
#include "person.h"
#include "plan.h"
#include "run.h"
#include "sdrctl.h"
#include "wait.h"

static const struct option options[] = {
    {"to", required_argument, NULL, 't'},
    {"from", required_argument, NULL, 'f'},
    {"add", no_argument, NULL, 'a'},
    {"file", required_argument, NULL, 'i'},
    {"filter", required_argument, NULL, 'l'},
    {"dry-run", no_argument, NULL, 'n'},
    {"skip-done", no_argument, NULL, 's'},
    {"wait", no_argument, NULL, 'w'},
    {"bind-dn", required_argument, NULL, 'D'},
    {"password-file", required_argument, NULL, 'y'},
    {"external", no_argument, NULL, 'x'},
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

struct job {
    const struct sdr_config *config;
    const char *name; /* of the command */
    struct plan plan;
    const char *to, *from, *file, *filter;
    struct credentials credentials;
    bool dry_run, skip_done, wait, json, quiet;
    /* what comes of it */
    struct admin *admin;
    struct batch batch;
    struct people people;
    struct changes changes;
    size_t mistakes, skipped;
    int code; /* EX_OK while it may go on */
};

/* ---- mistakes: all are told, then nothing is changed ---- */

static void
tell_mistake(struct job *job, unsigned long line, const char *address,
             const char *text)
{
    char clean[2048];
    char both[2048];

    job->mistakes++;
    snprintf(both, sizeof both, "%s%s%s", address,
             address[0] != '\0' ? " " : "", text);
    sdr_log_clean(clean, sizeof clean, both, strlen(both), "");
    if (line > 0)
        fprintf(stderr, "%s:%lu: %s\n", job->batch.file, line, clean);
    else
        fprintf(stderr, "%s\n", clean);
}

static void
on_batch_mistake(void *arg, const struct batch *batch, unsigned long line,
                 const char *text)
{
    struct job *job = arg;

    if (line > 0) {
        tell_mistake(job, line, "", text);
    } else {
        job->mistakes++;
        fprintf(stderr, "%s: %s\n", batch->file, text);
    }
}

/* It cannot go on. */
static void
stop(struct job *job, enum sdr_status status, const struct sdr_error *error)
{
    char clean[sizeof error->text];

    sdr_log_clean(clean, sizeof clean, error->text, strlen(error->text), "");
    fprintf(stderr, "sdrctl %s: %s; nothing was changed\n", job->name, clean);
    job->code = sdr_status_exit(status);
}

/* ---- who ---- */

static bool
is_asked(const struct job *job, unsigned directory)
{
    return job->config->directories[directory].ldif_path == NULL;
}

/* All entries with this address; one is right. */
static void
find_one(struct job *job, const struct batch_line *line)
{
    size_t before = job->people.count;
    struct sdr_connection *connection;
    struct sdr_error error = {""};
    enum sdr_status status = SDR_OK;

    for (unsigned d = 0; d < job->config->directory_count && status == SDR_OK;
         d++) {
        if (!is_asked(job, d))
            continue;
        status = admin_connect(job->admin, d, &connection, &error);
        if (status == SDR_OK)
            status = person_find(connection, job->config, d, line->address,
                                 &job->people, &error);
    }
    if (status == SDR_INVALID)
        tell_mistake(job, line->line, line->address, error.text);
    else if (status != SDR_OK)
        stop(job, status, &error);
    else if (job->people.count == before)
        tell_mistake(job, line->line, line->address, "is nobody's");
    else if (job->people.count > before + 1)
        tell_mistake(job, line->line, line->address,
                     "is in several entries: make them one first");
    for (size_t i = before; i < job->people.count; i++)
        job->people.items[i].line = line->line;
}

static void
find_all(struct job *job)
{
    for (size_t i = 0; i < job->batch.count && job->code == EX_OK; i++)
        find_one(job, &job->batch.items[i]);
}

static void
find_by_filter(struct job *job)
{
    struct sdr_connection *connection;
    struct sdr_error error = {""};

    for (unsigned d = 0; d < job->config->directory_count && job->code == EX_OK;
         d++) {
        enum sdr_status status;

        if (!is_asked(job, d))
            continue;
        status = admin_connect(job->admin, d, &connection, &error);
        if (status == SDR_OK)
            status = person_find_all(connection, job->config, d, job->filter,
                                     &job->people, &error);
        if (status != SDR_OK)
            stop(job, status, &error);
    }
    if (job->code == EX_OK && job->people.count == 0)
        tell_mistake(job, 0, job->filter, "is nobody's filter");
}

/* ---- what ---- */

static int
compare_people(const void *a, const void *b)
{
    const struct person *x = *(const struct person *const *)a;
    const struct person *y = *(const struct person *const *)b;
    int order = x->directory != y->directory
                    ? (x->directory > y->directory ? 1 : -1)
                    : strcasecmp(x->dn, y->dn);

    return order != 0 ? order : (x > y) - (x < y);
}

/* Nobody can be moved twice in one go. */
static void
find_twins(struct job *job)
{
    const struct person **sorted =
        calloc(job->people.count + 1, sizeof *sorted);

    for (size_t i = 0; sorted != NULL && i < job->people.count; i++)
        sorted[i] = &job->people.items[i];
    if (sorted != NULL && job->people.count > 1)
        qsort(sorted, job->people.count, sizeof *sorted, compare_people);
    for (size_t i = 1; sorted != NULL && i < job->people.count; i++) {
        if (sorted[i]->directory == sorted[i - 1]->directory
            && strcasecmp(sorted[i]->dn, sorted[i - 1]->dn) == 0)
            tell_mistake(job, sorted[i]->line, sorted[i]->address,
                         "is there twice");
    }
    free(sorted);
}

static void
plan_one(struct job *job, size_t i)
{
    const struct person *person = &job->people.items[i];
    struct change *change = changes_add(&job->changes);
    struct sdr_error error = {"no memory"};
    enum sdr_status status = SDR_TEMPFAIL;

    job->plan.needs_class = !admin_is_ad(job->admin, person->directory);
    if (change != NULL)
        status = plan_change(&job->plan, person, change, &error);
    if (status == SDR_OK)
        return;
    if (status == SDR_TEMPFAIL)
        stop(job, status, &error);
    else if (status == SDR_NOTFOUND && job->skip_done)
        job->skipped++;
    else
        tell_mistake(job, person->line, person->address, error.text);
    if (change != NULL) {
        change_clear(change);
        job->changes.count--;
    }
}

static void
plan_all(struct job *job)
{
    if (job->filter != NULL)
        find_by_filter(job);
    else
        find_all(job);
    if (job->code == EX_OK)
        find_twins(job);
    for (size_t i = 0; i < job->people.count && job->code == EX_OK; i++)
        plan_one(job, i);
    if (job->code == EX_OK && job->mistakes > 0) {
        fprintf(stderr, "sdrctl %s: %zu mistake%s; nothing was changed\n",
                job->name, job->mistakes, job->mistakes > 1 ? "s" : "");
        job->code = EX_DATAERR;
    }
}

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
                            .json = job->json,
                            .quiet = job->quiet};

    snprintf(
        command, sizeof command, "%s%s%s%s%s%s%s%s%s", job->name,
        job->to != NULL ? " --to " : "", job->to != NULL ? job->to : "",
        job->from != NULL ? " --from " : "", job->from != NULL ? job->from : "",
        job->plan.kind == PLAN_ADD ? " --add" : "",
        job->file != NULL ? " --file " : "", job->file != NULL ? job->file : "",
        job->filter != NULL ? " --filter ..." : "");
    if (job->skipped > 0 && !job->quiet && !job->json)
        printf("%zu as they are to be already\n", job->skipped);
    job->code = run_changes(&run, &job->changes);
    if (job->code == EX_OK && job->config->replica.path != NULL)
        job->code = wait_for_replica(sdr, &job->plan, &job->changes, job->wait,
                                     job->quiet || job->json);
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

static bool
take_option(struct job *job, int c)
{
    switch (c) {
    case 't':
        job->to = optarg;
        return true;
    case 'f':
        job->from = optarg;
        return true;
    case 'a':
        job->plan.kind = PLAN_ADD;
        return true;
    case 'i':
        job->file = optarg;
        return true;
    case 'l':
        job->filter = optarg;
        return true;
    case 'n':
        job->dry_run = true;
        return true;
    case 's':
        job->skip_done = true;
        return true;
    case 'w':
        job->wait = true;
        return true;
    case 'D':
        job->credentials.bind_dn = optarg;
        return true;
    case 'y':
        job->credentials.password_file = optarg;
        return true;
    case 'x':
        job->credentials.external = true;
        return true;
    case 'j':
        job->json = true;
        return true;
    case 'q':
        job->quiet = true;
        return true;
    default:
        return false;
    }
}

/* NULL if it makes sense. */
static const char *
find_misuse(struct job *job, int addresses)
{
    bool moves = job->plan.kind == PLAN_MOVE || job->plan.kind == PLAN_ADD;
    int sources = (addresses > 0) + (job->file != NULL) + (job->filter != NULL);

    if (sources != 1)
        return "whom? addresses, --file or --filter";
    if (moves && job->to == NULL)
        return "where? --to SITE";
    if (!moves && (job->to != NULL || job->from != NULL))
        return "--to and --from are for move";
    if (job->to != NULL && !find_site(job->config, job->to, &job->plan.to))
        return "--to: there is no such site";
    job->plan.has_from = job->from != NULL;
    if (job->from != NULL
        && !find_site(job->config, job->from, &job->plan.from))
        return "--from: there is no such site";
    if (job->credentials.bind_dn != NULL
        && job->credentials.password_file == NULL)
        return "-D needs -y";
    return NULL;
}

static void
read_batch(struct job *job, int count, char **addresses)
{
    for (int i = 0; i < count; i++) {
        if (!batch_add(&job->batch, addresses[i], 0))
            job->code = EX_TEMPFAIL;
    }
    if (job->file != NULL
        && !batch_read(&job->batch, job->file, on_batch_mistake, job)
        && job->mistakes == 0)
        job->mistakes = 1;
    if (job->file != NULL && job->batch.count == 0 && job->mistakes == 0) {
        fprintf(stderr, "%s: no address in it\n", job->file);
        job->mistakes = 1;
    }
}

static void
work(struct job *job, struct sdr *sdr)
{
    job->admin = admin_new(job->config, &job->credentials);
    if (job->admin == NULL) {
        job->code = EX_TEMPFAIL;
        return;
    }
    plan_all(job);
    if (job->code == EX_OK && job->dry_run)
        print_all(job);
    else if (job->code == EX_OK)
        execute(job, sdr);
}

static int
run(struct sdr *sdr, enum plan_kind kind, int argc, char **argv)
{
    struct job job = {.config = sdr_get_config(sdr),
                      .name = argv[0],
                      .plan = {.kind = kind},
                      .code = EX_OK};
    const char *misuse;
    int c;

    job.plan.config = job.config;
    while ((c = getopt_long(argc, argv, "D:y:nq", options, NULL)) != -1) {
        if (!take_option(&job, c) || (c == 'a' && kind != PLAN_MOVE))
            return bad_use(argv[0], "bad option");
    }
    misuse = find_misuse(&job, argc - optind);
    if (misuse != NULL)
        return bad_use(argv[0], misuse);
    read_batch(&job, argc - optind, argv + optind);
    if (job.code == EX_OK)
        work(&job, sdr);
    admin_free(&job.admin);
    batch_clear(&job.batch);
    people_clear(&job.people);
    changes_clear(&job.changes);
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
