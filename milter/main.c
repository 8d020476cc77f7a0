/* main.c - sdr-milter(8): arguments, start, end
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "arguments.h"
#include "configuration.h"
#include "decision/sdr.h"
#include "service.h"

static const char usage[] =
    "usage: sdr-milter [-tv] [-c FILE]\n"
    "\n"
    "Sends each recipient of a split domain to the site that owns it. Stays "
    "in\n"
    "the foreground and logs to stderr.\n"
    "\n"
    "  -c, --config FILE  the configuration (default " SDR_CONFIG_PATH ")\n"
    "  -t, --test         check the configuration and exit\n"
    "  -v, --verbose      log each step of each decision\n"
    "  -h, --help         show this help\n"
    "  -V, --version      show the version\n"
    "\n"
    "SIGHUP and SIGUSR1 reload the configuration; SIGTERM stops. Built with\n"
    "libmilter, SIGHUP stops it too.\n"
    "Exit codes: 0 stopped or correct, 64 usage error, 71 cannot start, 75 no\n"
    "memory, 78 configuration error. See sdr-milter(8).\n";

int
main(int argc, char **argv)
{
    struct arguments arguments = {.name = "sdr-milter", .usage = usage};
    enum sdr_status status;
    int code;

    /* Ignore ldap.conf(5) and LDAP variables in the environment: they have no
     * effect on us, and libldap 2.5 crashes on some. */
    setenv("LDAPNOINIT", "1", 1);
    arguments_read(&arguments, argc, argv);
    status = configuration_load(arguments.path, arguments.verbose);
    if (status != SDR_OK)
        return sdr_status_exit(status);
    if (arguments.test) {
        printf("%s: no errors found\n", arguments.path);
        code = EX_OK;
    } else {
        code = service_run();
    }
    configuration_unload();
    return code;
}
