/* command.c - sdrctl plan: its arguments
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "change/options.h"
#include "command.h"
#include "net/network.h"
#include "plan/journals.h"
#include "plan/run.h"
#include "print.h"
#include "usage.h"

enum { OPTION_STATUS = 1, OPTION_UNDO, OPTION_REPEAT, OPTION_ACCEPT };
/* Options of verify alone. It reads their values. */
enum { OPTION_AT = 16, OPTION_RATE, OPTION_RETRIES, OPTION_RETRY_AFTER };

static const struct option options[] = {
    NETWORK_OPTIONS,
    {"bind-dn", required_argument, NULL, 'D'},
    {"password-file", required_argument, NULL, 'y'},
    {"external", no_argument, NULL, 'x'},
    {"gssapi", no_argument, NULL, 'g'},
    {"dry-run", no_argument, NULL, 'n'},
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"status", no_argument, NULL, OPTION_STATUS},
    {"undo", required_argument, NULL, OPTION_UNDO},
    {"repeat", no_argument, NULL, OPTION_REPEAT},
    {"accept", no_argument, NULL, OPTION_ACCEPT},
    {"at", required_argument, NULL, OPTION_AT},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"retries", required_argument, NULL, OPTION_RETRIES},
    {"retry-after", required_argument, NULL, OPTION_RETRY_AFTER},
    {NULL, 0, NULL, 0},
};

struct choice {
    struct plan_run run;
    struct writer writer;
    struct network network;
    bool status, no_memory;
    const char *undo;                                   /* a wave */
    char names[sizeof options / sizeof options[0]][24]; /* with "--" */
};

/* ---- options ---- */

/* Returns the arguments to which the option is passed on, or NULL. */
static struct arguments *
arguments_for(struct choice *choice, int c)
{
    if (c >= OPTION_HERE)
        return &choice->run.network;
    if (c >= OPTION_AT && c <= OPTION_RETRY_AFTER)
        return &choice->run.proof;
    return strchr("Dyxgq", c) != NULL ? &choice->run.writer : NULL;
}

static void
hand_on(struct choice *choice, int c)
{
    struct arguments *arguments = arguments_for(choice, c);
    unsigned i = 0;

    while (options[i].val != c)
        i++;
    snprintf(choice->names[i], sizeof choice->names[i], "--%s",
             options[i].name);
    if (arguments != NULL
        && (!arguments_add(arguments, choice->names[i])
            || (options[i].has_arg && !arguments_add(arguments, optarg))))
        choice->no_memory = true;
}

static bool
read_option(struct choice *choice, int c, struct sdr_error *error)
{
    switch (c) {
    case OPTION_STATUS:
        return choice->status = true;
    case 'v':
        return choice->run.verbose = true;
    case OPTION_UNDO:
        choice->undo = optarg;
        return true;
    case OPTION_REPEAT:
        return choice->run.repeat = true;
    case OPTION_ACCEPT:
        return choice->run.accept = true;
    case OPTION_AT:
    case OPTION_RATE:
    case OPTION_RETRIES:
    case OPTION_RETRY_AFTER:
        return true;
    default:
        return writer_option(&choice->writer, c)
               || network_option(&choice->network, c, error);
    }
}

static bool
check_arguments(const struct choice *choice, struct sdr_error *error)
{
    bool decides = choice->run.repeat || choice->run.accept;
    const char *wrong = NULL;

    if (choice->status + (choice->undo != NULL) + choice->writer.dry_run > 1)
        wrong = "use only one of --status, --undo and --dry-run";
    else if (choice->writer.json && !choice->status)
        wrong = "--json is only for --status";
    else if (choice->run.repeat && choice->run.accept)
        wrong = "use only one of --repeat and --accept";
    else if (decides && (choice->status || choice->writer.dry_run))
        wrong = "--repeat and --accept are only for a run";
    else if (choice->run.repeat && choice->undo != NULL)
        wrong = "--repeat is not for --undo";
    else if (choice->run.verbose && choice->writer.quiet)
        wrong = "use only one of --quiet and --verbose";
    else if (choice->undo != NULL && !is_wave_name(choice->undo))
        wrong = "--undo: not the name of a wave";
    if (wrong != NULL)
        sdr_error_set(error, "%s", wrong);
    return wrong == NULL && writer_is_valid(&choice->writer, error);
}

