/* main.c - sdr-milter(8): arguments, start, end
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include <libmilter/mfapi.h>

#include "callbacks.h"
#include "notify.h"
#include "say.h"
#include "sdr.h"
#include "service.h"

static const char usage[] =
    "usage: sdr-milter [-tv] [-c FILE]\n"
    "\n"
    "Tells the MTA which site owns a recipient; stays in the foreground and\n"
    "logs to stderr.\n"
    "\n"
    "  -c, --config FILE  the configuration (" SDR_CONFIG_PATH ")\n"
    "  -t, --test         check the configuration and end\n"
    "  -v, --verbose      log each step of each decision\n"
    "  -h, --help         show this\n"
    "  -V, --version      show the version\n"
    "\n"
    "SIGUSR1 reloads the configuration; SIGTERM ends.\n"
    "Exit codes: 0 ended or sound, 64 bad use, 71 cannot serve, 78 bad\n"
    "configuration. See sdr-milter(8).\n";

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'},
    {"verbose", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
};

struct arguments {
    const char *path;
    bool test, verbose;
};

/* Read the command line; ends the program where there is nothing left to do. */
static void
read_arguments(int argc, char **argv, struct arguments *arguments)
{
    int c;

    while ((c = getopt_long(argc, argv, "c:tvhV", options, NULL)) != -1) {
        switch (c) {
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
            puts("sdr-milter " SDR_VERSION);
            exit(EX_OK);
        default:
            fputs(usage, stderr);
            exit(EX_USAGE);
        }
    }
    if (optind != argc) {
        fprintf(stderr, "sdr-milter: unexpected argument\n%s", usage);
        exit(EX_USAGE);
    }
}

/* Comes back only if it cannot serve. */
static int
serve(const struct arguments *arguments)
{
    if (!callbacks_register(arguments->verbose) || !service_open_socket()
        || !service_take_signals())
        return EX_OSERR;
    say(LOG_NOTICE, "sdr-milter " SDR_VERSION " is ready");
    notify("READY=1");
    service_end(smfi_main() == MI_SUCCESS ? EX_OK : EX_OSERR);
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
    read_arguments(argc, argv, &arguments);
    status = service_load(arguments.path);
    if (status != SDR_OK)
        return sdr_status_exit(status);
    if (arguments.test) {
        printf("%s: no mistakes\n", arguments.path);
        code = EX_OK;
    } else {
        code = serve(&arguments);
    }
    service_unload();
    return code;
}
