/* dns_answer.c - see dns_answer.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/dns_answer.h"

#include <netinet/in.h>
#include <string.h>
#include <strings.h>

enum { ALIASES_MAX = 8 };

static bool
read_name(const ns_msg *message, const unsigned char *at, char *name)
{
    return ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), at,
                              name, DNS_NAME_SIZE)
           >= 0;
}

/* Parse record number I. Returns true if it has this name and type. */
static bool
read_record(ns_msg *message, int i, const char *name, ns_type type,
            ns_rr *record)
{
    return ns_parserr(message, ns_s_an, i, record) == 0
           && ns_rr_type(*record) == type && ns_rr_class(*record) == ns_c_in
           && strcasecmp(ns_rr_name(*record), name) == 0;
}

/* Replace NAME by the target of its CNAME record. Returns false if it has none.
 */
static bool
follow(ns_msg *message, char *name)
{
    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
        ns_rr record;

        if (read_record(message, i, name, ns_t_cname, &record))
            return read_name(message, ns_rr_rdata(record), name);
    }
    return false;
}

/* ---- records; each function returns false to skip one ---- */

static bool
add_host(const ns_msg *message, const ns_rr *record, struct dns_answer *to)
{
    bool is_mx = ns_rr_type(*record) == ns_t_mx;
    unsigned n = to->host_count, at = is_mx ? 2 : 0;

    if (n == DNS_HOSTS_MAX || ns_rr_rdlen(*record) < at + 1
        || !read_name(message, ns_rr_rdata(*record) + at, to->hosts[n].name))
        return false;
    to->hosts[n].preference = is_mx ? ns_get16(ns_rr_rdata(*record)) : 0;
    to->host_count++;
    return true;
}

static bool
add_address(const ns_rr *record, struct dns_answer *to)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sdr_addresses *list = &to->addresses;
    bool is_v4 = ns_rr_type(*record) == ns_t_a;
    size_t len = is_v4 ? sizeof v4.sin_addr : sizeof v6.sin6_addr;

    if (list->count == SDR_ADDRESSES_MAX || ns_rr_rdlen(*record) != len)
        return false;
    if (is_v4) {
        memcpy(&v4.sin_addr, ns_rr_rdata(*record), len);
        memcpy(&list->items[list->count].address, &v4, sizeof v4);
        list->items[list->count++].len = sizeof v4;
    } else {
        memcpy(&v6.sin6_addr, ns_rr_rdata(*record), len);
        memcpy(&list->items[list->count].address, &v6, sizeof v6);
        list->items[list->count++].len = sizeof v6;
    }
    return true;
}

/* Add a TXT record. Its strings are joined to one text. */
static bool
add_text(const ns_rr *record, const char *start, struct dns_answer *to)
{
    const unsigned char *at = ns_rr_rdata(*record);
    const unsigned char *end = at + ns_rr_rdlen(*record);
    char text[DNS_TEXT_SIZE];
    size_t len = 0;

    while (at < end && end - at > *at) {
        size_t more = *at++;
        size_t room = sizeof text - 1 - len;

        memcpy(text + len, at, more < room ? more : room);
        len += more < room ? more : room;
        at += more;
    }
    text[len] = '\0';
    if (strncasecmp(text, start, strlen(start)) != 0)
        return false;
    if (to->text_count < DNS_TEXTS_MAX)
        memcpy(to->texts[to->text_count], text, len + 1);
    to->text_count++;
    return true;
}

static bool
add_record(const ns_msg *message, const ns_rr *record, const char *start,
           struct dns_answer *to)
{
    ns_type type = ns_rr_type(*record);

    if (type == ns_t_mx || type == ns_t_ptr)
        return add_host(message, record, to);
    if (type == ns_t_a || type == ns_t_aaaa)
        return add_address(record, to);
    if (type == ns_t_txt)
        return add_text(record, start, to);
    return true; /* TLSA records are only counted */
}

unsigned
dns_answer_read(const unsigned char *data, int len, const char *question,
                ns_type type, const char *start, struct dns_answer *answer)
{
    char name[DNS_NAME_SIZE];
    unsigned found = 0;
    ns_msg message;
    int aliases = 0;

    if (strlen(question) >= sizeof name
        || ns_initparse(data, len, &message) != 0)
        return 0;
    memcpy(name, question, strlen(question) + 1);
    while (aliases < ALIASES_MAX && follow(&message, name))
        aliases++;
    if (aliases > 0)
        memcpy(answer->alias, name, sizeof name);
    answer->secure = ns_msg_getflag(message, ns_f_ad) != 0;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr record;

        if (!read_record(&message, i, name, type, &record)
            || !add_record(&message, &record, start, answer))
            continue;
        found++;
        if (ns_rr_ttl(record) > answer->ttl)
            answer->ttl = ns_rr_ttl(record);
    }
    return found;
}
