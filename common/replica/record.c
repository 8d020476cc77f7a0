/* record.c - see record.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/record.h"

#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

enum {
    HOLD = 1,
    FOREIGN_OWNER = 2,
    BAD_ROUTING = 4,
    OUTSIDE = 8,
    HAS_ROUTING = 16,
    BY_DEFAULT = 32,
    IN_SPLIT = 64,
    FORWARD = 128
};

/* A flag in the octet of the strength. */
enum { UNREADABLE = 0x80 };

/* The head of a record. The local part and the domain of the routing address
 * follow. */
struct head {
    uint16_t size; /* of the whole record */
    uint16_t local_len;
    uint8_t domain_len;
    uint8_t strength;
    uint8_t flags;
    uint8_t routing_site;
    uint32_t owners;
    unsigned char id[SDR_RECORD_ID_SIZE];
};

enum { DIGEST_SIZE = 32 };

/* Shorten a key that is too long: its end becomes a digest of the whole key. */
static void
shorten(struct sdr_record_key *key, const unsigned char *octets, size_t len)
{
    size_t kept = SDR_RECORD_KEY_MAX - DIGEST_SIZE;

    memcpy(key->octets, octets, kept);
    gnutls_hash_fast(GNUTLS_DIG_SHA256, octets, len, key->octets + kept);
    key->len = SDR_RECORD_KEY_MAX;
}

void
sdr_record_key(struct sdr_record_key *key, unsigned directory,
               const struct sdr_address *address)
{
    unsigned char long_one[4 + SDR_ADDRESS_MAX];
    unsigned char *octets = key->octets;
    size_t local = strlen(address->folded), domain = strlen(address->domain);
    size_t n = 0;

    if (3 + local + domain > sizeof key->octets)
        octets = long_one;
    octets[n++] = (unsigned char)directory;
    /* The catch-all differs from the mailbox with an empty local part. */
    octets[n++] = address->local[0] == '\0' ? '*' : '=';
    memcpy(octets + n, address->folded, local);
    n += local;
    octets[n++] = '@';
    memcpy(octets + n, address->domain, domain);
    key->len = n + domain;
    if (octets == long_one)
        shorten(key, octets, n + domain);
}

size_t
sdr_record_write(unsigned char out[SDR_RECORD_MAX],
                 const unsigned char id[SDR_RECORD_ID_SIZE],
                 const struct sdr_facts *facts)
{
    bool has_address = sdr_facts_has_address(facts);
    const char *local = has_address ? facts->routing.local : "";
    const char *domain = has_address ? facts->routing.domain : "";
    struct head head = {
        .local_len = (uint16_t)strlen(local),
        .domain_len = (uint8_t)strlen(domain),
        .strength =
            (uint8_t)(facts->strength | (facts->unreadable ? UNREADABLE : 0U)),
        .flags = (uint8_t)((facts->hold ? HOLD : 0)
                           | (facts->foreign_owner ? FOREIGN_OWNER : 0)
                           | (facts->bad_routing ? BAD_ROUTING : 0)
                           | (facts->outside ? OUTSIDE : 0)
                           | (facts->has_routing ? HAS_ROUTING : 0)
                           | (facts->by_default ? BY_DEFAULT : 0)
                           | (facts->in_split ? IN_SPLIT : 0)
                           | (facts->forward ? FORWARD : 0)),
        .routing_site = (uint8_t)facts->routing_site,
        .owners = facts->owners};

    memcpy(head.id, id, sizeof head.id);
    head.size = (uint16_t)(sizeof head + head.local_len + head.domain_len);
    memcpy(out, &head, sizeof head);
    memcpy(out + sizeof head, local, head.local_len);
    memcpy(out + sizeof head + head.local_len, domain, head.domain_len);
    return head.size;
}

static bool
read_routing(const struct head *head, const unsigned char *text,
             struct sdr_address *routing)
{
    char address[SDR_ADDRESS_MAX + 1];
    size_t local = head->local_len, domain = head->domain_len;

    if (local > SDR_LOCAL_MAX)
        return false;
    memcpy(address, text, local);
    address[local] = '@';
    memcpy(address + local + 1, text + local, domain);
    return sdr_address_read(routing, address, local + 1 + domain) == SDR_OK;
}

bool
sdr_record_read(const unsigned char **at, size_t *left,
                unsigned char id[SDR_RECORD_ID_SIZE], struct sdr_facts *facts)
{
    struct head head;

    if (*left < sizeof head)
        return false;
    memcpy(&head, *at, sizeof head);
    if (head.size > *left
        || head.size != sizeof head + head.local_len + head.domain_len)
        return false;
    memcpy(id, head.id, sizeof head.id);
    facts->strength = head.strength & ~(unsigned)UNREADABLE;
    facts->unreadable = (head.strength & UNREADABLE) != 0;
    facts->owners = head.owners;
    facts->hold = (head.flags & HOLD) != 0;
    facts->foreign_owner = (head.flags & FOREIGN_OWNER) != 0;
    facts->bad_routing = (head.flags & BAD_ROUTING) != 0;
    facts->outside = (head.flags & OUTSIDE) != 0;
    facts->has_routing = (head.flags & HAS_ROUTING) != 0;
    facts->by_default = (head.flags & BY_DEFAULT) != 0;
    facts->in_split = (head.flags & IN_SPLIT) != 0;
    facts->forward = (head.flags & FORWARD) != 0;
    facts->disagree = false;
    facts->routing_site = head.routing_site;
    if (sdr_facts_has_address(facts)
        && !read_routing(&head, *at + sizeof head, &facts->routing))
        return false;
    *at += head.size;
    *left -= head.size;
    return true;
}
