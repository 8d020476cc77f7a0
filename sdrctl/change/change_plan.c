/* change_plan.c - see change_plan.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/change_plan.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A routing address at another site would contradict the new owner; another
 * address in the split domain is kept. */
static bool
must_drop_routing(const struct change_plan *plan, const struct person *person)
{
    return plan->kind == CHANGE_MOVE && person->routing.count > 0
           && !person->facts.in_split
           && (!person->facts.has_routing
               || person->facts.routing_site != plan->to);
}

/* ---- attributes that are never written ---- */

static enum sdr_status
refuse(struct sdr_error *error, const char *reason)
{
    sdr_error_set(error, "%s", reason);
    return SDR_INVALID;
}

/* Attributes managed by Exchange; writing them breaks it. */
static bool
is_of_exchange(const char *attribute)
{
    return strcasecmp(attribute, "targetAddress") == 0
           || strncasecmp(attribute, "msExch", 6) == 0;
}

/* Maintained by the server itself. */
static bool
is_of_groups(const char *attribute)
{
    return strcasecmp(attribute, "memberOf") == 0;
}

bool
change_may_write(const char *attribute)
{
    return !is_of_exchange(attribute) && !is_of_groups(attribute);
}

/* Quote for PowerShell, within ''. */
static void
quote(char *quoted, size_t size, const char *text)
{
    size_t len = 0;

    for (; *text != '\0' && len + 2 < size; text++) {
        if (*text == '\'')
            quoted[len++] = '\'';
        quoted[len++] = *text;
    }
    quoted[len] = '\0';
}

static enum sdr_status
refuse_exchange(const struct change_plan *plan, const struct person *person,
                struct sdr_error *error)
{
    const struct sdr_site *site = &plan->config->sites[plan->to];
    char address[2 * SDR_ADDRESS_MAX + 1];
    const char *domain = site->accept_domains.count > 0
                             ? site->accept_domains.items[0]
                             : site->name;
    int local;

    quote(address, sizeof address, person->address);
    local = (int)(strrchr(address, '@') - address);
    if (plan->to == plan->config->directories[person->directory].default_owner)
        sdr_error_set(error,
                      "Exchange itself sets the owner (targetAddress); in its "
                      "shell: New-MoveRequest -Identity '%s' -Outbound",
                      address);
    else
        sdr_error_set(error,
                      "Exchange itself sets the owner (targetAddress); in its "
                      "shell: Enable-RemoteMailbox -Identity '%s' "
                      "-RemoteRoutingAddress '%.*s@%s'",
                      address, local, address, domain);
    return SDR_INVALID;
}

static enum sdr_status
refuse_groups(const struct change_plan *plan, struct sdr_error *error)
{
    const struct sdr_site *site = &plan->config->sites[plan->to];
    const struct sdr_list *values = &site->owner_values;

    for (unsigned i = 0; i < values->count; i++) {
        if (strchr(values->items[i], '=') == NULL)
            continue;
        sdr_error_set(error,
                      "groups set the owner (memberOf): change the members of "
                      "%s, an owner-value of %s; in Active Directory, members "
                      "of nested groups count too",
                      values->items[i], site->name);
        return SDR_INVALID;
    }
    sdr_error_set(error,
                  "groups set the owner (memberOf), and no owner-value of %s "
                  "is a group: change the members of the other sites' groups",
                  site->name);
    return SDR_INVALID;
}

static enum sdr_status
check_writable(const struct change_plan *plan, const struct person *person,
               const struct sdr_mapping *mapping, struct sdr_error *error)
{
    const char *owner = mapping->owner;
    bool keeps_routing =
        mapping->routing != NULL && is_of_exchange(mapping->routing);

    if (owner == NULL ? keeps_routing : is_of_exchange(owner))
        return refuse_exchange(plan, person, error);
    if (owner == NULL)
        return refuse(error, "the directory has no owner attribute: all its "
                             "entries belong to the default-owner");
    if (is_of_groups(owner))
        return refuse_groups(plan, error);
    if (keeps_routing && must_drop_routing(plan, person))
        return refuse_exchange(plan, person, error);
    return SDR_OK;
}

/* ---- owners ---- */

/* The value that names the site; in our own attribute its name. */
static const char *
owner_value(const struct sdr_site *site, const char *attribute)
{
    return strcasecmp(attribute, "sdrOwner") == 0
                   || site->owner_values.count == 0
               ? site->name
               : site->owner_values.items[0];
}

static bool
copy_values(struct values *to, const struct values *from)
{
    for (size_t i = 0; i < from->count; i++) {
        if (!values_add(to, from->items[i].bv_val, from->items[i].bv_len))
            return false;
    }
    return true;
}

static enum sdr_status
check_owners(const struct change_plan *plan, const struct person *person,
             struct sdr_error *error)
{
    const struct sdr_config *config = plan->config;
    sdr_sites owners = person->facts.owners;
    sdr_sites to = (sdr_sites)1 << plan->to;

