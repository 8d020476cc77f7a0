/* filter.h - search filters (RFC 4515)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * All filters are built here, and every value is escaped. Pure functions. The
 * caller frees the result; NULL means no memory.
 */
#ifndef SDR_FILTER_H
#define SDR_FILTER_H

#include "config/config.h"
#include "decision/facts.h"
#include "status.h"

/* Returns a filter for all keys in all address attributes and all spellings. */
char *
sdr_filter_keys(const struct sdr_directory_options *directory,
                const struct sdr_keys *keys) SDR_MUST_USE;

/* Returns a filter for entries that have any of the COUNT attributes: to check
 * what is visible. */
char *
sdr_filter_present(const struct sdr_directory_options *directory,
                   const char *const *attributes, unsigned count) SDR_MUST_USE;

/* Like sdr_filter_present(), for users of Active Directory only. */
char *
sdr_filter_users(const struct sdr_directory_options *directory,
                 const char *const *attributes, unsigned count) SDR_MUST_USE;

/* Returns a filter that is true for every entry in which ATTRIBUTE may be
 * searched, whatever its values. Otherwise it is Undefined (RFC 4511, 4.5.1.7),
 * which counts as false. Needs neither a value that the syntax allows nor an
 * equality rule. */
char *
sdr_filter_readable(const char *attribute) SDR_MUST_USE;

/* Returns a filter for entries that have none of the COUNT attributes. Like
 * sdr_filter_readable(), it is true only if each attribute may be searched.
 * Names that are NULL are skipped. */
char *
sdr_filter_absent(const char *const *attributes, unsigned count) SDR_MUST_USE;

/* Returns a filter for entries where ATTRIBUTE has this value, as it was read.
 */
char *
sdr_filter_value(const struct sdr_directory_options *directory,
                 const char *attribute, const char *value, size_t len)
    SDR_MUST_USE;

/* Returns a filter for groups that are members of any of COUNT groups. */
char *
sdr_filter_groups_in(const char *const *dns, unsigned count) SDR_MUST_USE;

/* Returns a filter for entries with an address that are members of the group
 * INNER, but of no group in OUTER, which may also contain other values. */
char *
sdr_filter_only_in(const struct sdr_directory_options *directory,
                   const char *inner, const struct sdr_list *outer)
    SDR_MUST_USE;

/* Returns a filter for the definitions of COUNT attributes in the schema of
 * Active Directory. */
char *
sdr_filter_definitions(const char *const *attributes, unsigned count)
    SDR_MUST_USE;

#endif
