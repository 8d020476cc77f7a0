/* check.c - sdrctl check: is everything as routing needs it?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

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

void
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
        enum sdr_finding finding;

        printf("directory %s, %s\n", directory->name, directory->uris.items[i]);
        finding = directory->ldif_path != NULL
                      ? check_file(directory)
                      : sdr_survey(config, index, i, &survey);
        if (finding > worst)
            worst = finding;
    }
    return worst;
}

static enum sdr_finding
check_directories(const struct sdr_config *config, const struct chosen *chosen)
{
    enum sdr_finding worst = SDR_FINE;

    for (unsigned i = 0; i < config->directory_count; i++) {
        enum sdr_finding finding;

        if (!is_chosen(chosen, &config->directories[i]))
            continue;
        finding = check_directory(config, i);
        if (finding > worst)
            worst = finding;
    }
    return worst;
}

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

int
command_check(struct sdr *sdr, int argc, char **argv)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    const struct chosen chosen = {argc > 2 ? argc - 2 : 0, argv + 2};
    const char *what = argc > 1 ? argv[1] : NULL;
    bool directories = what == NULL || strcmp(what, "directory") == 0;
    bool replica = what != NULL ? strcmp(what, "replica") == 0
                                : config->replica.path != NULL;
    enum sdr_finding worst = SDR_FINE;

    if (!directories && !replica)
        return bad_use("check", "check what? directory or replica");
    if (!is_choice(config, &chosen))
        return bad_use("check", "there is no such directory");
    if (replica && config->replica.path == NULL)
        return no_replica(config);
    signal(SIGPIPE, SIG_IGN); /* Kerberos writes to sockets that may be gone */
    if (directories)
        worst = check_directories(config, &chosen);
    if (replica) {
        enum sdr_finding finding = check_replica(config, &chosen);

        if (finding > worst)
            worst = finding;
    }
    return exit_code(worst);
}
