/* run.c - see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "change/change_show.h"
#include "change/journal.h"
#include "change/run_file.h"
#include "json.h"
#include "print.h"

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* A write to whoever reads the results slowly goes on: none may get lost. */
static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

struct totals {
    size_t by_result[CHANGE_RESULTS];
    bool no_permission;
};

/* ---- output ---- */

static const char *const result_names[CHANGE_RESULTS] = {
    [CHANGE_DONE] = "done",
    [CHANGE_NEEDLESS] = "unchanged",
    [CHANGE_CONFLICT] = "skipped",
    [CHANGE_FAILED] = "failed",
};

static void
report_json(const struct change *change, const char *result, const char *reason,
            bool shows_values)
{
    json_t *object = json_object();

    json_object_set_new(object, "address", make_string(change->address));
    json_object_set_new(object, "dn", make_string(change->dn));
    json_object_set_new(object, "result", make_string(result));
    json_object_set_new(object, "reason",
                        reason[0] != '\0' ? make_string(reason) : json_null());
    if (shows_values)
        json_object_set_new(object, "attributes", change_make_json(change));
    print_object(object);
}

static void
report(const struct run *run, const struct change *change, const char *result,
       const char *reason)
{
    bool good = strcmp(result, run->done) == 0
                || strcmp(result, result_names[CHANGE_NEEDLESS]) == 0;

    if (run->json) {
        report_json(change, result, reason, run->shows_values);
        return;
    }
    if ((run->quiet || run->brief) && good)
        return;
    print_clean(change->address);
    printf(": %s", result);
    if (reason[0] != '\0') {
        fputs(": ", stdout);
        print_clean(reason);
    }
    if (run->shows_values) {
        fputs("\n    ", stdout);
        print_clean(change->dn);
        change_show(change);
    }
    putchar('\n');
}

/* ---- the progress bar, on a terminal below the other output ---- */

static bool
has_bar(const struct run *run, size_t all)
{
    enum { WORTH_A_BAR = 10 };

    return !run->quiet && !run->json && all >= WORTH_A_BAR
           && isatty(STDERR_FILENO);
}

static void
draw_bar(size_t done, size_t all)
{
    enum { WIDTH = 40 };
    int full = (int)(done * WIDTH / all);

    fprintf(stderr, "\r[%.*s%*s] %zu of %zu", full,
            "########################################", WIDTH - full, "", done,
            all);
}

static void
wipe_bar(void)
{
    fputs("\r\033[K", stderr);
}

static void
report_end(const struct run *run, const struct totals *totals, size_t left,
           const struct journal *journal)
{
    if (run->quiet || run->json)
        return;
    printf("%zu %s", totals->by_result[CHANGE_DONE], run->done);
    for (unsigned i = CHANGE_DONE + 1; i < CHANGE_RESULTS; i++) {
        if (totals->by_result[i] > 0)
            printf(", %zu %s", totals->by_result[i], result_names[i]);
    }
    if (left > 0)
        printf(", %zu not tried", left);
    putchar('\n');
    if (totals->by_result[CHANGE_DONE] > 0)
        printf("journal: %s\n", journal_path(journal));
}

/* ---- a change of a server ---- */

/* False if the run must stop. */
static bool
make_change(const struct run *run, struct journal *journal,
            const struct change *change, struct totals *totals)
{
    struct sdr_connection *connection = NULL;
    struct sdr_error error = {""};
    enum change_result result = CHANGE_FAILED;
    const char *name;

    if (admin_connect(run->admin, change->directory, &connection, &error)
            == SDR_OK
        && journal_write(journal, change, &error)) {
        result = change_apply(change, connection, &error);
        journal_result(journal, result == CHANGE_DONE ? "done" : error.text);
    }
    totals->by_result[result]++;
    name =
        result == CHANGE_DONE && !run->json ? run->done : result_names[result];
    report(run, change, name, result == CHANGE_DONE ? "" : error.text);
    totals->no_permission |= strstr(error.text, "Insufficient access") != NULL;
    return result != CHANGE_FAILED;
}

