/* dns.c - see dns.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/dns.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <arpa/nameser.h>

#include <ares.h>

#include "net/clock.h"

enum { TRIES = 2, ALIASES_MAX = 8 };

struct channel {
    ares_channel ares;
    struct sdr_resolve_sockets sockets;
};

struct dns {
    struct channel channel;
    /* Returns errors as answers: the other one reports a name server that
     * failed as not reachable. */
    struct channel verbatim;
    int64_t timeout; /* milliseconds */
};

static bool
open_channel(struct channel *channel, int64_t timeout, int flags)
{
    return sdr_resolve_open(&channel->ares, &channel->sockets,
                            (int)(timeout / 4), TRIES, flags);
}

static void
close_channel(struct channel *channel)
{
    if (channel->ares != NULL)
        ares_destroy(channel->ares);
}

static bool
set_server(struct channel *channel, const char *server)
{
    return ares_set_servers_ports_csv(channel->ares, server) == ARES_SUCCESS;
}

enum sdr_status
dns_open(struct dns **dns, const char *server, unsigned timeout)
{
    struct dns *d = calloc(1, sizeof *d);
    enum sdr_status status = SDR_TEMPFAIL;

    *dns = NULL;
    if (d == NULL)
        return SDR_TEMPFAIL;
    sdr_resolve_init();
    d->timeout = (int64_t)timeout * 1000;
    if (open_channel(&d->channel, d->timeout, 0)
        && open_channel(&d->verbatim, d->timeout, ARES_FLAG_NOCHECKRESP))
        status = SDR_OK;
    if (status == SDR_OK && server != NULL
        && (server[0] == '\0' || !set_server(&d->channel, server)
            || !set_server(&d->verbatim, server)))
        status = SDR_INVALID;
    if (status == SDR_OK)
        *dns = d;
    else
        dns_close(&d);
    return status;
}

void
dns_close(struct dns **dns)
{
    struct dns *d = *dns;

    *dns = NULL;
    if (d == NULL)
        return;
    close_channel(&d->channel);
    close_channel(&d->verbatim);
    free(d);
}

/* ---- reading a response ---- */

static bool
read_name(const ns_msg *message, const unsigned char *at, char *name)
{
    return ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), at,
                              name, DNS_NAME_SIZE)
           >= 0;
}

/* Read record number I, if it is of NAME and of this type. */
static bool
read_record(ns_msg *message, int i, const char *name, ns_type type,
            ns_rr *record)
{
    return ns_parserr(message, ns_s_an, i, record) == 0
           && ns_rr_type(*record) == type && ns_rr_class(*record) == ns_c_in
           && strcasecmp(ns_rr_name(*record), name) == 0;
}

/* Replace NAME by the target of its CNAME, if there is one. */
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

static void
add_host(const ns_msg *message, const ns_rr *record, struct dns_answer *to)
{
    unsigned n = to->host_count;

    if (n == DNS_HOSTS_MAX || ns_rr_rdlen(*record) < 3
        || !read_name(message, ns_rr_rdata(*record) + 2, to->hosts[n].name))
        return;
    to->hosts[n].preference = ns_get16(ns_rr_rdata(*record));
    to->host_count++;
}

static void
add_address(const ns_rr *record, struct dns_answer *to)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sdr_addresses *list = &to->addresses;
    bool is_v4 = ns_rr_type(*record) == ns_t_a;
    size_t len = is_v4 ? sizeof v4.sin_addr : sizeof v6.sin6_addr;

    if (list->count == SDR_ADDRESSES_MAX || ns_rr_rdlen(*record) != len)
        return;
    if (is_v4) {
        memcpy(&v4.sin_addr, ns_rr_rdata(*record), len);
        memcpy(&list->items[list->count].address, &v4, sizeof v4);
        list->items[list->count++].len = sizeof v4;
    } else {
        memcpy(&v6.sin6_addr, ns_rr_rdata(*record), len);
        memcpy(&list->items[list->count].address, &v6, sizeof v6);
        list->items[list->count++].len = sizeof v6;
    }
}

static void
read_answer(const unsigned char *data, int len, const char *question,
            ns_type type, struct dns_answer *to)
{
    char name[DNS_NAME_SIZE];
    ns_msg message;
    int aliases = 0;

    if (strlen(question) >= sizeof name
        || ns_initparse(data, len, &message) != 0)
        return;
    memcpy(name, question, strlen(question) + 1);
    while (aliases < ALIASES_MAX && follow(&message, name))
        aliases++;
    if (aliases > 0)
        memcpy(to->alias, name, sizeof name);
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr record;

        if (!read_record(&message, i, name, type, &record))
            continue;
        if (type == ns_t_mx)
            add_host(&message, &record, to);
        else
            add_address(&record, to);
    }
}

