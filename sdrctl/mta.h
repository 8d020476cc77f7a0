/* mta.h - what the checks of the mail servers share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_MTA_H
#define SDRCTL_MTA_H

#include "check.h"

enum answer { NO, YES, PERHAPS };

/* The words of a list, apart by blanks and commas; what stands in braces is one
 * word, without them. The next one into WORD, cut if it is too long; false at
 * the end. *AT begins as the text. */
bool
next_word(const char **at, char *word, size_t size);

/* Whether DOMAIN is in a list of domains, in which a table is possible: then
 * PERHAPS. ".example.com" is its subdomains. */
enum answer
list_has_domain(const char *list, const char *domain);

/* Whether DOMAIN lies below PARENT. */
bool
is_below(const char *domain, const char *parent);

/* "30", "30s", "5m", "1h": seconds. -1 if it is none. */
long
read_time(const char *text);

/* Whether two paths name one file, or would if there were one. */
bool
same_path(const char *a, const char *b);

/* Whether somebody listens at PATH. */
bool
is_listening(const char *path, struct sdr_error *error);

/* Whether sdr-milter listens at the PATH that this option of sdr.conf names,
 * and this user of a mail server may connect to it. */
void
tell_socket(enum sdr_finding *worst, const char *option, const char *path,
            const char *user);

/* Whether there is a site with "delivery = route". */
bool
has_next_hop(const struct sdr_config *config);

/* Each tells whether mail passes sdr on its way, and returns its worst finding.
 * *FOUND is false, and nothing is said, if the mail server is not installed. */

enum sdr_finding
check_postfix(const struct check *check, bool *found);

enum sdr_finding
check_sendmail(const struct check *check, bool *found);

enum sdr_finding
check_exim(const struct check *check, bool *found);

#endif