/* ---- the changes of a file ---- */

static bool
is_of_file(const struct run *run, const struct change *change)
{
    return run->config->directories[change->directory].ldif_path != NULL;
}

static size_t
count_of_file(const struct change *items, size_t count)
{
    size_t n = 1;

    while (n < count && items[n].directory == items[0].directory)
        n++;
    return n;
}

/* The first of those that would have been made shows why none was. Returns how
 * many have been tried. */
static size_t
report_file(const struct run *run, const struct file_run *of, bool good,
            const struct sdr_error *error, struct totals *totals)
{
    for (size_t i = 0; i < of->count; i++) {
        enum change_result result = of->results[i];
        const char *name = result_names[result];

        if (!good && result != CHANGE_NEEDLESS && result != CHANGE_CONFLICT) {
            totals->by_result[CHANGE_FAILED]++;
            report(run, &of->items[i], result_names[CHANGE_FAILED],
                   error->text);
            return i + 1;
        }
        totals->by_result[result]++;
        if (result == CHANGE_DONE && !run->json)
            name = run->done;
        report(run, &of->items[i], name, of->errors[i].text);
    }
    return of->count;
}

/* Adds the number of changes tried to *AT. False if the run must stop. */
static bool
make_file(const struct run *run, struct journal *journal,
          struct changes *changes, size_t *at, struct totals *totals)
{
    struct file_run of = {.items = &changes->items[*at]};
    struct sdr_error error = {"no memory"};
    bool good = false;

    of.count = count_of_file(of.items, changes->count - *at);
    of.results = calloc(of.count, sizeof *of.results);
    of.errors = calloc(of.count, sizeof *of.errors);
    if (of.results != NULL && of.errors != NULL) {
        good = run_file(&of, run->admin, journal, &error);
        *at += report_file(run, &of, good, &error, totals);
    }
    totals->no_permission |= strstr(error.text, "Permission denied") != NULL
                             || strstr(error.text, "not permitted") != NULL
                             || strstr(error.text, "Read-only") != NULL;
    free(of.results);
    free(of.errors);
    return good;
}

/* ---- all changes ---- */

/* Returns the number of changes tried. */
static size_t
make_all(const struct run *run, struct journal *journal,
         struct changes *changes, struct totals *totals)
{
    bool bar = has_bar(run, changes->count), good = true;
    size_t i = 0;

    while (i < changes->count && good && !interrupted) {
        if (bar)
            wipe_bar();
        if (is_of_file(run, &changes->items[i]))
            good = make_file(run, journal, changes, &i, totals);
        else
            good = make_change(run, journal, &changes->items[i++], totals);
        fflush(stdout);
        if (bar)
            draw_bar(i, changes->count);
    }
    if (bar)
        wipe_bar();
    return i;
}

int
run_changes(const struct run *run, struct changes *changes)
{
    struct totals totals = {{0}, false};
    struct journal *journal = NULL;
    struct sdr_error error;
    size_t i;

    if (journal_begin(&journal, run->config, admin_name(run->admin),
                      run->command, run->origin, &error)
        != SDR_OK) {
        sdr_error_prefix(&error, "journal-directory");
        print_error_line(&error);
        fputs("sdrctl: nothing was changed\n", stderr);
        return EX_IOERR;
    }
    catch_signals();
    i = make_all(run, journal, changes, &totals);
    for (size_t k = i; k < changes->count; k++)
        report(run, &changes->items[k], "not tried", "");
    report_end(run, &totals, changes->count - i, journal);
    journal_end(&journal);
    if (totals.no_permission)
        return EX_NOPERM;
    return totals.by_result[CHANGE_DONE] + totals.by_result[CHANGE_NEEDLESS]
                   == changes->count
               ? EX_OK
               : EX_TEMPFAIL;
}
