/* range.c - see range.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "range.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "tell.h"

enum { NAME_SIZE = 256 };

bool
sdr_range_parse(const char *name, unsigned long *next)
{
    const char *range = strcasestr(name, ";range=");
    const char *last = range == NULL ? NULL : strchr(range, '-');
    unsigned long number;
    char *end;

    if (last == NULL || last[1] < '0' || last[1] > '9')
        return false;
    errno = 0;
    number = strtoul(last + 1, &end, 10);
    if (errno != 0 || (*end != '\0' && *end != ';') || number > UINT32_MAX)
        return false;
    *next = number + 1;
    return true;
}

/* The attribute of the entry that is a piece of ATTRIBUTE; its values go to
 * VALUE. The caller frees the name; NULL if there is none. */
static char *
read_piece(LDAP *ld, LDAPMessage *entry, const char *attribute,
           void (*value)(void *, const char *, const char *, size_t), void *arg)
{
    size_t len = strlen(attribute);
    BerElement *ber = NULL;
    char *name = ldap_first_attribute(ld, entry, &ber);

    while (name != NULL
           && (strncasecmp(name, attribute, len) != 0
               || strncasecmp(name + len, ";range=", 7) != 0)) {
        ldap_memfree(name);
        name = ldap_next_attribute(ld, entry, ber);
    }
    if (name != NULL) {
        struct berval **values = ldap_get_values_len(ld, entry, name);

        for (unsigned i = 0; values != NULL && values[i] != NULL; i++)
            value(arg, attribute, values[i]->bv_val, values[i]->bv_len);
        ldap_value_free_len(values);
    }
    ber_free(ber, 0);
    return name;
}

/* Ask for what begins with value number FROM. */
static int
ask(LDAP *ld, const char *dn, const char *attribute, unsigned long from,
    int64_t deadline, LDAPMessage **result)
{
    struct timeval left = sdr_clock_left(deadline);
    char name[NAME_SIZE + 32];
    char *names[] = {name, NULL};

    snprintf(name, sizeof name, "%s;range=%lu-*", attribute, from);
    *result = NULL;
    return ldap_search_ext_s(ld, dn, LDAP_SCOPE_BASE, "(objectClass=*)", names,
                             0, NULL, NULL, &left, LDAP_NO_LIMIT, result);
}

enum sdr_status
sdr_range_follow(LDAP *ld, const char *dn, const char *name, int64_t deadline,
                 void (*value)(void *, const char *, const char *, size_t),
                 void *arg, struct sdr_error *error)
{
    char attribute[NAME_SIZE];
    unsigned long next = 0, from = 0;
    bool more = sdr_range_parse(name, &next);

    snprintf(attribute, sizeof attribute, "%.*s", (int)strcspn(name, ";"),
             name);
    while (more && next > from) {
        LDAPMessage *result, *entry;
        char *piece = NULL;
        int code = ask(ld, dn, attribute, next, deadline, &result);

        from = next;
        entry = code == LDAP_SUCCESS ? ldap_first_entry(ld, result) : NULL;
        if (entry != NULL)
            piece = read_piece(ld, entry, attribute, value, arg);
        ldap_msgfree(result);
        if (piece == NULL) {
            sdr_tell(ld, "search for more values", code, error);
            return SDR_TEMPFAIL;
        }
        more = sdr_range_parse(piece, &next);
        ldap_memfree(piece);
    }
    if (!more)
        return SDR_OK;
    sdr_error_set(error,
                  "search for more values of %s: the server repeats them",
                  attribute);
    return SDR_TEMPFAIL;
}
