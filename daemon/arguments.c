/* arguments.c - see arguments.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config/config.h"
#include "decision/sdr.h"
#include "log.h"
#include "say.h"

/* The first option is only for programs with knows_once. */
static const struct option options[] = {
    {"once", no_argument, NULL, '1'},
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* Exit after a usage error. */
static _Noreturn void
refuse(const struct arguments *arguments)
{
    fprintf(stderr, "see '%s --help'\n", arguments->name);
    exit(EX_USAGE);
}

static void
take(struct arguments *arguments, int option)
{
    switch (option) {
    case '1':
        arguments->once = true;
        break;
    case 'c':
        arguments->path = optarg;
        break;
    case 't':
        arguments->test = true;
        break;
    case 'v':
        arguments->verbose = true;
        break;
    case 'h':
        fputs(arguments->usage, stdout);
        exit(EX_OK);
    case 'V':
        printf("%s " SDR_VERSION "\n", arguments->name);
        exit(EX_OK);
    default:
        refuse(arguments);
    }
}

void
arguments_read(struct arguments *arguments, int argc, char **argv)
{
    unsigned first = arguments->knows_once ? 0 : 1;
    int c;

    char name[32];

    say_as(arguments->name);
    snprintf(name, sizeof name, "%s", arguments->name);
    argv[0] = name; /* for the messages of getopt_long() */
    arguments->path = SDR_CONFIG_PATH;
    while ((c = getopt_long(argc, argv, first == 0 ? "1c:tvhV" : "c:tvhV",
                            options + first, NULL))
           != -1)
        take(arguments, c);
    if (optind != argc) {
        char clean[1024];

        sdr_log_clean(clean, sizeof clean, argv[optind], strlen(argv[optind]),
                      "");
        fprintf(stderr, "%s: unexpected argument: %s\n", arguments->name,
                clean);
        refuse(arguments);
    }
}
