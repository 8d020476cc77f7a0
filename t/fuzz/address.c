/* address.c - fuzz target: parsing, comparing, quoting and spelling addresses
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/address.h"

#include "fuzz.h"
#include "decision/keys.h"

static bool
is_null(const struct sdr_address *address)
{
    return address->local[0] == '\0' && address->domain[0] == '\0';
}

static void
check_equal(const struct sdr_address *a, const struct sdr_address *b)
{
    FUZZ_RULE(strcmp(a->local, b->local) == 0);
    FUZZ_RULE(strcmp(a->folded, b->folded) == 0);
    FUZZ_RULE(strcmp(a->domain, b->domain) == 0);
}

/* Both parsers read the formatted address back unchanged. */
static void
check_written(const struct sdr_address *address)
{
    char text[SDR_ADDRESS_MAX + 1];
    struct sdr_address again;

    sdr_address_format(address, text, sizeof text);
    FUZZ_RULE(fuzz_is_clean(text));
    FUZZ_RULE(sdr_address_parse_path(&again, text) == SDR_OK);
    check_equal(address, &again);
    FUZZ_RULE(sdr_address_read(&again, text, strlen(text)) == SDR_OK);
    check_equal(address, &again);
}

/* The folded local part names the same mailbox. */
static void
check_folded(const struct sdr_address *address)
{
    char text[SDR_ADDRESS_MAX + 1], local[SDR_LOCAL_MAX + 1];
    struct sdr_address folded;

    FUZZ_RULE(fuzz_is_clean(address->folded));
    if (!sdr_address_requote(address->folded, strlen(address->folded), local,
                             sizeof local))
        return; /* too long with quotes */
    if (address->folded[0] == '"')
        return; /* sdr_address_requote() took it for a quoted one */
    snprintf(text, sizeof text, "%s@%s", local, address->domain);
    FUZZ_RULE(sdr_address_parse(&folded, text) == SDR_OK);
    FUZZ_RULE(strcmp(folded.folded, address->folded) == 0);
    FUZZ_RULE(sdr_address_same(address, &folded));
    FUZZ_RULE(sdr_address_same(&folded, address));
}

static void
check_requoted(const struct sdr_address *address)
{
    char text[SDR_ADDRESS_MAX + 1], local[SDR_LOCAL_MAX + 1];
    struct sdr_address quoted;

    if (!sdr_address_requote(address->local, strlen(address->local), local,
                             sizeof local))
        return;
    snprintf(text, sizeof text, "%s@%s", local, address->domain);
    FUZZ_RULE(sdr_address_parse(&quoted, text) == SDR_OK);
    FUZZ_RULE(sdr_address_same(address, &quoted));
}

/* The first key is the address, the last is the catch-all, and all others are
 * other mailboxes in the same domain. Without its extension, the local part is
 * still valid. If a key omits no extension, the local part is unchanged. */
static void
check_keys(const struct sdr_address *address, const char *delimiters)
{
    struct sdr_keys keys;

    sdr_keys_make(&keys, address, address->domain, delimiters);
    FUZZ_RULE(keys.count >= 2 && keys.count <= SDR_KEYS_MAX);
    check_equal(&keys.key[0], address);
    FUZZ_RULE(keys.key[keys.count - 1].local[0] == '\0');
    for (unsigned i = 0; i < keys.count; i++) {
        char local[SDR_LOCAL_MAX + 1], text[SDR_ADDRESS_MAX + 1];
        struct sdr_address sent;

        FUZZ_RULE(strcmp(keys.key[i].domain, address->domain) == 0);
        if (i > 0 && i + 1 < keys.count) {
            check_written(&keys.key[i]);
            FUZZ_RULE(!sdr_address_same(&keys.key[i], address));
        }
        sdr_keys_strip(&keys, i, local);
        sdr_address_join(local, address->domain, text, sizeof text);
        FUZZ_RULE(sdr_address_parse_path(&sent, text) == SDR_OK);
        if (keys.extension[i].from == keys.extension[i].to)
            FUZZ_RULE(strcmp(local, address->local) == 0);
    }
}

