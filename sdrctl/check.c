/* check.c - sdrctl check: is everything as routing needs it?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "sdrctl.h"
#include "survey.h"

static const char *
finding_word(enum sdr_finding finding)
{
    switch (finding) {
    case SDR_FINE:
        return "ok";
    case SDR_DOUBTFUL:
        return "warning";
    case SDR_WRONG:
        return "WRONG";
    case SDR_SILENT:
        return "NO ANSWER";
    }
    return "";
}

static void
print_finding(void *arg, enum sdr_finding finding, const char *subject,
              const char *text, const char *advice)
{
    (void)arg;
    printf("  %-9s  %s: ", finding_word(finding), subject);
    print_clean(text);
    putchar('\n');
    if (advice != NULL) {
        fputs("             -> ", stdout);
        print_clean(advice);
        putchar('\n');
    }
    fflush(stdout);
}

static enum sdr_finding
check_directory(const struct sdr_config *config, unsigned index)
{
    const struct sdr_directory_options *directory = &config->directories[index];
    const struct sdr_survey survey = {print_finding, NULL};
    enum sdr_finding worst = SDR_FINE;

    for (unsigned i = 0; i < directory->uris.count; i++) {
        enum sdr_finding finding;

        printf("directory %s, %s\n", directory->name, directory->uris.items[i]);
        finding = sdr_survey(config, index, i, &survey);
        if (finding > worst)
            worst = finding;
    }
    return worst;
}

/* True if the directory is among those that were named, or none was. */
static bool
is_wanted(const char *name, int count, char **names)
{
    for (int i = 0; i < count; i++) {
        if (strcasecmp(names[i], name) == 0)
            return true;
    }
    return count == 0;
}

static bool
is_known(const struct sdr_config *config, const char *name)
{
    for (unsigned i = 0; i < config->directory_count; i++) {
        if (strcasecmp(config->directories[i].name, name) == 0)
            return true;
    }
    return false;
}

int
command_check(struct sdr *sdr, int argc, char **argv)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    enum sdr_finding worst = SDR_FINE;

    if (argc < 2 || strcmp(argv[1], "directory") != 0)
        return bad_use("check", "check what? directory");
    for (int i = 2; i < argc; i++) {
        if (!is_known(config, argv[i]))
            return bad_use("check", "there is no such directory");
    }
    signal(SIGPIPE, SIG_IGN); /* Kerberos writes to sockets that may be gone */
    for (unsigned i = 0; i < config->directory_count; i++) {
        enum sdr_finding finding;

        if (!is_wanted(config->directories[i].name, argc - 2, argv + 2))
            continue;
        finding = check_directory(config, i);
        if (finding > worst)
            worst = finding;
    }
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
