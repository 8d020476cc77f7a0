/* change.c - see change.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/change.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <ldif.h>

#include "net/clock.h"
#include "array.h"
#include "ldap/open.h"
#include "ldap/error.h"

/* The time limit of one modification (milliseconds). */
enum { WAIT_MS = 60 * 1000 };

/* ---- lifetime ---- */

struct change *
changes_add(struct changes *changes)
{
    static const struct change none;

    return sdr_array_append(&changes->items, &changes->count, &changes->room,
                            &none, sizeof none)
               ? &changes->items[changes->count - 1]
               : NULL;
}

void
changes_drop_not_made(struct changes *changes)
{
    size_t kept = 0;

    for (size_t i = 0; i < changes->count; i++) {
        if (changes->items[i].not_made)
            change_clear(&changes->items[i]);
        else
            changes->items[kept++] = changes->items[i];
    }
    changes->count = kept;
}

void
changes_clear(struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        change_clear(&changes->items[i]);
    free(changes->items);
    *changes = (struct changes){NULL, 0, 0};
}

bool
change_begin(struct change *change, const char *dn, const char *address,
             unsigned directory)
{
    memset(change, 0, sizeof *change);
    change->dn = strdup(dn);
    change->address = strdup(address);
    change->directory = directory;
    return change->dn != NULL && change->address != NULL;
}

struct change_attribute *
change_attribute(struct change *change, const char *name)
{
    struct change_attribute *attribute;

    if (change->count == CHANGE_ATTRIBUTES_MAX)
        return NULL;
    attribute = &change->attributes[change->count++];
    attribute->name = strdup(name);
    return attribute->name != NULL ? attribute : NULL;
}

void
change_invert(struct change *change)
{
    struct berval octets;

    for (unsigned i = 0; i < change->count; i++) {
        struct change_attribute *attribute = &change->attributes[i];
        struct values after = attribute->before;

        attribute->before = attribute->after;
        attribute->after = after;
    }
    octets = change->octets.before;
    change->octets.before = change->octets.after;
    change->octets.after = octets;
}

void
change_clear(struct change *change)
{
    for (unsigned i = 0; i < change->count; i++) {
        free(change->attributes[i].name);
        values_clear(&change->attributes[i].before);
        values_clear(&change->attributes[i].after);
    }
    free(change->octets.before.bv_val);
    free(change->octets.after.bv_val);
    free(change->dn);
    free(change->address);
    memset(change, 0, sizeof *change);
}

/* ---- LDIF ---- */

/* Print a value as a line of LDIF (RFC 2849), folded and in base64 if needed.
 */
static bool
print_value(FILE *out, const char *name, const char *value, size_t len)
{
    char *line = ldif_put(LDIF_PUT_VALUE, name, value, (ber_len_t)len);
    bool ok = line != NULL && fputs(line, out) != EOF;

    ber_memfree(line);
    return ok;
}

static bool
print_values(FILE *out, const char *verb, const char *name,
             const struct values *values)
{
    bool ok = values->count == 0 || fprintf(out, "%s: %s\n", verb, name) > 0;

    for (size_t i = 0; ok && i < values->count; i++)
        ok = print_value(out, name, values->items[i].bv_val,
                         values->items[i].bv_len);
    return ok && (values->count == 0 || fputs("-\n", out) != EOF);
}

bool
change_print(const struct change *change, FILE *out)
{
    bool ok = print_value(out, "dn", change->dn, strlen(change->dn))
              && fputs("changetype: modify\n", out) != EOF;

    for (unsigned i = 0; ok && i < change->count; i++) {
        const struct change_attribute *attribute = &change->attributes[i];

        ok = print_values(out, "delete", attribute->name, &attribute->before)
             && print_values(out, "add", attribute->name, &attribute->after);
    }
    return ok && fputs("\n", out) != EOF;
}

/* ---- applying it ---- */

/* The change as an array of LDAPMod, which points into it. Ended by NULL. */
struct operation {
    LDAPMod mods[2 * CHANGE_ATTRIBUTES_MAX];
    LDAPMod *list[2 * CHANGE_ATTRIBUTES_MAX + 1];
    struct berval **values[2 * CHANGE_ATTRIBUTES_MAX];
    unsigned count;
};

static bool
add_mod(struct operation *operation, int op, char *name,
        const struct values *values)
{
    unsigned n = operation->count;
    struct berval **list;

    if (values->count == 0)
        return true;
    list = calloc(values->count + 1, sizeof *list);
    if (list == NULL)
        return false;
    for (size_t i = 0; i < values->count; i++)
        list[i] = &values->items[i];
    operation->values[n] = list;
    operation->mods[n].mod_op = op | LDAP_MOD_BVALUES;
    operation->mods[n].mod_type = name;
    operation->mods[n].mod_bvalues = list;
    operation->list[n] = &operation->mods[n];
    operation->count++;
    return true;
}

static bool
make_operation(struct operation *operation, const struct change *change)
{
    bool ok = true;

    memset(operation, 0, sizeof *operation);
    for (unsigned i = 0; ok && i < change->count; i++) {
        const struct change_attribute *attribute = &change->attributes[i];

        ok = add_mod(operation, LDAP_MOD_DELETE, attribute->name,
                     &attribute->before)
             && add_mod(operation, LDAP_MOD_ADD, attribute->name,
                        &attribute->after);
    }
    return ok;
}

static void
free_operation(struct operation *operation)
{
    for (unsigned i = 0; i < operation->count; i++)
        free(operation->values[i]);
}

