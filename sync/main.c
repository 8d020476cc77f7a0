/* main.c - sdr-sync(8): arguments, start, end
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "config.h"
#include "sdr.h"
#include "service.h"

static const char usage[] =
    "usage: sdr-sync [-1tv] [-c FILE]\n"
    "\n"
    "Keeps the replica: a local copy of who owns which recipient, so that\n"
    "routing asks no directory and survives its death. Stays in the "
    "foreground\n"
    "and logs to stderr.\n"
    "\n"
    "  -1, --once         bring the replica up to date and end\n"
    "  -c, --config FILE  the configuration (" SDR_CONFIG_PATH ")\n"
    "  -t, --test         check the configuration and end\n"
    "  -v, --verbose      log what it does\n"
    "  -h, --help         show this\n"
    "  -V, --version      show the version\n"
    "\n"
    "SIGUSR1 reloads the configuration; SIGTERM ends.\n"
    "Exit codes: 0 ended or sound, 64 bad use, 71 cannot write the replica,\n"
    "75 a directory could not be read (--once), 78 bad configuration. See\n"
    "sdr-sync(8).\n";

static const struct option options[] = {
    {"once", no_argument, NULL, '1'},
    {"config", required_argument, NULL, 'c'},
    {"test", no_argument, NULL, 't'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

struct arguments {
    const char *path;
    bool once, test, verbose;
};

/* Read the command line; ends the program where there is nothing left to do. */
static void
read_arguments(int argc, char **argv, struct arguments *arguments)
{
    int c;

    while ((c = getopt_long(argc, argv, "1c:tvhV", options, NULL)) != -1) {
        switch (c) {
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
            fputs(usage, stdout);
            exit(EX_OK);
        case 'V':
            puts("sdr-sync " SDR_VERSION);
            exit(EX_OK);
        default:
            fputs(usage, stderr);
            exit(EX_USAGE);
        }
    }
    if (optind != argc) {
        fprintf(stderr, "sdr-sync: unexpected argument\n%s", usage);
        exit(EX_USAGE);
    }
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {.path = SDR_CONFIG_PATH};
    enum sdr_status status;
    int code;

    /* No ldap.conf(5) and no LDAP... in the environment: nothing of them counts
     * for us, and libldap 2.5 crashes on some. */
    setenv("LDAPNOINIT", "1", 1);
    umask(0027); /* what the directory says is not everybody's */
    read_arguments(argc, argv, &arguments);
    status = service_load(arguments.path, arguments.verbose);
    if (status != SDR_OK)
        return sdr_status_exit(status);
    if (arguments.test) {
        printf("%s: no mistakes\n", arguments.path);
        code = EX_OK;
    } else if (arguments.once) {
        code = service_run_once();
    } else {
        code = service_run();
    }
    service_unload();
    return code;
}
