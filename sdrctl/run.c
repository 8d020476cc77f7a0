/* run.c - see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "journal.h"
#include "json.h"
#include "sdrctl.h"

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static void
take_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

struct totals {
    size_t done, needless, conflicts, failed;
    bool no_right;
};

/* ---- what is said ---- */

static const char *
result_name(enum change_result result)
{
    switch (result) {
    case CHANGE_DONE:
        return "done";
    case CHANGE_NEEDLESS:
        return "unchanged";
    case CHANGE_CONFLICT:
        return "skipped";
    case CHANGE_FAILED:
        return "failed";
    }
    return "";
}

static void
tell_json(const struct change *change, const char *result, const char *reason)
{
    json_t *object = json_object();

    json_object_set_new(object, "address", make_string(change->address));
    json_object_set_new(object, "dn", make_string(change->dn));
    json_object_set_new(object, "result", make_string(result));
    json_object_set_new(object, "reason",
                        reason[0] != '\0' ? make_string(reason) : json_null());
    print_object(object);
}

static void
tell(const struct run *run, const struct change *change, const char *result,
     const char *reason)
{
    bool good = strcmp(result, run->done) == 0;

    if (run->json) {
        tell_json(change, result, reason);
        return;
    }
    if (run->quiet && good)
        return;
    print_clean(change->address);
    printf(": %s", result);
    if (reason[0] != '\0') {
        fputs(": ", stdout);
        print_clean(reason);
    }
    putchar('\n');
}

/* ---- the bar: on a terminal, below what is said there ---- */

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
tell_end(const struct run *run, const struct totals *totals, size_t left,
         const struct journal *journal)
{
    if (run->quiet || run->json)
        return;
    printf("%zu %s", totals->done, run->done);
    if (totals->needless > 0)
        printf(", %zu as it was to be already", totals->needless);
    if (totals->conflicts > 0)
        printf(", %zu skipped", totals->conflicts);
    if (totals->failed > 0)
        printf(", %zu failed", totals->failed);
    if (left > 0)
        printf(", %zu not tried", left);
    putchar('\n');
    if (totals->done > 0)
        printf("journal: %s\n", journal_path(journal));
}

/* ---- one change ---- */

static void
count(struct totals *totals, enum change_result result)
{
    switch (result) {
    case CHANGE_DONE:
        totals->done++;
        break;
    case CHANGE_NEEDLESS:
        totals->needless++;
        break;
    case CHANGE_CONFLICT:
        totals->conflicts++;
        break;
    case CHANGE_FAILED:
        totals->failed++;
        break;
    }
}

/* False if there is no sense in going on. */
static bool
make(const struct run *run, struct journal *journal,
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
    count(totals, result);
    name =
        result == CHANGE_DONE && !run->json ? run->done : result_name(result);
    tell(run, change, name, result == CHANGE_DONE ? "" : error.text);
    totals->no_right |= strstr(error.text, "Insufficient access") != NULL;
    return result != CHANGE_FAILED;
}

/* Returns how many were tried. */
static size_t
make_all(const struct run *run, struct journal *journal,
         const struct changes *changes, struct totals *totals)
{
    bool bar = has_bar(run, changes->count), good = true;
    size_t i = 0;

    while (i < changes->count && good && !interrupted) {
        if (bar)
            wipe_bar();
        good = make(run, journal, &changes->items[i++], totals);
        fflush(stdout);
        if (bar)
            draw_bar(i, changes->count);
    }
    if (bar)
        wipe_bar();
    return i;
}

int
run_changes(const struct run *run, const struct changes *changes)
{
    struct totals totals = {0, 0, 0, 0, false};
    struct journal *journal = NULL;
    struct sdr_error error;
    size_t i;

    if (journal_begin(&journal, run->config, admin_name(run->admin),
                      run->command, &error)
        != SDR_OK) {
        fprintf(stderr, "journal-directory: %s; nothing was changed\n",
                error.text);
        return EX_IOERR;
    }
    take_signals();
    i = make_all(run, journal, changes, &totals);
    for (size_t k = i; k < changes->count; k++)
        tell(run, &changes->items[k], "not tried", "");
    tell_end(run, &totals, changes->count - i, journal);
    journal_end(&journal);
    if (totals.no_right)
        return EX_NOPERM;
    return totals.done + totals.needless == changes->count ? EX_OK
                                                           : EX_TEMPFAIL;
}
