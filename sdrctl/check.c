/* check.c - sdrctl check: is everything as routing needs it?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static int
exit_code(enum sdr_finding worst)
{
    switch (worst) {
    case SDR_FINE:
    case SDR_DOUBTFUL:
        return EX_OK;
    case SDR_WRONG:
        return EX_CONFIG;
    case SDR_SILENT:
        return EX_TEMPFAIL;
    }
    return EX_SOFTWARE;
}

/* ---- directories ---- */

/* What is in it is for sdr-sync to judge. */
static enum sdr_finding
check_file(const struct sdr_directory_options *directory)
{
    bool readable = access(directory->ldif_path, R_OK) == 0;

    print_finding(NULL, readable ? SDR_FINE : SDR_WRONG, "file",
                  readable ? "it is there" : strerror(errno), NULL);
    return readable ? SDR_FINE : SDR_WRONG;
}

static enum sdr_finding
check_directory(const struct sdr_config *config, unsigned index)
{
    const struct sdr_directory_options *directory = &config->directories[index];
    const struct sdr_survey survey = {print_finding, NULL};
    enum sdr_finding worst = SDR_FINE;

    for (unsigned i = 0; i < directory->uris.count; i++) {
        tell_heading("directory %s, %s", directory->name,
                     directory->uris.items[i]);
        worsen(&worst, directory->ldif_path != NULL
                           ? check_file(directory)
                           : sdr_survey(config, index, i, &survey));
    }
    return worst;
}

static enum sdr_finding
check_directories(const struct check *check)
{
    const struct sdr_config *config = check->config;
    enum sdr_finding worst = SDR_FINE;

    for (unsigned i = 0; i < config->directory_count; i++) {
        if (is_chosen(&check->chosen, &config->directories[i]))
            worsen(&worst, check_directory(config, i));
    }
    return worst;
}

static enum sdr_finding
check_the_replica(const struct check *check)
{
    return check_replica(check->config, &check->chosen);
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
    return is_choice(check->config, &check->chosen);
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

/* In the order in which they help: each takes for granted what those before it
 * have found. */
static const struct {
    const char *name;
    bool (*applies)(const struct sdr_config *config);
    bool (*takes)(const struct check *check); /* the names that are given */
    enum sdr_finding (*run)(const struct check *check);
} checks[] = {
    {"configuration", always, no_names, check_configuration},
    {"directory", always, are_directories, check_directories},
    {"replica", has_replica, are_directories, check_the_replica},
    {"dns", always, no_names, check_dns},
    {"sites", always, are_sites, check_sites},
    {"mta", always, are_mtas, check_mta},
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

static enum sdr_finding
run_all(const struct check *check)
{
    enum sdr_finding worst = SDR_FINE;

    for (int i = 0; i < CHECK_COUNT; i++) {
        if (checks[i].applies(check->config))
            worsen(&worst, checks[i].run(check));
    }
    return worst;
}

/* ---- the command line ---- */

enum { OPTION_EXIM = 256, OPTION_POSTFIX, OPTION_SENDMAIL };

static const struct option options[] = {
    NETWORK_OPTIONS,
    {"exim-config", required_argument, NULL, OPTION_EXIM},
    {"postfix-config", required_argument, NULL, OPTION_POSTFIX},
    {"sendmail-cf", required_argument, NULL, OPTION_SENDMAIL},
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {NULL, 0, NULL, 0},
};

/* What is wrong with an option, or NULL. */
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
    return complaint;
}

/* The check with this index, or all if it is -1. */
static int
run(struct check *check, int which)
{
    enum sdr_status status = network_open(&check->network);
    enum sdr_finding worst;

    if (status == SDR_INVALID)
        return bad_use("check", network_misuse);
    if (status != SDR_OK)
        return EX_TEMPFAIL;
    worst = which < 0 ? run_all(check) : checks[which].run(check);
    network_close(&check->network);
    return exit_code(worst);
}

int
command_check(struct sdr *sdr, int argc, char **argv)
{
    struct check check = {.config = sdr_get_config(sdr)};
    const char *complaint;
    int which = -1;

    network_init(&check.network);
    complaint = read_options(&check, argc, argv);
    if (complaint != NULL)
        return bad_use("check", complaint);
    if (optind < argc) {
        which = find_check(argv[optind]);
        if (which < 0)
            return bad_use("check", "check what? configuration, directory, "
                                    "replica, dns, sites or mta");
        check.chosen = (struct chosen){argc - optind - 1, argv + optind + 1};
        if (!checks[which].takes(&check))
            return bad_use("check", "it knows nothing of that name");
        if (!checks[which].applies(check.config))
            return no_replica(check.config);
    }
    return run(&check, which);
}