    if (person->facts.foreign_owner && plan->kind == CHANGE_ADD)
        return refuse(error, "its owner matches no site");
    /* First: who has moved is no longer where all came from. */
    if (plan->kind == CHANGE_ADD
            ? (owners & to) != 0
            : owners == to && !person->facts.foreign_owner) {
        sdr_error_set(error, "already at %s", config->sites[plan->to].name);
        return SDR_NOTFOUND;
    }
    if (plan->has_from && owners != (sdr_sites)1 << plan->from) {
        sdr_error_set(error, "not at %s", config->sites[plan->from].name);
        return SDR_INVALID;
    }
    return SDR_OK;
}

/* If a second owner is added, the default owner must be named explicitly. */
static bool
add_owners(const struct change_plan *plan, const struct person *person,
           struct change_attribute *owner)
{
    const struct sdr_config *config = plan->config;
    const char *value = owner_value(&config->sites[plan->to], owner->name);
    const char *old = owner_value(
        &config->sites[config->directories[person->directory].default_owner],
        owner->name);

    if (!copy_values(&owner->before, &person->owner))
        return false;
    if (plan->kind == CHANGE_ADD
        && !(person->owner.count > 0
                 ? copy_values(&owner->after, &person->owner)
                 : values_add(&owner->after, old, strlen(old))))
        return false;
    return values_add(&owner->after, value, strlen(value));
}

/* ---- the change ---- */

/* An entry with one of our attributes needs our class. */
static bool
add_class(const struct change_plan *plan, const struct person *person,
          struct change *change)
{
    struct change_attribute *attribute;
    bool ours = false;

    for (unsigned i = 0; i < change->count; i++)
        ours |= strncasecmp(change->attributes[i].name, "sdr", 3) == 0
                && change->attributes[i].after.count > 0;
    if (!ours || !plan->needs_class || person->is_recipient)
        return true;
    attribute = change_attribute(change, "objectClass");
    return attribute != NULL
           && values_add(&attribute->after, "sdrRecipient",
                         strlen("sdrRecipient"));
}

static bool
drop_routing(const struct person *person, const char *name,
             struct change *change)
{
    struct change_attribute *attribute = change_attribute(change, name);

    return attribute != NULL
           && copy_values(&attribute->before, &person->routing);
}

static enum sdr_status
plan_owner(const struct change_plan *plan, const struct person *person,
           struct change *change, struct sdr_error *error)
{
    const struct sdr_mapping *mapping =
        &plan->config->directories[person->directory].mapping;
    struct change_attribute *owner;
    enum sdr_status status = check_writable(plan, person, mapping, error);

    if (status == SDR_OK)
        status = check_owners(plan, person, error);
    if (status != SDR_OK)
        return status;
    owner = change_attribute(change, mapping->owner);
    return owner != NULL && add_owners(plan, person, owner)
                   && (!must_drop_routing(plan, person)
                       || drop_routing(person, mapping->routing, change))
                   && add_class(plan, person, change)
               ? SDR_OK
               : SDR_TEMPFAIL;
}

static enum sdr_status
plan_hold(const struct change_plan *plan, const struct person *person,
          struct change *change, struct sdr_error *error)
{
    const char *name =
        plan->config->directories[person->directory].mapping.hold;
    bool hold = plan->kind == CHANGE_HOLD;
    struct change_attribute *attribute;

    if (name == NULL)
        return refuse(error, "the directory has no hold-attribute");
    if (is_of_exchange(name))
        return refuse(error, "Exchange manages this hold-attribute itself: "
                             "configure another one");
    if (plan->config->directories[person->directory].hold_values.count > 0)
        return refuse(error, "another system sets the hold-attribute "
                             "(hold-value): use that system");
    if (person->facts.hold == hold) {
        sdr_error_set(error, hold ? "already on hold" : "not on hold");
        return SDR_NOTFOUND;
    }
    attribute = change_attribute(change, name);
    return attribute != NULL && copy_values(&attribute->before, &person->hold)
                   && (!hold || values_add(&attribute->after, "TRUE", 4))
                   && add_class(plan, person, change)
               ? SDR_OK
               : SDR_TEMPFAIL;
}

enum sdr_status
plan_change(const struct change_plan *plan, const struct person *person,
            struct change *change, struct sdr_error *error)
{
    if (!change_begin(change, person->dn, person->address, person->directory))
        return SDR_TEMPFAIL;
    if (person->is_group)
        return refuse(error, "is a group: change its members instead");
    switch (plan->kind) {
    case CHANGE_MOVE:
    case CHANGE_ADD:
        return plan_owner(plan, person, change, error);
    case CHANGE_HOLD:
    case CHANGE_RELEASE:
        return plan_hold(plan, person, change, error);
    }
    return SDR_INVALID;
}
