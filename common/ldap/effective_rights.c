/* effective_rights.c - see effective_rights.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/effective_rights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>
#include <ldap_schema.h>

#include "ldap/open.h"
#include "decision/value.h"

/* A query about access that is under way. */
struct question {
    struct sdr_right *access;
    unsigned count;
    bool answered;
    char *asked[SDR_ACCESS_ASKED_MAX]; /* ATTRIBUTE@CLASS; NULL: no class */
    char self[1024];                   /* this client's identity, "dn:NAME" */
};

/* ---- our identity ---- */

/* Find the identity of this client by "Who am I?" (RFC 4532). The server
 * answers "dn: uid=x", but expects "dn:uid=x" in a request. */
static enum sdr_status
find_self(struct sdr_connection *connection, char *self, size_t size,
          struct sdr_error *error)
{
    LDAP *ld = sdr_connection_handle(connection);
    struct berval *id = NULL;
    int rc = LDAP_LOCAL_ERROR;
    size_t skip = 0;

    if (sdr_ldap_deadline(ld, sdr_connection_deadline(connection)))
        rc = ldap_whoami_s(ld, &id, NULL, NULL);
    if (rc < 0)
        sdr_connection_set_broken(connection);
    if (rc != LDAP_SUCCESS) {
        sdr_error_set(error, "\"Who am I?\": %s", ldap_err2string(rc));
        return SDR_TEMPFAIL;
    }
    if (id != NULL && id->bv_len >= 3 && strncasecmp(id->bv_val, "dn:", 3) == 0)
        skip = 3;
    while (id != NULL && skip < id->bv_len && id->bv_val[skip] == ' ')
        skip++;
    snprintf(self, size, "dn:%.*s", id == NULL ? 0 : (int)(id->bv_len - skip),
             id == NULL ? "" : id->bv_val + skip);
    ber_bvfree(id);
    return SDR_OK;
}

/* ---- the response ---- */

static void
take_right(const struct question *question, const char *name, size_t name_len,
           const char *letters, size_t len)
{
    for (unsigned i = 0; i < question->count; i++) {
        struct sdr_right *right = &question->access[i];

        if (!sdr_value_is(right->name, name, name_len)
            || (len == 4 && memcmp(letters, "none", 4) == 0))
            continue;
        right->read = memchr(letters, 'r', len) != NULL;
        right->search = memchr(letters, 's', len) != NULL;
    }
}

/* Parse "sdrOwner:rsc, sdrHold:rsc, mail:none". */
static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    struct question *question = arg;
    const char *end = value + len;

    if (strcasecmp(attribute, "attributeLevelRights") != 0)
        return;
    question->answered = true;
    while (value < end) {
        const char *stop = memchr(value, ',', (size_t)(end - value));
        const char *colon;

        stop = stop == NULL ? end : stop;
        while (value < stop && *value == ' ')
            value++;
        colon = memchr(value, ':', (size_t)(stop - value));
        if (colon != NULL)
            take_right(question, value, (size_t)(colon - value), colon + 1,
                       (size_t)(stop - colon - 1));
        value = stop + 1;
    }
}

/* Request the access that is not known yet; by ATTRIBUTE@CLASS if BY_CLASS. */
static enum sdr_status
ask(struct question *question, bool by_class, struct sdr_connection *connection,
    const char *dn, struct sdr_error *error)
{
    const char *names[SDR_ACCESS_ASKED_MAX + 1] = {NULL};
    struct sdr_search search = {.base = dn,
                                .filter = "(objectClass=*)",
                                .attributes = names,
                                .value = on_value,
                                .arg = question,
                                .access_of = question->self,
                                .may_fail = true};
    enum sdr_status status = SDR_OK;
    unsigned count = 0;

    for (unsigned i = 0; i < question->count; i++) {
        const char *name =
            by_class ? question->asked[i] : question->access[i].name;

        if (name != NULL && !question->access[i].read)
            names[count++] = name;
    }
    if (count == 0)
        return SDR_OK;
    question->answered = false;
    if (question->self[0] == '\0')
        status =
            find_self(connection, question->self, sizeof question->self, error);
    if (status == SDR_OK)
        status = sdr_connection_search(connection, &search, error);
    if (status == SDR_OK && !question->answered) {
        sdr_error_set(error,
                      "the server does not report the access rights on %s", dn);
        status = SDR_TEMPFAIL;
    }
    return status;
}