/* ---- what is done ---- */

static int
report(const struct sdr_error *error, enum sdr_status status)
{
    print_error_line(error);
    return status == SDR_NOTFOUND ? EX_NOINPUT : sdr_status_exit(status);
}

/* If the state is missing but there are journals, the journals are the error.
 */
static enum sdr_status
open_state(struct choice *choice, struct sdr_error *error)
{
    struct plan_run *run = &choice->run;
    struct sdr_error lost;
    enum sdr_status checked, status = state_open(&run->state, run->path,
                                                 choice->undo == NULL, error);

    if (status != SDR_OK && status != SDR_NOTFOUND)
        return status;
    checked = state_check_journals(&run->state, run->config, &lost);
    if (checked != SDR_OK) {
        *error = lost;
        return checked;
    }
    if (status == SDR_NOTFOUND)
        sdr_error_prefix(error, "nothing to undo: no run of %s is on record",
                         run->path);
    return status;
}

static int
change(struct choice *choice)
{
    struct plan_run *run = &choice->run;
    struct sdr_error error;
    enum sdr_status status = open_state(choice, &error);
    int code;

    if (status != SDR_OK)
        code = report(&error, status);
    else if (choice->undo != NULL)
        code = plan_undo(run, choice->undo);
    else
        code = plan_run(run);
    state_close(&run->state);
    return code;
}

/* For --status and --dry-run. */
static int
show(struct choice *choice)
{
    struct plan_run *run = &choice->run;
    struct sdr_error error;
    bool runs;
    enum sdr_status status =
        state_open_to_read(&run->state, run->path, &runs, &error);
    int code;

    if (status == SDR_OK && !runs)
        status = state_check_journals(&run->state, run->config, &error);
    state_unlock(&run->state);
    if (status != SDR_OK)
        code = report(&error, status);
    else if (choice->status)
        code = plan_status(run, runs, choice->writer.json);
    else
        code = plan_dry_run(run);
    state_close(&run->state);
    return code;
}

/* An undo needs only the journals, not the plan. */
static int
run_choice(struct choice *choice)
{
    struct plan_run *run = &choice->run;
    int code = choice->undo != NULL
                   ? EX_OK
                   : plan_read(&run->plan, run->config, run->path);

    if (code == EX_OK && (choice->status || choice->writer.dry_run))
        code = show(choice);
    else if (code == EX_OK)
        code = change(choice);
    plan_clear(&run->plan);
    return code;
}

/* The real path: a plan has one state, even if links lead to it. */
static int
run_file(struct choice *choice, const char *path)
{
    char *real = realpath(path, NULL);
    int code;

    choice->run.path = real != NULL ? real : path;
    choice->run.credentials = choice->writer.credentials;
    choice->run.quiet = choice->writer.quiet;
    code = run_choice(choice);
    free(real);
    return code;
}

int
command_plan(struct sdr *sdr, int argc, char **argv)
{
    struct choice choice = {.run = {.sdr = sdr, .config = sdr_get_config(sdr)}};
    struct sdr_error error = {""};
    int c, code;

    choice.run.state.fd = -1;
    network_init(&choice.network);
    while ((c = getopt_long(argc, argv, "D:y:nqv", options, NULL)) != -1) {
        if (!read_option(&choice, c, &error))
            return usage_error("plan", "%s", error.text);
        hand_on(&choice, c);
    }
    if (argc - optind != 1)
        return usage_error("plan", "expected one plan, not %d", argc - optind);
    if (!check_arguments(&choice, &error))
        return usage_error("plan", "%s", error.text);
    code = choice.no_memory ? EX_TEMPFAIL : run_file(&choice, argv[optind]);
    free(choice.run.writer.items);
    free(choice.run.network.items);
    free(choice.run.proof.items);
    network_close(&choice.network);
    return code;
}
