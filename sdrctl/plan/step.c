/* step.c - a step of a wave; see run.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "array.h"
#include "change/commands.h"
#include "change/wait.h"
#include "command.h"
#include "plan/child.h"
#include "plan/journals.h"
#include "plan/run.h"
#include "print.h"
#include "usage.h"

bool
arguments_add(struct arguments *arguments, const char *item)
{
    const char *last = NULL;

    /* NULL at the end, as in argv. */
    if (!sdr_array_append(&arguments->items, &arguments->count,
                          &arguments->room, &item, sizeof item)
        || !sdr_array_append(&arguments->items, &arguments->count,
                             &arguments->room, &last, sizeof last))
        return false;
    arguments->count--;
    return true;
}

bool
arguments_add_all(struct arguments *arguments, const struct arguments *more)
{
    for (size_t i = 0; i < more->count; i++) {
        if (!arguments_add(arguments, more->items[i]))
            return false;
    }
    return true;
}

static bool
add_texts(struct arguments *arguments, const char *const *texts)
{
    for (; *texts != NULL; texts++) {
        if (!arguments_add(arguments, *texts))
            return false;
    }
    return true;
}

/* ---- the command of a step ---- */

static bool
add_move(const struct plan_run *run, const struct wave *wave, bool verify,
         struct arguments *arguments)
{
    const char *const head[] = {"sdrctl move", "--to", wave->to_text,
                                "--skip-done", NULL};
    const char *const from[] = {"--from", wave->from_text, NULL};
    const char *const dry[] = {"--verify", "--dry-run", NULL};
    const char *const wait[] = {"--wait", NULL};
    const char *const tail[] = {"--file", wave->path, NULL};

    return add_texts(arguments, head)
           && (wave->from_text == NULL || add_texts(arguments, from))
           && add_texts(arguments, verify ? dry : wait)
           && arguments_add_all(arguments, &run->writer)
           && (!verify || arguments_add_all(arguments, &run->network))
           && add_texts(arguments, tail);
}

static bool
add_proof(const struct plan_run *run, const struct wave *wave,
          struct arguments *arguments)
{
    const char *const tail[] = {"--file", wave->path, NULL};

    return arguments_add(arguments, "sdrctl verify")
           && arguments_add_all(arguments, &run->network)
           && arguments_add_all(arguments, &run->proof)
           && add_texts(arguments, tail);
}

/* The caller adds the addresses of STEP_RELEASE. */
static bool
make_arguments(const struct plan_run *run, const struct wave *wave,
               enum step step, struct arguments *arguments)
{
    const char *const hold[] = {"sdrctl hold", "--skip-done", "--wait", NULL};
    const char *const release[] = {"sdrctl release", "--skip-done", "--wait",
                                   NULL};
    const char *const file[] = {"--file", wave->path, NULL};

    switch (step) {
    case STEP_VERIFY:
    case STEP_MOVE:
        return add_move(run, wave, step == STEP_VERIFY, arguments);
    case STEP_HOLD:
        return add_texts(arguments, hold)
               && arguments_add_all(arguments, &run->writer)
               && add_texts(arguments, file);
    case STEP_RELEASE:
        return add_texts(arguments, release)
               && arguments_add_all(arguments, &run->writer);
    case STEP_PROOF:
        return add_proof(run, wave, arguments);
    case STEP_COMMAND:
        return add_texts(arguments, (const char *const *)wave->words);
    case STEP_UNDO:
        return true;
    }
    return false;
}

/* Print them as a shell reads them. The first word is the name of a command of
 * sdrctl, or of another program. */
static void
print_words(const struct arguments *arguments)
{
    static const char ours[] = "sdrctl ";
    char word[USAGE_WORD_SIZE];
    size_t i = 0;

    if (strncmp(arguments->items[0], ours, strlen(ours)) == 0) {
        print_clean(usage_program());
        putchar(' ');
        print_clean(arguments->items[i++] + strlen(ours));
    }
    for (; i < arguments->count; i++) {
        if (i > 0)
            putchar(' ');
        print_clean(usage_word(word, arguments->items[i]));
    }
}

void
step_print(struct plan_run *run, const struct wave *wave, enum step step)
{
    struct arguments arguments = {.items = NULL};

    if (make_arguments(run, wave, step, &arguments)) {
        printf("  %-8s ", step_names[step]);
        print_words(&arguments);
        if (step == STEP_RELEASE)
            fputs(" (those whom this wave has put on hold)", stdout);
        putchar('\n');
    }
    free(arguments.items);
}

/* ---- in the child ---- */

struct step_child {
    struct plan_run *run;
    const struct wave *wave;
    size_t base;
    enum step step;
    struct arguments arguments;
    char origin[ORIGIN_SIZE];
    struct wave_journals journals;
};

static int
out_of_memory(void)
{
    fputs("sdrctl: no memory\n", stderr);
    return EX_TEMPFAIL;
}

static int
report(const struct sdr_error *error, enum sdr_status status)
{
    print_error_line(error);
    return sdr_status_exit(status);
}

static int
change(struct step_child *child, enum change_kind kind, const char *name)
{
    const struct change_command command = {kind, name, child->origin,
                                           !child->run->verbose};

    return change_command(child->run->sdr, &command,
                          (int)child->arguments.count, child->arguments.items);
}

/* move --dry-run prints LDIF, which nobody needs here. */
static int
verify(struct step_child *child)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
        return EX_OSERR;
    return change(child, CHANGE_MOVE, "move");
}

