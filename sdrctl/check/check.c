/* check.c - sdrctl check
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/check.h"
#include "command.h"
#include "print.h"
#include "usage.h"

#include <getopt.h>
#include <string.h>
#include <sysexits.h>

static int
exit_code(enum check_result worst)
{
    switch (worst) {
    case CHECK_OK:
    case CHECK_DOUBTFUL:
        return EX_OK;
    case CHECK_WRONG:
        return EX_CONFIG;
    case CHECK_UNREACHABLE:
        return EX_TEMPFAIL;
    }
    return EX_SOFTWARE;
}

/* ---- which checks ---- */

static bool
always(const struct sdr_config *config)
{
    (void)config;
    return true;
}

static bool
has_replica(const struct sdr_config *config)
{
    return config->replica.path != NULL;
}

/* In this order because each check relies on what the earlier ones verify. */
static const struct {
    const char *name;
    bool (*applies)(const struct sdr_config *config);
    const char *kind; /* names it accepts; or NULL */
    name_list *names;
    enum check_result (*run)(const struct check *check);
} checks[] = {
    {"configuration", always, NULL, NULL, check_configuration},
    {"directory", always, "directory", directory_names, check_directory},
    {"replica", has_replica, "directory", directory_names, check_replica},
    {"dns", always, NULL, NULL, check_dns},
    {"sites", always, "site", site_names, check_sites},
    {"mta", always, "mail server", mta_names, check_mta},
};
enum { CHECK_COUNT = sizeof checks / sizeof checks[0] };

static const char *
check_names(const struct sdr_config *config, unsigned index)
{
    (void)config;
    return index < CHECK_COUNT ? checks[index].name : NULL;
}

static int
find_check(const char *name)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (strcmp(checks[i].name, name) == 0)
            return i;
    }
    return -1;
}

static enum check_result
run_all(const struct check *check)
{
    enum check_result worst = CHECK_OK;

    for (int i = 0; i < CHECK_COUNT; i++) {
        if (checks[i].applies(check->config))
            worsen(&worst, checks[i].run(check));
    }
    return worst;
}

/* ---- the command line ---- */

enum { OPTION_EXIM = 256, OPTION_NAGIOS, OPTION_POSTFIX, OPTION_SENDMAIL };

static const struct option options[] = {
    NETWORK_OPTIONS,
    {"exim-config", required_argument, NULL, OPTION_EXIM},
    {"postfix-config", required_argument, NULL, OPTION_POSTFIX},
    {"sendmail-cf", required_argument, NULL, OPTION_SENDMAIL},
    {"json", no_argument, NULL, 'j'},
    {"nagios", no_argument, NULL, OPTION_NAGIOS},
    {"quiet", no_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

/* Returns false, with the error, if the argument is invalid. */
static bool
read_option(struct check *check, int option, struct sdr_error *error)
{
    switch (option) {
    case OPTION_EXIM:
        check->exim_config = optarg;
        return true;
    case OPTION_POSTFIX:
        check->postfix_config = optarg;
        return true;
    case OPTION_SENDMAIL:
        check->sendmail_cf = optarg;
        return true;
    case 'j':
        finding_style.json = true;
        return true;
    case OPTION_NAGIOS:
        finding_style.nagios = true;
        return true;
    case 'q':
        finding_style.quiet = true;
        return true;
    default:
        return network_option(&check->network, option, error);
    }
}

/* Set *WHICH to the index of the check, or to -1 for all checks. Returns false,
 * with the error, if an argument is invalid. */
static bool
read_arguments(struct check *check, int count, char **names, int *which,
               struct sdr_error *error)
{
    *which = count == 0 ? -1 : find_check(names[0]);
    if (count == 0)
        return true;
    if (*which < 0) {
        set_unknown(error, "check", names[0], NULL, check_names);
        return false;
    }
    check->chosen = (struct chosen){count - 1, names + 1};
    if (checks[*which].names != NULL)
        return are_known(&check->chosen, checks[*which].kind, check->config,
                         checks[*which].names, error);
    if (count > 1)
        sdr_error_set(error, "%s takes no names: %s", names[0], names[1]);
    return count == 1;
}

/* Run the check with index WHICH, or all checks if it is -1. Returns the exit
 * code. */
static int
run(struct check *check, int which)
{
    struct sdr_error error = {""};
    enum sdr_status status = network_open(&check->network, &error);
    enum check_result worst;

    if (status == SDR_INVALID)
        return usage_error("check", "%s", error.text);
    if (status != SDR_OK) {
        print_error_line(&error);
        return EX_TEMPFAIL;
    }
    worst = which < 0 ? run_all(check) : checks[which].run(check);
    network_close(&check->network);
    return exit_code(worst);
}

int
command_check(struct sdr *sdr, int argc, char **argv)
{
    struct check check = {.sdr = sdr, .config = sdr_get_config(sdr)};
    struct sdr_error error = {""};
    int c, which;

    network_init(&check.network);
    while ((c = getopt_long(argc, argv, "q", options, NULL)) != -1) {
        if (!read_option(&check, c, &error))
            return usage_error("check", "%s", error.text);
    }
    if (finding_style.json && finding_style.nagios)
        return usage_error("check", "--json and --nagios exclude each other");
    if (!read_arguments(&check, argc - optind, argv + optind, &which, &error))
        return usage_error("check", "%s", error.text);
    if (which >= 0 && !checks[which].applies(check.config))
        return report_no_replica(check.config);
    return run(&check, which);
}
