/* check.h - the checks of sdrctl
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CHECK_H
#define SDRCTL_CHECK_H

#include "net/mx.h"
#include "net/network.h"
#include "chosen.h"
#include "decision/sdr.h"
#include "check/finding.h"

/* What to check, and how. */
struct check {
    struct sdr *sdr; /* for decisions that a check needs */
    const struct sdr_config *config;
    struct chosen
        chosen; /* directories, sites or MTAs, depending on the check */
    struct network network;
    /* NULL: the usual ones */
    const char *postfix_config, *sendmail_cf, *exim_config;
};

/* The longest time that a lookup in all directories may take (seconds). */
unsigned
longest_question(const struct sdr_config *config);

/* The first verify-address of the site in this split domain, or NULL. */
const char *
find_verify_address(const struct sdr_config *config,
                    const struct sdr_site *site, unsigned split);

/* Whether Exim can use what sdrctl compile has written. */
void
report_compiled(const struct sdr_config *config, enum check_result *worst);

/* Those of MTAs. */
name_list mta_names;

/* Each check returns its worst finding. */

enum check_result
check_configuration(const struct check *check);

enum check_result
check_directory(const struct check *check);

enum check_result
check_replica(const struct check *check);

enum check_result
check_dns(const struct check *check);

enum check_result
check_sites(const struct check *check);

enum check_result
check_mta(const struct check *check);

#endif