/* Request access by class. The server reports no access rights for an attribute
 * that no class of the entry allows, even if it would show it. For
 * ATTRIBUTE@CLASS it makes up an entry of that class. */
static enum sdr_status
ask_about_class(struct question *question, struct sdr_connection *connection,
                const char *dn, struct sdr_error *error)
{
    enum sdr_status status = ask(question, true, connection, dn, error);

    return sdr_connection_is_broken(connection) ? status : SDR_OK;
}

/* ---- the schema ---- */

static void
know(struct question *question, char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        for (unsigned i = 0; i < question->count; i++) {
            struct sdr_right *right = &question->access[i];

            if (right->name != NULL && strcasecmp(right->name, *names) == 0)
                right->unknown = false;
        }
    }
}

static void
read_type(struct question *question, const char *text)
{
    const char *where;
    int code;
    LDAPAttributeType *type =
        ldap_str2attributetype(text, &code, &where, LDAP_SCHEMA_ALLOW_ALL);

    question->answered |= type != NULL;
    if (type != NULL)
        know(question, type->at_names);
    ldap_attributetype_free(type);
}

static void
allow(struct question *question, const char *class, char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        for (unsigned i = 0; i < question->count; i++) {
            const struct sdr_right *right = &question->access[i];

            if (right->name != NULL && question->asked[i] == NULL
                && strcasecmp(right->name, *names) == 0
                && asprintf(&question->asked[i], "%s@%s", right->name, class)
                       < 0)
                question->asked[i] = NULL;
        }
    }
}

static void
read_class(struct question *question, const char *text)
{
    const char *where;
    int code;
    LDAPObjectClass *class =
        ldap_str2objectclass(text, &code, &where, LDAP_SCHEMA_ALLOW_ALL);

    if (class != NULL && class->oc_names != NULL
        && class->oc_names[0] != NULL) {
        allow(question, class->oc_names[0], class->oc_at_oids_must);
        allow(question, class->oc_names[0], class->oc_at_oids_may);
    }
    ldap_objectclass_free(class);
}

static void
on_definition(void *arg, const char *attribute, const char *value, size_t len)
{
    char *text = strndup(value, len);

    if (text != NULL && strcasecmp(attribute, "attributeTypes") == 0)
        read_type(arg, text);
    else if (text != NULL)
        read_class(arg, text);
    free(text);
}

/* Find out which attributes without access rights are not in the schema. If the
 * schema is not readable, all count as known. */
static enum sdr_status
look_into_schema(struct question *question, struct sdr_connection *connection,
                 struct sdr_error *error)
{
    static const char *const attributes[] = {"attributeTypes", "objectClasses",
                                             NULL};
    struct sdr_search search = {.base =
                                    sdr_connection_server(connection)->schema,
                                .filter = "(objectClass=*)",
                                .attributes = attributes,
                                .value = on_definition,
                                .arg = question,
                                .may_fail = true};
    enum sdr_status status;

    for (unsigned i = 0; i < question->count; i++)
        question->access[i].unknown = !question->access[i].read;
    question->answered = false;
    status = search.base[0] == '\0'
                 ? SDR_OK
                 : sdr_connection_search(connection, &search, error);
    for (unsigned i = 0; i < question->count && !question->answered; i++)
        question->access[i].unknown = false;
    return sdr_connection_is_broken(connection) ? status : SDR_OK;
}

static bool
has_all(const struct question *question)
{
    for (unsigned i = 0; i < question->count; i++) {
        if (question->access[i].name != NULL && !question->access[i].read)
            return false;
    }
    return true;
}

enum sdr_status
sdr_effective_rights(struct sdr_connection *connection, const char *dn,
                     struct sdr_right *access, unsigned count,
                     struct sdr_error *error)
{
    struct question question = {.access = access, .count = count};
    enum sdr_status status = ask(&question, false, connection, dn, error);

    if (status == SDR_OK && !has_all(&question)) {
        status = look_into_schema(&question, connection, error);
        if (status == SDR_OK)
            status = ask_about_class(&question, connection, dn, error);
    }
    for (unsigned i = 0; i < count; i++)
        free(question.asked[i]);
    return status;
}
