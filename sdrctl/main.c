/* main.c - sdrctl(8): options, then the subcommand
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "sdrctl.h"

#define WHOM "ADDRESS... | --file BATCH | --filter FILTER"
#define WRITER                                                                 \
    "[-n|--dry-run] [--json] [-q|--quiet] [--wait]\n"                          \
    "      [-D|--bind-dn DN -y|--password-file FILE | --gssapi | --external]"
#define NETWORK                                                                \
    "[--here ADDRESS] [--resolver ADDRESS[:PORT]] [--port PORT]\n"             \
    "      [--timeout SECONDS] [--tls-ca-file FILE]"

static const struct command commands[] = {
    {"route", "[--json | --explain] ADDRESS... | -",
     "say where mail for each address goes, and why", command_route},
    {"show", "[--json] ADDRESS...",
     "say what the directories themselves have about each address now",
     command_show},
    {"report", "[--csv | --json | --html] [--live] [DIRECTORY...]",
     "say how many live at each site, and what is wrong", command_report},
    {"check",
     "[configuration | dns | directory [DIRECTORY...] |\n"
     "      replica [DIRECTORY...] | sites [SITE...] |\n"
     "      mta [postfix | sendmail | exim]...]\n"
     "      [--json] [-q|--quiet] " NETWORK "\n"
     "      [--postfix-config FOLDER] [--sendmail-cf FILE] "
     "[--exim-config FILE]",
     "look whether everything is as routing needs it, and say how to mend it",
     command_check},
    {"move",
     "--to SITE [--from SITE] [--add] [--skip-done] [--verify]\n"
     "      " WRITER "\n      " NETWORK "\n      " WHOM,
     "make a site the owner of mailboxes", command_move},
    {"hold", "[--skip-done] " WRITER "\n      " WHOM,
     "let mail wait while mailboxes are copied", command_hold},
    {"release", "[--skip-done] " WRITER "\n      " WHOM, "let it go on",
     command_release},
    {"undo", WRITER " JOURNAL", "take a run of move, hold or release back",
     command_undo},
    {"history", "[--json] [ADDRESS]", "say who has changed what, and when",
     command_history},
    {"sync", "status [--json] [DIRECTORY...]",
     "say how good the copy of each directory is, and what that means for mail",
     command_sync},
    {"sync", "accept [DIRECTORY...]",
     "believe the losses that sdr-sync holds back", command_sync},
    {"dump", "[--json] [DIRECTORY...]",
     "print what is in the copy of each directory", command_dump},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* Of one command, or of all if NAME is NULL. */
static void
print_commands(FILE *out, const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (name == NULL || strcmp(name, commands[i].name) == 0)
            fprintf(out, "  %s %s\n      %s\n", commands[i].name,
                    commands[i].arguments, commands[i].help);
    }
}

static void
print_usage(FILE *out)
{
    fputs("usage: sdrctl [-c FILE] COMMAND ...\n\ncommands:\n", out);
    print_commands(out, NULL);
    fputs(
        "\n"
        "  -c, --config FILE  the configuration (" SDR_CONFIG_PATH ")\n"
        "  -h, --help         show this; after a command, what it takes\n"
        "  -V, --version      show the version\n"
        "\n"
        "Exit codes: 0 all sure, 64 bad use, 65 a mistake in a batch, 67 "
        "nobody\n"
        "has the address, 75 not now, 77 no right, 78 bad configuration. See\n"
        "sdrctl(8).\n",
        out);
}

int
bad_use(const char *command, const char *complaint)
{
    fprintf(stderr, "sdrctl %s: %s\nusage:\n", command, complaint);
    print_commands(stderr, command);
    return EX_USAGE;
}

void
print_clean(const char *text)
{
    char clean[4096];

    sdr_log_clean(clean, sizeof clean, text, strlen(text), "");
    fputs(clean, stdout);
}

static void
print_mistake(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s\n", text);
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

static int
run(const struct command *command, const char *path, int argc, char **argv)
{
    struct sdr_trace mistakes = {print_mistake, NULL};
    struct sdr *sdr = NULL;
    enum sdr_status status = sdr_open(&sdr, path, &mistakes);
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

int
main(int argc, char **argv)
{
    const char *path = SDR_CONFIG_PATH;
    const struct command *command;
    int c;

    /* No ldap.conf(5) and no LDAP... in the environment: nothing of them counts
     * for us, and libldap 2.5 crashes on some. */
    setenv("LDAPNOINIT", "1", 1);
    /* '+': options behind the subcommand are its own. */
    while ((c = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            path = optarg;
            break;
        case 'h':
            print_usage(stdout);
            return EX_OK;
        case 'V':
            puts("sdrctl " SDR_VERSION);
            return EX_OK;
        default:
            print_usage(stderr);
            return EX_USAGE;
        }
    }
    if (optind == argc) {
        print_usage(stderr);
        return EX_USAGE;
    }
    command = find_command(argv[optind]);
    argc -= optind;
    argv += optind;
    if (command == NULL) {
        fprintf(stderr, "sdrctl: there is no command %s; see sdrctl --help\n",
                argv[0]);
        return EX_USAGE;
    }
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        print_commands(stdout, command->name);
        return EX_OK;
    }
    optind = 0; /* the subcommand reads its own options from the start */
    return run(command, path, argc, argv);
}