static int
release(struct step_child *child)
{
    struct batch held = {.items = NULL};
    struct sdr_error error;
    enum sdr_status status =
        wave_journals_held(&child->journals, child->run->config, &held, &error);
    bool ok = status == SDR_OK && arguments_add(&child->arguments, "--");
    int code = EX_OK;

    for (size_t i = 0; i < held.count && ok; i++)
        ok = arguments_add(&child->arguments, held.items[i].address);
    if (status != SDR_OK)
        code = report(&error, status);
    else if (!ok)
        code = out_of_memory();
    else if (held.count > 0)
        code = change(child, CHANGE_RELEASE, "release");
    batch_clear(&held);
    return code;
}

/* Write the addresses of the wave to FILE, each on a line. */
static bool
write_addresses(const struct wave *wave, FILE *file)
{
    struct batch batch = {.items = NULL};
    bool ok = batch_read(&batch, wave->path, batch_print_mistake, NULL);

    for (size_t i = 0; i < batch.count && ok; i++)
        ok = fprintf(file, "%s\n", batch.items[i].address) > 0;
    batch_clear(&batch);
    return ok;
}

/* Set PATH to a new file with the addresses. */
static bool
make_list(const struct wave *wave, char *path)
{
    int fd = mkostemp(path, O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool ok = file != NULL && write_addresses(wave, file);

    if (file != NULL)
        ok = fclose(file) == 0 && ok;
    if (!ok)
        perror("sdrctl: plan: the list of addresses for the command");
    if (!ok && fd >= 0)
        unlink(path);
    return ok;
}

static int
command(struct step_child *child)
{
    char list[] = "/tmp/sdrctl-recipients-XXXXXX";
    struct sdr_error error;
    int code;

    if (!make_list(child->wave, list))
        return EX_TEMPFAIL;
    child_catch_signals();
    if (setenv("SDR_RECIPIENTS", list, 1) != 0
        || setenv("SDR_WAVE", child->wave->name, 1) != 0)
        code = out_of_memory();
    else
        code = child_execute(child->arguments.items, &error);
    unlink(list);
    if (code < 0)
        print_error_line(&error);
    return code < 0 ? EX_TEMPFAIL : code;
}

/* Wait until the replica has the changes of this step, including its earlier
 * interrupted runs. */
static int
wait_for_step(struct step_child *child)
{
    const struct plan_run *run = child->run;
    struct changes changes = {NULL, 0, 0};
    struct sdr_error error;
    enum sdr_status status;
    int code = EX_OK;

    wave_journals_clear(&child->journals);
    status = wave_journals_find(&child->journals, run->config, &run->state,
                                child->wave->name, child->base, &error);
    if (status == SDR_OK)
        status = wave_journals_changes(&child->journals, run->config,
                                       child->step, &changes, &error);
    if (status == SDR_OK)
        code = wait_for_replica(run->sdr, &changes, true, true);
    else
        code = report(&error, status);
    changes_clear(&changes);
    return code;
}

static int
run_child(void *arg)
{
    struct step_child *child = arg;
    int code = EX_OK;

    optind = 0; /* options are read from the start */
    switch (child->step) {
    case STEP_VERIFY:
        return verify(child);
    case STEP_COMMAND:
        return command(child);
    case STEP_PROOF:
        return command_verify(child->run->sdr, (int)child->arguments.count,
                              child->arguments.items);
    case STEP_HOLD:
        code = change(child, CHANGE_HOLD, "hold");
        break;
    case STEP_MOVE:
        code = change(child, CHANGE_MOVE, "move");
        break;
    case STEP_RELEASE:
        code = release(child);
        break;
    case STEP_UNDO:
        break;
    }
    return code == EX_OK ? wait_for_step(child) : code;
}

/* ---- the step ---- */

static int
run_step(struct step_child *child, struct sdr_error *error)
{
    struct plan_run *run = child->run;
    const char *name = child->wave->name;
    int code;

    origin_make(child->origin, &run->state, name, child->step);
    if (!make_arguments(run, child->wave, child->step, &child->arguments)) {
        sdr_error_set(error, "no memory");
        return -1;
    }
    if (!state_add(&run->state, name, child->step, EVENT_STARTED,
                   child->wave->fingerprint, error))
        return -1;
    code = child_run(run_child, child, error);
    if (code > 0)
        sdr_error_set(error, "exit code %d", code);
    return code == 0 ? 0 : -1;
}

int
step_run(struct plan_run *run, const struct wave *wave, size_t base,
         enum step step, struct sdr_error *error)
{
    struct step_child child = {
        .run = run, .wave = wave, .base = base, .step = step};
    int code = -1;

    if (wave_journals_find(&child.journals, run->config, &run->state,
                           wave->name, base, error)
        == SDR_OK)
        code = run_step(&child, error);
    wave_journals_clear(&child.journals);
    free(child.arguments.items);
    return code;
}

void
step_journal(struct plan_run *run, const struct wave *wave, size_t base,
             enum step step, char *path, size_t size)
{
    struct wave_journals journals;
    struct sdr_error error;

    path[0] = '\0';
    if (wave_journals_find(&journals, run->config, &run->state, wave->name,
                           base, &error)
        == SDR_OK) {
        for (size_t i = 0; i < journals.count; i++) {
            if (journals.items[i].step == step)
                snprintf(path, size, "%s", journals.items[i].path);
        }
    }
    wave_journals_clear(&journals);
}