/* sdr_address_find_domain() finds the domain of each address that can be
 * parsed. */
static void
check_domain_of(const char *text)
{
    char domain[SDR_DOMAIN_MAX + 1];
    struct sdr_address address;
    bool found = sdr_address_find_domain(domain, text) == SDR_OK;

    if (sdr_address_parse(&address, text) != SDR_OK || address.domain[0] == '\0'
        || address.domain[0] == '[')
        return;
    FUZZ_RULE(found);
    FUZZ_RULE(strcmp(domain, address.domain) == 0);
}

/* The spellings differ, and at least one is read as the same mailbox. */
static void
check_spelled(const struct sdr_address *address)
{
    struct sdr_spellings spellings;
    struct sdr_address other;
    unsigned same = 0;

    sdr_address_spell(address, &spellings);
    FUZZ_RULE(spellings.count > 0 && spellings.count <= SDR_SPELLINGS_MAX);
    for (unsigned i = 0; i < spellings.count; i++) {
        const char *text = spellings.text[i];

        FUZZ_RULE(fuzz_is_clean(text));
        for (unsigned k = 0; k < i; k++)
            FUZZ_RULE(strcmp(text, spellings.text[k]) != 0);
        same += sdr_address_read(&other, text, strlen(text)) == SDR_OK
                && sdr_address_same(&other, address);
    }
    /* Quotes may make it too long. An empty local part looks like the
     * catch-all. */
    FUZZ_RULE(same > 0 || address->folded[0] == '\0'
              || address->folded[0] == '"');
}

static void
check_parsed(const char *text)
{
    struct sdr_address address;

    if (sdr_address_parse(&address, text) != SDR_OK)
        return;
    FUZZ_RULE(sdr_address_same(&address, &address));
    if (is_null(&address))
        return;
    check_written(&address);
    check_folded(&address);
    check_requoted(&address);
    check_keys(&address, "+");
    check_keys(&address, "-+.=");
    check_spelled(&address);
}

/* A directory may hold an address that SMTP does not allow:
 * "al ice@example.com". */
static void
check_read(const char *text, size_t len)
{
    struct sdr_address address, again;
    char written[SDR_ADDRESS_MAX + 1];

    if (sdr_address_read(&address, text, len) != SDR_OK)
        return;
    sdr_address_format(&address, written, sizeof written);
    FUZZ_RULE(fuzz_is_clean(written));
    FUZZ_RULE(sdr_address_read(&again, written, strlen(written)) == SDR_OK);
    check_equal(&address, &again);
    if (address.local[0] != '\0') { /* not the catch-all */
        check_folded(&address);
        check_spelled(&address);
    }
}

/* Check the first line and the rest as two addresses. Changes TEXT. */
static void
check_pair(char *text)
{
    struct sdr_address a, b;
    char *other = strchr(text, '\n');

    if (other == NULL)
        return;
    *other++ = '\0';
    check_parsed(text);
    check_parsed(other);
    if (sdr_address_parse(&a, text) != SDR_OK
        || sdr_address_parse(&b, other) != SDR_OK)
        return;
    FUZZ_RULE(sdr_address_same(&a, &b) == sdr_address_same(&b, &a));
}

static void
check_domain(const char *text)
{
    char domain[SDR_DOMAIN_MAX + 1], again[SDR_DOMAIN_MAX + 1];

    if (sdr_address_domain(domain, text) != SDR_OK)
        return;
    FUZZ_RULE(sdr_address_domain(again, domain) == SDR_OK);
    FUZZ_RULE(strcmp(domain, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *octets = fuzz_copy(data, size);
    char *text = fuzz_text(data, size);

    check_read(octets, size);
    check_parsed(text);
    check_domain_of(text);
    check_domain(text);
    check_pair(text);
    free(text);
    free(octets);
    return 0;
}
