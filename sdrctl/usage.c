/* usage.c - see usage.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "usage.h"

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "config/config.h"

#define WHOM "ADDRESS... | --file BATCH | --filter FILTER"
#define WRITER                                                                 \
    "[-n|--dry-run] [--json] [-q|--quiet] [--wait]\n"                          \
    "      [-D|--bind-dn DN -y|--password-file FILE | --gssapi | --external]"
#define NETWORK                                                                \
    "[--here ADDRESS] [--resolver ADDRESS[:PORT]] [--port PORT]\n"             \
    "      [--timeout SECONDS] [--tls-ca-file FILE]"

static const struct {
    const char *name, *arguments, *help;
} commands[] = {
    {"route", "[--json | --explain] ADDRESS... | -",
     "show where mail for each address goes, and why"},
    {"show", "[--json] ADDRESS...",
     "show the entries of each address in the directories now"},
    {"report", "[--csv | --json | --html] [--live] [DIRECTORY...]",
     "count the recipients of each site, and list faulty entries"},
    {"check",
     "[configuration | dns | directory [DIRECTORY...] |\n"
     "      replica [DIRECTORY...] | sites [SITE...] |\n"
     "      mta [postfix | sendmail | exim]...]\n"
     "      [--json | --nagios] [-q|--quiet] " NETWORK "\n"
     "      [--postfix-config FOLDER] [--sendmail-cf FILE] "
     "[--exim-config FILE]",
     "check everything that routing depends on, and suggest fixes"},
    {"move",
     "--to SITE [--from SITE] [--add] [--skip-done] [--verify]\n"
     "      " WRITER "\n      " NETWORK "\n      " WHOM,
     "make a site the owner of mailboxes"},
    {"hold", "[--skip-done] " WRITER "\n      " WHOM,
     "defer mail for mailboxes while they are copied"},
    {"release", "[--skip-done] " WRITER "\n      " WHOM,
     "accept mail for held mailboxes again"},
    {"undo", WRITER " JOURNAL", "undo a run of move, hold, release or undo"},
    {"history", "[--json] [ADDRESS]", "list who changed what, and when"},
    {"sync", "status [--json] [DIRECTORY...]",
     "show the state of the replica, and what it means for mail"},
    {"sync", "accept [DIRECTORY...]",
     "accept the losses and moves that sdr-sync holds back"},
    {"dump", "[--json] [DIRECTORY...]", "print the content of the replica"},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* Of one subcommand, or of all if NAME is NULL. */
static void
print_commands(FILE *out, const char *name)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (name == NULL || strcmp(name, commands[i].name) == 0)
            fprintf(out, "  %s %s\n      %s\n", commands[i].name,
                    commands[i].arguments, commands[i].help);
    }
}

void
print_usage(FILE *out)
{
    fputs("usage: sdrctl [-c FILE] COMMAND ...\n\ncommands:\n", out);
    print_commands(out, NULL);
    fputs("\n  -c, --config FILE  the configuration file "
          "(default " SDR_CONFIG_PATH
          ")\n  -h, --help         show this help; after a command, its "
          "arguments\n  -V, --version      show the version\n\nExit codes: 0 "
          "success, 64 usage error, 65 error in the input, 67 no "
          "such\naddress, 75 temporary failure, 77 permission denied, 78 "
          "configuration error.\nSee sdrctl(8).\n",
          out);
}

void
print_command_usage(FILE *out, const char *command)
{
    print_commands(out, command);
}

int
usage_error(const char *command, const char *reason)
{
    fprintf(stderr, "sdrctl %s: %s\nusage:\n", command, reason);
    print_commands(stderr, command);
    return EX_USAGE;
}

bool
read_json_option(int argc, char **argv, const char *command, bool *as_json)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    int c;

    *as_json = false;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?') {
            usage_error(command, "invalid option");
            return false;
        }
        *as_json = true;
    }
    return true;
}
