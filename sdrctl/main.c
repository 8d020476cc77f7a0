/* main.c - sdrctl(8): options, then the subcommand
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "chosen.h"
#include "command.h"
#include "usage.h"

/* A subcommand. ARGV begins with its name; returns the exit code. */
static const struct command {
    const char *name;
    int (*run)(struct sdr *sdr, int argc, char **argv);
} commands[] = {
    {"route", command_route},     {"show", command_show},
    {"report", command_report},   {"check", command_check},
    {"verify", command_verify},   {"diff", command_diff},
    {"move", command_move},       {"hold", command_hold},
    {"release", command_release}, {"undo", command_undo},
    {"history", command_history}, {"plan", command_plan},
    {"export", command_export},   {"sync", command_sync},
    {"dump", command_dump},       {"compile", command_compile},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static void
print_config_error(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "sdrctl: %s\n", text);
}

static const struct command *
find_command(const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static const char *
command_names(const struct sdr_config *config, unsigned index)
{
    (void)config;
    return index < COMMAND_COUNT ? commands[index].name : NULL;
}

/* Wherever it stands: "check directory --help". */
static bool
wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

static int
run(const struct command *command, const char *path, int argc, char **argv)
{
    struct sdr_trace errors = {print_config_error, NULL};
    struct sdr *sdr = NULL;
    enum sdr_status status = sdr_open(&sdr, path, &errors);
    int code;

    if (status != SDR_OK)
        return sdr_status_exit(status);
    code = command->run(sdr, argc, argv);
    sdr_close(&sdr);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("sdrctl: standard output");
        return EX_IOERR;
    }
    return code;
}

/* ARGV begins with the subcommand's name. */
static int
run_named(const char *path, int argc, char **argv)
{
    const struct command *command = find_command(argv[0]);
    struct sdr_error error;
    char name[32];

    if (command == NULL) {
        set_unknown(&error, "command", argv[0], NULL, command_names);
        return usage_error("", "%s", error.text);
    }
    if (wants_help(argc, argv)) {
        print_command_usage(stdout, command->name);
        return EX_OK;
    }
    optind = 0; /* the subcommand reads its own options from the start */
    snprintf(name, sizeof name, "sdrctl %s", command->name);
    argv[0] = name; /* for the messages of getopt_long() */
    if (command->run != command_check || !nagios_begin(argc, argv))
        return run(command, path, argc, argv);
    return nagios_end(run(command, path, argc, argv));
}

int
main(int argc, char **argv)
{
    const char *path = SDR_CONFIG_PATH;
    char name[] = "sdrctl";
    int c;

    /* No ldap.conf(5) and no LDAP... in the environment: nothing of them counts
     * for us, and libldap 2.5 crashes on some. */
    setenv("LDAPNOINIT", "1", 1);
    argv[0] = name;
    /* '+': options behind the subcommand are its own. */
    while ((c = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            path = optarg;
            usage_set_config(path);
            break;
        case 'h':
            print_usage(stdout);
            return EX_OK;
        case 'V':
            puts("sdrctl " SDR_VERSION);
            return EX_OK;
        default:
            return usage_hint("");
        }
    }
    if (optind == argc)
        return usage_error("", "expected a command");
    return run_named(path, argc - optind, argv + optind);
}