/* Modify the entry. Returns the LDAP result code, and sets the error unless it
 * is LDAP_SUCCESS. */
static int
modify(LDAP *ld, const char *dn, struct operation *operation,
       struct sdr_error *error)
{
    int64_t deadline = sdr_clock() + WAIT_MS;
    struct timeval left = sdr_clock_left(deadline);
    LDAPMessage *result = NULL;
    int code, id = 0;

    if (!sdr_ldap_deadline(ld, deadline))
        return LDAP_LOCAL_ERROR;
    code = ldap_modify_ext(ld, dn, operation->list, NULL, NULL, &id);
    if (code == LDAP_SUCCESS) {
        int rc = ldap_result(ld, id, LDAP_MSG_ALL, &left, &result);

        code = rc == 0 ? LDAP_TIMEOUT : LDAP_SERVER_DOWN;
        if (rc > 0
            && ldap_parse_result(ld, result, &code, NULL, NULL, NULL, NULL, 0)
                   != LDAP_SUCCESS)
            code = LDAP_DECODING_ERROR;
        ldap_msgfree(result);
    }
    if (code != LDAP_SUCCESS)
        sdr_ldap_error(ld, "modify", code, error);
    return code;
}

/* Compare the values NOW with WANTED. If WHOLLY, they must be equal. Otherwise
 * (objectClass) NOW must contain WANTED, or, if that is empty, must not contain
 * UNWANTED. */
static bool
holds(const struct values *now, const struct values *wanted,
      const struct values *unwanted, bool wholly)
{
    if (wholly)
        return values_same(now, wanted);
    for (size_t i = 0; i < wanted->count; i++) {
        struct values one = {&wanted->items[i], 1, 1};
        bool found = false;

        for (size_t k = 0; k < now->count; k++) {
            struct values other = {&now->items[k], 1, 1};

            found |= values_same(&one, &other);
        }
        if (!found)
            return false;
    }
    return unwanted->count == 0 || wanted->count > 0
           || !holds(now, unwanted, &(struct values){0}, false);
}

enum standing
change_compare(const struct change *change, const struct values *now)
{
    bool before = true, after = true;

    for (unsigned i = 0; i < change->count; i++) {
        const struct change_attribute *a = &change->attributes[i];
        bool wholly = strcasecmp(a->name, "objectClass") != 0;

        before = before && holds(&now[i], &a->before, &a->after, wholly);
        after = after && holds(&now[i], &a->after, &a->before, wholly);
    }
    return before ? IS_BEFORE : after ? IS_AFTER : IS_ELSE;
}

/* Read the entry and compare it with the change. */
static enum sdr_status
find_standing(const struct change *change, struct sdr_connection *connection,
              enum standing *standing, struct sdr_error *error)
{
    const char *names[CHANGE_ATTRIBUTES_MAX] = {NULL};
    struct values now[CHANGE_ATTRIBUTES_MAX];
    enum sdr_status status;

    for (unsigned i = 0; i < change->count; i++)
        names[i] = change->attributes[i].name;
    status =
        person_read(connection, change->dn, names, change->count, now, error);
    *standing = change_compare(change, now);
    for (unsigned i = 0; i < change->count; i++)
        values_clear(&now[i]);
    return status;
}

/* Read the entry again after a change. If two administrators add a first value
 * at the same time, both succeed, as neither deletes an old value. An
 * administrator who then sees both values removes the one just added. */
static enum change_result
check_again(const struct change *change, struct sdr_connection *connection,
            struct sdr_error *error)
{
    struct change back = *change;
    struct operation operation;
    enum standing standing;

    if (find_standing(change, connection, &standing, error) != SDR_OK
        || standing == IS_AFTER)
        return CHANGE_DONE;
    change_invert(&back);
    if (make_operation(&operation, &back))
        (void)modify(sdr_connection_handle(connection), back.dn, &operation,
                     error);
    free_operation(&operation);
    sdr_error_set(error, "somebody else is changing the entry now");
    return CHANGE_CONFLICT;
}

static enum change_result
judge(int code, struct sdr_error *error)
{
    switch (code) {
    case LDAP_SUCCESS:
        return CHANGE_DONE;
    case LDAP_NO_SUCH_ATTRIBUTE:
    case LDAP_TYPE_OR_VALUE_EXISTS:
    case LDAP_NO_SUCH_OBJECT:
        sdr_error_set(error, "somebody else has changed the entry since");
        return CHANGE_CONFLICT;
    default:
        return CHANGE_FAILED;
    }
}

enum change_result
change_apply(const struct change *change, struct sdr_connection *connection,
             struct sdr_error *error)
{
    enum standing standing = IS_ELSE;
    enum change_result result;
    struct operation operation;
    enum sdr_status status =
        find_standing(change, connection, &standing, error);

    if (status == SDR_NOTFOUND) {
        sdr_error_set(error, "the entry no longer exists");
        return CHANGE_CONFLICT;
    }
    if (status != SDR_OK)
        return CHANGE_FAILED;
    if (standing == IS_AFTER)
        return CHANGE_NEEDLESS;
    if (standing == IS_ELSE) {
        sdr_error_set(error, "somebody else has changed the entry since");
        return CHANGE_CONFLICT;
    }
    if (make_operation(&operation, change)) {
        result = judge(modify(sdr_connection_handle(connection), change->dn,
                              &operation, error),
                       error);
    } else {
        sdr_error_set(error, "no memory");
        result = CHANGE_FAILED;
    }
    free_operation(&operation);
    return result == CHANGE_DONE ? check_again(change, connection, error)
                                 : result;
}
