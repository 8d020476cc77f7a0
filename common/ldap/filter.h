/* filter.h - search filters (RFC 4515)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * All filters are written here; every value is escaped. Pure functions; what
 * they return the caller frees, NULL is no memory.
 */
#ifndef SDR_FILTER_H
#define SDR_FILTER_H

#include "config/config.h"
#include "decision/facts.h"
#include "status.h"

/* One filter for all keys in all address attributes and all spellings. */
char *
sdr_filter_keys(const struct sdr_directory_options *directory,
                const struct sdr_keys *keys) SDR_MUST_USE;

/* Entries that have any of the COUNT attributes: to check what is visible. */
char *
sdr_filter_present(const struct sdr_directory_options *directory,
                   const char *const *attributes, unsigned count) SDR_MUST_USE;

/* The same among the users of an Active Directory. */
char *
sdr_filter_users(const struct sdr_directory_options *directory,
                 const char *const *attributes, unsigned count) SDR_MUST_USE;

/* True of every entry in which ATTRIBUTE may be searched, whatever its values:
 * else it is Undefined (RFC 4511, 4.5.1.7), which is as good as false. Needs no
 * value that the attribute's syntax allows, and no equality rule. */
char *
sdr_filter_readable(const char *attribute) SDR_MUST_USE;

/* Entries that have none of the COUNT attributes: true only where each may be
 * searched, see above. Names that are NULL do not count. */
char *
sdr_filter_absent(const char *const *attributes, unsigned count) SDR_MUST_USE;

/* Entries where ATTRIBUTE has this value, as it was read. */
char *
sdr_filter_value(const struct sdr_directory_options *directory,
                 const char *attribute, const char *value, size_t len)
    SDR_MUST_USE;

/* Groups that are members of any of COUNT groups. */
char *
sdr_filter_groups_in(const char *const *dns, unsigned count) SDR_MUST_USE;

/* Entries with an address that are in the group INNER, and in none of those
 * among OUTER, which may hold other values. */
char *
sdr_filter_only_in(const struct sdr_directory_options *directory,
                   const char *inner, const struct sdr_list *outer)
    SDR_MUST_USE;

/* The definitions of COUNT attributes in the schema of Active Directory. */
char *
sdr_filter_definitions(const char *const *attributes, unsigned count)
    SDR_MUST_USE;

#endif