/* ---- queries ---- */

struct question {
    const char *name;
    ns_type type;
    struct dns_answer *answer;
    bool done;
    int status;
};

static void
on_answer(void *arg, int status, int timeouts, unsigned char *data, int len)
{
    struct question *question = arg;

    (void)timeouts;
    question->done = true;
    question->status = status;
    if (data != NULL && len > 0)
        read_answer(data, len, question->name, question->type,
                    question->answer);
}

/* c-ares 1.28 has a way to ask that gives a parsed answer, and deprecates the
 * one that gives the octets. */
#ifdef HAVE_ARES_QUERY_DNSREC
static void
on_record(void *arg, ares_status_t status, size_t timeouts,
          const ares_dns_record_t *record)
{
    unsigned char *data = NULL;
    size_t len = 0;

    if (record != NULL && ares_dns_write(record, &data, &len) != ARES_SUCCESS)
        status = ARES_ENOMEM;
    on_answer(arg, (int)status, (int)timeouts, data, (int)len);
    ares_free_string(data);
}

static void
ask(ares_channel channel, struct question *question)
{
    ares_query_dnsrec(channel, question->name, ARES_CLASS_IN,
                      (ares_dns_rec_type_t)question->type, on_record, question,
                      NULL);
}
#else
static void
ask(ares_channel channel, struct question *question)
{
    ares_query(channel, question->name, ns_c_in, (int)question->type, on_answer,
               question);
}
#endif

static void
query_channel(struct channel *channel, int64_t deadline,
              struct question *question)
{
    do {
        question->done = false;
        question->status = ARES_ETIMEOUT;
        ask(channel->ares, question);
        sdr_resolve_wait(channel->ares, &channel->sockets, &question->done,
                         deadline);
    } while (question->status == ARES_ETIMEOUT && sdr_clock() < deadline);
    if (!question->done) {
        ares_cancel(channel->ares);
        question->status = ARES_ETIMEOUT;
    }
}

static void
set_status(const struct question *question, unsigned found)
{
    struct dns_answer *answer = question->answer;

    if (question->status == ARES_SUCCESS)
        answer->status = found > 0 ? DNS_FOUND : DNS_NO_RECORD;
    else if (question->status == ARES_ENODATA)
        answer->status = DNS_NO_RECORD;
    else if (question->status == ARES_ENOTFOUND
             || question->status == ARES_EBADNAME)
        answer->status = DNS_NO_NAME;
    else
        answer->status = DNS_NO_ANSWER;
    if (question->status == ARES_ETIMEOUT)
        answer->reason = "no name server answered in time";
    else if (question->status == ARES_ESERVFAIL)
        answer->reason = "the name server failed (SERVFAIL): the domain's own "
                         "name servers are down, or DNSSEC validation fails";
    else if (question->status == ARES_EREFUSED)
        answer->reason = "the name server refuses to answer (REFUSED)";
    else if (question->status == ARES_ECONNREFUSED)
        answer->reason = "no name server can be reached";
    else
        answer->reason = ares_strerror(question->status);
}

static void
query(struct dns *dns, const char *name, ns_type type,
      struct dns_answer *answer)
{
    int64_t deadline = sdr_clock() + dns->timeout;
    struct question question = {.name = name, .type = type, .answer = answer};
    unsigned before = answer->host_count + answer->addresses.count;

    query_channel(&dns->channel, deadline, &question);
    if (question.status == ARES_ECONNREFUSED)
        query_channel(&dns->verbatim, deadline, &question);
    set_status(&question,
               answer->host_count + answer->addresses.count - before);
}

void
dns_query_mx(struct dns *dns, const char *name, struct dns_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    query(dns, name, ns_t_mx, answer);
}

void
dns_query_addresses(struct dns *dns, const char *name,
                    struct dns_answer *answer)
{
    enum dns_status v4;
    const char *reason;

    memset(answer, 0, sizeof *answer);
    query(dns, name, ns_t_a, answer);
    v4 = answer->status;
    reason = answer->reason;
    query(dns, name, ns_t_aaaa, answer);
    if (answer->addresses.count > 0) {
        answer->status = DNS_FOUND;
    } else if (v4 == DNS_NO_ANSWER) {
        answer->status = v4;
        answer->reason = reason;
    }
}
