/* journals.c - see journals.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/journals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "change/journal.h"
#include "change/journal_check.h"
#include "change/journal_file.h"
#include "print.h"

void
origin_make(char origin[ORIGIN_SIZE], const struct state *state,
            const char *wave, enum step step)
{
    snprintf(origin, ORIGIN_SIZE, "%s %zu %s %s", state->id, state->count, wave,
             step_names[step]);
}

/* ---- finding them ---- */

/* Read the origin. Sets NAME to the wave. Returns false if it is no step of
 * this plan. */
static bool
read_origin(struct wave_journal *journal, const char *origin,
            const struct state *state, char name[WAVE_NAME_MAX + 1])
{
    char id[PLAN_ID_SIZE], step[16];
    unsigned s = 0;

    if (sscanf(origin, "%32s %zu %64s %15s", id, &journal->number, name, step)
            != 4
        || strcmp(id, state->id) != 0)
        return false;
    while (s < ALL_STEPS && strcmp(step, step_names[s]) != 0)
        s++;
    journal->step = (enum step)s;
    return s < ALL_STEPS;
}

static enum sdr_status
look_at(struct wave_journals *journals, const struct state *state,
        const char *wave, size_t base, const char *path,
        struct sdr_error *error)
{
    char origin[ORIGIN_SIZE], name[WAVE_NAME_MAX + 1];
    struct wave_journal journal;
    enum sdr_status status =
        journal_read_origin(path, origin, sizeof origin, error);

    if (status == SDR_NOTFOUND) /* it was empty, and is gone */
        return SDR_OK;
    if (status != SDR_OK || !read_origin(&journal, origin, state, name))
        return status;
    if (strcmp(name, wave) != 0 || journal.step == STEP_UNDO
        || journal.number < base)
        return SDR_OK;
    journal.path = strdup(path);
    if (journal.path != NULL
        && sdr_array_append(&journals->items, &journals->count, &journals->room,
                            &journal, sizeof journal))
        return SDR_OK;
    free(journal.path);
    sdr_error_set(error, "no memory");
    return SDR_TEMPFAIL;
}

static int
compare(const void *a, const void *b)
{
    const struct wave_journal *x = a, *y = b;

    if (x->number != y->number)
        return x->number > y->number ? 1 : -1;
    return strcmp(x->path, y->path);
}

enum sdr_status
wave_journals_find(struct wave_journals *journals,
                   const struct sdr_config *config, const struct state *state,
                   const char *wave, size_t base, struct sdr_error *error)
{
    struct journal_list list = {NULL, 0};
    enum sdr_status status =
        journal_list_read(&list, config->journal_directory, error);

    *journals = (struct wave_journals){NULL, 0, 0};
    if (status == SDR_NOTFOUND)
        return SDR_OK;
    for (size_t i = 0; i < list.count && status == SDR_OK; i++)
        status = look_at(journals, state, wave, base, list.paths[i], error);
    journal_list_clear(&list);
    if (journals->count > 1)
        qsort(journals->items, journals->count, sizeof *journals->items,
              compare);
    return status;
}

void
wave_journals_clear(struct wave_journals *journals)
{
    for (size_t i = 0; i < journals->count; i++)
        free(journals->items[i].path);
    free(journals->items);
    *journals = (struct wave_journals){NULL, 0, 0};
}

/* ---- the state has all records ---- */

static void
print_unknown(const char *wave, enum step step, const char *path)
{
    struct sdr_error error;

    sdr_error_set(&error, "plan: wave %s: %s has written %s", wave,
                  step_names[step], path);
    print_error_line(&error);
}

/* The record "started" of a step has the number of its journal. That of an undo
 * comes before the numbers of its journals. */
static enum sdr_status
check_journal(const struct state *state, const char *path, size_t *unknown,
              struct sdr_error *error)
{
    char origin[ORIGIN_SIZE], wave[WAVE_NAME_MAX + 1];
    struct wave_journal journal;
    enum sdr_status status =
        journal_read_origin(path, origin, sizeof origin, error);

