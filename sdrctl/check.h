/* check.h - what the checks of sdrctl share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CHECK_H
#define SDRCTL_CHECK_H

#include "mx.h"
#include "network.h"
#include "sdrctl.h"
#include "survey.h"

/* What to look at, and how. */
struct check {
    const struct sdr_config *config;
    struct chosen chosen; /* directories, sites or MTAs, by the check */
    struct network network;
    /* NULL: where they usually are */
    const char *postfix_config, *sendmail_cf, *exim_config;
};

/* How findings are printed. */
extern struct finding_style {
    bool json;
    bool quiet; /* not what is fine */
} finding_style;

/* Print a finding; see struct sdr_survey. */
void
print_finding(void *arg, enum sdr_finding finding, const char *subject,
              const char *text, const char *advice);

/* Print a finding, and keep the worst. ADVICE may be NULL. */
SDR_PRINTF(5, 6)
void
tell_finding(enum sdr_finding *worst, enum sdr_finding finding,
             const char *subject, const char *advice, const char *format, ...);

/* Print what the findings after it are about. */
SDR_PRINTF(1, 2)
void
tell_heading(const char *format, ...);

/* Keep the worst. */
void
worsen(enum sdr_finding *worst, enum sdr_finding finding);

/* The seconds for which a question to the directories may last, at most. */
unsigned
longest_question(const struct sdr_config *config);

/* Whether all names that are given are those of sites, or of MTAs. */
bool
are_sites(const struct check *check);

bool
are_mtas(const struct check *check);

/* Each check returns its worst finding. */

enum sdr_finding
check_configuration(const struct check *check);

/* The replica, and the copies of the chosen directories in it. */
enum sdr_finding
check_replica(const struct sdr_config *config, const struct chosen *chosen);

enum sdr_finding
check_dns(const struct check *check);

enum sdr_finding
check_sites(const struct check *check);

enum sdr_finding
check_mta(const struct check *check);

#endif
