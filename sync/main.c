/* main.c - sdr-sync(8): arguments, start, end
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "arguments.h"
#include "config/config.h"
#include "service.h"

static const char usage[] =
    "usage: sdr-sync [-1tv] [-c FILE]\n"
    "\n"
    "Keeps the replica: a local copy of who owns which recipient, so that\n"
    "routing works without the directory. Stays in the foreground and logs to\n"
    "stderr.\n"
    "\n"
    "  -1, --once         update the replica and exit\n"
    "  -c, --config FILE  the configuration (default " SDR_CONFIG_PATH ")\n"
    "  -t, --test         check the configuration and exit\n"
    "  -v, --verbose      log what it does\n"
    "  -h, --help         show this help\n"
    "  -V, --version      show the version\n"
    "\n"
    "SIGHUP and SIGUSR1 reload the configuration; SIGTERM stops.\n"
    "Exit codes: 0 stopped or correct, 64 usage error, 71 cannot write the\n"
    "replica, 75 a directory could not be read (--once) or no memory, 78\n"
    "configuration error. See sdr-sync(8).\n";

int
main(int argc, char **argv)
{
    struct arguments arguments = {
        .name = "sdr-sync", .usage = usage, .knows_once = true};
    enum sdr_status status;
    int code;

    /* Ignore ldap.conf(5) and LDAP variables in the environment: they have no
     * effect on us, and libldap 2.5 crashes on some. */
    setenv("LDAPNOINIT", "1", 1);
    umask(0027); /* directory data is not public */
    arguments_read(&arguments, argc, argv);
    status = service_load(arguments.path, arguments.verbose);
    if (status != SDR_OK)
        return sdr_status_exit(status);
    if (arguments.test) {
        printf("%s: no errors found\n", arguments.path);
        code = EX_OK;
    } else if (arguments.once) {
        code = service_run_once();
    } else {
        code = service_run();
    }
    service_unload();
    return code;
}