    if (status == SDR_NOTFOUND) /* as in look_at() */
        return SDR_OK;
    if (status != SDR_OK || !read_origin(&journal, origin, state, wave)
        || journal.number < state->count
        || (journal.step == STEP_UNDO && journal.number == state->count))
        return status;
    print_unknown(wave, journal.step, path);
    ++*unknown;
    return SDR_OK;
}

static enum sdr_status
report_unknown(const struct state *state, size_t count, struct sdr_error *error)
{
    const char *s = count == 1 ? "" : "s";

    if (state->count == 0)
        sdr_error_set(error,
                      "%s: it is missing or empty, but this plan has written "
                      "the journal%s above; nothing was done; restore the file "
                      "from a backup, or undo the journal%s by hand, the last "
                      "one first; for a new plan, use another file name",
                      state->path, s, s);
    else
        sdr_error_set(error,
                      "%s: lines are missing: the journal%s above %s later; "
                      "nothing was done; restore the file from a backup, or "
                      "undo all journals of the plan by hand, the last one "
                      "first",
                      state->path, s, count == 1 ? "is" : "are");
    return SDR_INVALID;
}

enum sdr_status
state_check_journals(const struct state *state, const struct sdr_config *config,
                     struct sdr_error *error)
{
    struct journal_list list = {NULL, 0};
    enum sdr_status status =
        journal_list_read(&list, config->journal_directory, error);
    size_t unknown = 0;

    if (status == SDR_NOTFOUND)
        return SDR_OK;
    for (size_t i = 0; i < list.count && status == SDR_OK; i++)
        status = check_journal(state, list.paths[i], &unknown, error);
    journal_list_clear(&list);
    return status == SDR_OK && unknown > 0
               ? report_unknown(state, unknown, error)
               : status;
}

/* ---- their changes ---- */

/* Move the changes from FROM to CHANGES. */
static bool
take_changes(struct changes *changes, struct changes *from)
{
    bool ok = true;

    changes_drop_not_made(from);
    for (size_t i = 0; i < from->count; i++) {
        struct change *change = ok ? changes_add(changes) : NULL;

        ok = change != NULL;
        if (ok)
            *change = from->items[i];
        else
            change_clear(&from->items[i]);
    }
    from->count = 0;
    return ok;
}

enum sdr_status
wave_journals_changes(const struct wave_journals *journals,
                      const struct sdr_config *config, enum step step,
                      struct changes *changes, struct sdr_error *error)
{
    enum sdr_status status = SDR_OK;

    for (size_t i = 0; i < journals->count && status == SDR_OK; i++) {
        const struct wave_journal *journal = &journals->items[i];
        struct journal_content content;

        if (journal->step != step)
            continue;
        status = journal_read(&content, config, journal->path, error);
        if (status != SDR_OK)
            break;
        status = journal_check(config, &content.changes, journal->path, error);
        if (status == SDR_OK && !take_changes(changes, &content.changes)) {
            sdr_error_set(error, "no memory");
            status = SDR_TEMPFAIL;
        }
        journal_content_clear(&content);
    }
    return status;
}

enum sdr_status
wave_journals_held(const struct wave_journals *journals,
                   const struct sdr_config *config, struct batch *addresses,
                   struct sdr_error *error)
{
    struct changes changes = {NULL, 0, 0};
    enum sdr_status status =
        wave_journals_changes(journals, config, STEP_HOLD, &changes, error);

    for (size_t i = 0; i < changes.count && status == SDR_OK; i++) {
        if (!batch_add(addresses, changes.items[i].address, 0)) {
            sdr_error_set(error, "no memory");
            status = SDR_TEMPFAIL;
        }
    }
    changes_clear(&changes);
    batch_sort(addresses);
    return status;
}
