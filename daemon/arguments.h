/* arguments.h - the command line of a daemon
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef DAEMON_ARGUMENTS_H
#define DAEMON_ARGUMENTS_H

#include <stdbool.h>

struct arguments {
    /* Set by the program. */
    const char *name;  /* "sdr-milter" */
    const char *usage; /* the text for --help */
    bool knows_once;   /* it has the option --once */
    /* Set from the command line. */
    const char *path; /* the configuration file */
    bool once, test, verbose;
};

/* Read the command line. Exits after --help, --version and a usage error
 * (EX_USAGE). Sets the name for say.h. */
void
arguments_read(struct arguments *arguments, int argc, char **argv);

#endif
