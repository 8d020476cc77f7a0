/* range.c - see range.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/range.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/clock.h"
#include "ldap/error.h"

enum { NAME_SIZE = 256 };

/* Read a number and advance the text past it. */
static bool
read_number(const char **text, unsigned long *number)
{
    char *end;

    if (**text < '0' || **text > '9')
        return false;
    errno = 0;
    *number = strtoul(*text, &end, 10);
    *text = end;
    return errno == 0 && *number < UINT32_MAX;
}

enum sdr_status
sdr_range_parse(const char *name, struct sdr_range *range)
{
    const char *at = strchr(name, ';'); /* few names have options */
    unsigned long last = 0;

    if (at != NULL)
        at = strcasestr(at, ";range=");
    if (at == NULL)
        return SDR_NOTFOUND;
    at += strlen(";range=");
    if (!read_number(&at, &range->first) || *at++ != '-')
        return SDR_INVALID;
    range->more = *at != '*';
    if (range->more ? !read_number(&at, &last) || last < range->first
                    : *at++ != '*')
        return SDR_INVALID;
    range->next = last + 1;
    return *at == '\0' || *at == ';' ? SDR_OK : SDR_INVALID;
}

/* The values of an attribute that are being collected. */
struct collection {
    LDAP *ld;
    const char *dn;
    char attribute[NAME_SIZE];
    struct sdr_range range; /* of the last piece */
    int64_t deadline;
    void (*value)(void *, const char *, const char *, size_t);
    void *arg;
    struct sdr_error *error;
};

static enum sdr_status
fail(const struct collection *collection, const char *what)
{
    sdr_error_set(collection->error, "search for more values of %s: %s",
                  collection->attribute, what);
    return SDR_TEMPFAIL;
}

/* Returns the name of the entry's attribute that is the next piece; the caller
 * frees it. NULL if there is none. */
static char *
find_piece(const struct collection *collection, LDAPMessage *entry,
           struct sdr_range *range)
{
    size_t len = strlen(collection->attribute);
    BerElement *ber = NULL;
    char *name = ldap_first_attribute(collection->ld, entry, &ber);

    while (name != NULL
           && (strncasecmp(name, collection->attribute, len) != 0
               || name[len] != ';' || sdr_range_parse(name, range) != SDR_OK)) {
        ldap_memfree(name);
        name = ldap_next_attribute(collection->ld, entry, ber);
    }
    ber_free(ber, 0);
    return name;
}

/* Read a piece. It may repeat values, but must not skip any, and must go
 * further than the last piece. */
static enum sdr_status
take_piece(struct collection *collection, LDAPMessage *entry)
{
    struct sdr_range range;
    struct berval **values;
    char *name = find_piece(collection, entry, &range);

    if (name == NULL)
        return fail(collection, "the server returned none");
    values = ldap_get_values_len(collection->ld, entry, name);
    for (unsigned i = 0; values != NULL && values[i] != NULL; i++)
        collection->value(collection->arg, collection->attribute,
                          values[i]->bv_val, values[i]->bv_len);
    ldap_value_free_len(values);
    ldap_memfree(name);
    if (range.first > collection->range.next)
        return fail(collection, "the server left some out");
    if (range.more && range.next <= collection->range.next)
        return fail(collection, "the server repeated some");
    collection->range = range;
    return SDR_OK;
}

/* Handle one message of the response. Sets *TAKEN when the entry was read.
 * Returns SDR_NOTFOUND until the response has ended. */
static enum sdr_status
take_message(struct collection *collection, LDAPMessage *message, bool *taken)
{
    int code = LDAP_DECODING_ERROR;

    switch (ldap_msgtype(message)) {
    case LDAP_RES_SEARCH_ENTRY:
        if (*taken)
            return fail(collection, "the server returned several entries");
        *taken = true;
        return take_piece(collection, message) == SDR_OK ? SDR_NOTFOUND
                                                         : SDR_TEMPFAIL;
    case LDAP_RES_SEARCH_RESULT:
        ldap_parse_result(collection->ld, message, &code, NULL, NULL, NULL,
                          NULL, 0);
        if (code == LDAP_SUCCESS)
            return *taken ? SDR_OK : fail(collection, "the entry is gone");
        sdr_ldap_error(collection->ld, "search for more values", code,
                       collection->error);
        return SDR_TEMPFAIL;
    }
    return SDR_NOTFOUND;
}

/* Receive message by message, so that an endless result is not stored. */
static enum sdr_status
receive(struct collection *collection, int id)
{
    enum sdr_status status = SDR_NOTFOUND;
    bool taken = false;

    while (status == SDR_NOTFOUND) {
        struct timeval left = sdr_clock_left(collection->deadline);
        LDAPMessage *message = NULL;
        int rc =
            sdr_clock() < collection->deadline
                ? ldap_result(collection->ld, id, LDAP_MSG_ONE, &left, &message)
                : 0;

        if (rc > 0)
            status = take_message(collection, message, &taken);
        else
            status = fail(collection, rc == 0 ? "timed out" : "disconnected");
        ldap_msgfree(message);
    }
    return status;
}

/* Request the values after the last piece. */
static enum sdr_status
ask(struct collection *collection)
{
    char name[NAME_SIZE + 32];
    char *names[] = {name, NULL};
    int id = 0;
    int rc;

    snprintf(name, sizeof name, "%s;range=%lu-*", collection->attribute,
             collection->range.next);
    rc = ldap_search_ext(collection->ld, collection->dn, LDAP_SCOPE_BASE,
                         "(objectClass=*)", names, 0, NULL, NULL, NULL,
                         LDAP_NO_LIMIT, &id);
    if (rc == LDAP_SUCCESS)
        return receive(collection, id);
    sdr_ldap_error(collection->ld, "search for more values", rc,
                   collection->error);
    return SDR_TEMPFAIL;
}

enum sdr_status
sdr_range_follow(LDAP *ld, const char *dn, const char *name, int64_t deadline,
                 void (*value)(void *, const char *, const char *, size_t),
                 void *arg, struct sdr_error *error)
{
    struct collection collection;
    struct sdr_range range = {0};
    enum sdr_status status = sdr_range_parse(name, &range);

    if (status == SDR_NOTFOUND)
        return SDR_OK; /* almost always */
    collection = (struct collection){.ld = ld,
                                     .dn = dn,
                                     .range = range,
                                     .deadline = deadline,
                                     .value = value,
                                     .arg = arg,
                                     .error = error};
    snprintf(collection.attribute, sizeof collection.attribute, "%.*s",
             (int)strcspn(name, ";"), name);
    if (status != SDR_OK)
        return fail(&collection, "the range in the result is not understood");
    if (collection.range.first > 0)
        return fail(&collection, "the server left some out");
    while (status == SDR_OK && collection.range.more)
        status = ask(&collection);
    return status;
}
