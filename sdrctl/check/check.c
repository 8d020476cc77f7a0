/* check.c - sdrctl check
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/check.h"
#include "command.h"
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
no_names(const struct check *check)
{
    return check->chosen.count == 0;
}

static bool
are_directories(const struct check *check)
{
    return are_known(&check->chosen, check->config, find_directory);
}

static bool
are_sites(const struct check *check)
{
    return are_known(&check->chosen, check->config, sdr_config_find_site);
}

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

/* In a helpful order: each depends on what the earlier ones check. */
static const struct {
    const char *name;
    bool (*applies)(const struct sdr_config *config);
    bool (*takes)(
        const struct check *check); /* the names on the command line */
    const char *unless;             /* the error if it does not */
    enum check_result (*run)(const struct check *check);
} checks[] = {
    {"configuration", always, no_names, "configuration takes no names",
     check_configuration},
    {"directory", always, are_directories, "no such directory",
     check_directory},
    {"replica", has_replica, are_directories, "no such directory",
     check_replica},
    {"dns", always, no_names, "dns takes no names", check_dns},
    {"sites", always, are_sites, "no such site", check_sites},
    {"mta", always, are_mtas,
     "no such mail server; expected postfix, sendmail or exim", check_mta},
};
enum { CHECK_COUNT = sizeof checks / sizeof checks[0] };

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

/* Read an option. Returns what is wrong with it, or NULL. */
static const char *
read_option(struct check *check, int option)
{
    switch (option) {
    case OPTION_EXIM:
        check->exim_config = optarg;
        return NULL;
    case OPTION_POSTFIX:
        check->postfix_config = optarg;
        return NULL;
    case OPTION_SENDMAIL:
        check->sendmail_cf = optarg;
        return NULL;
    case 'j':
        finding_style.json = true;
        return NULL;
    case OPTION_NAGIOS:
        finding_style.nagios = true;
        return NULL;
    case 'q':
        finding_style.quiet = true;
        return NULL;
    default:
        return network_option(&check->network, option);
    }
}

static const char *
read_options(struct check *check, int argc, char **argv)
{
    const char *complaint = NULL;
    int c;

    while (complaint == NULL
           && (c = getopt_long(argc, argv, "q", options, NULL)) != -1)
        complaint = read_option(check, c);
    if (complaint == NULL && finding_style.json && finding_style.nagios)
        return "--json and --nagios exclude each other";
    return complaint;
}

/* The check with this index, or all if it is -1. */
static int
run(struct check *check, int which)
{
    enum sdr_status status = network_open(&check->network);
    enum check_result worst;

    if (status == SDR_INVALID)
        return usage_error("check", network_misuse);
    if (status != SDR_OK)
        return EX_TEMPFAIL;
    worst = which < 0 ? run_all(check) : checks[which].run(check);
    network_close(&check->network);
    return exit_code(worst);
}

int
command_check(struct sdr *sdr, int argc, char **argv)
{
    struct check check = {.sdr = sdr, .config = sdr_get_config(sdr)};
    const char *complaint;
    int which = -1;

    network_init(&check.network);
    complaint = read_options(&check, argc, argv);
    if (complaint != NULL)
        return usage_error("check", complaint);
    if (optind < argc) {
        which = find_check(argv[optind]);
        if (which < 0)
            return usage_error("check",
                               "no such check; expected configuration, "
                               "directory, replica, dns, sites or mta");
        check.chosen = (struct chosen){argc - optind - 1, argv + optind + 1};
        if (!checks[which].takes(&check))
            return usage_error("check", checks[which].unless);
        if (!checks[which].applies(check.config))
            return report_no_replica(check.config);
    }
    return run(&check, which);
}
