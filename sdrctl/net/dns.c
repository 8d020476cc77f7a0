/* dns.c - see dns.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/dns.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <ares.h>

#include "net/clock.h"
#include "net/dns_answer.h"

enum { TRIES = 2 };

struct channel {
    ares_channel ares;
    struct sdr_resolve_sockets sockets;
};

struct dns {
    struct channel channel;
    /* Returns error responses as they are. The other channel reports a failed
     * name server as not reachable. */
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

/* ---- queries ---- */

struct question {
    const char *name;
    ns_type type;
    const char *start; /* prefix that a TXT record must have */
    struct dns_answer *answer;
    unsigned found; /* records */
    bool done;
    int status;
};

/* Returns the c-ares status for the header of a response. */
static int
response_status(const unsigned char *data, int len)
{
    if (len < NS_HFIXEDSZ)
        return ARES_EBADRESP;
    switch (data[3] & 0x0f) {
    case ns_r_noerror:
        return ns_get16(data + 6) > 0 ? ARES_SUCCESS : ARES_ENODATA;
    case ns_r_nxdomain:
        return ARES_ENOTFOUND;
    case ns_r_servfail:
        return ARES_ESERVFAIL;
    case ns_r_notimpl:
        return ARES_ENOTIMP;
    case ns_r_refused:
        return ARES_EREFUSED;
    default:
        return ARES_EFORMERR;
    }
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *data, int len)
{
    struct question *question = arg;

    (void)timeouts;
    question->done = true;
    question->status =
        status == ARES_SUCCESS ? response_status(data, len) : status;
    if (data != NULL && len > 0)
        question->found =
            dns_answer_read(data, len, question->name, question->type,
                            question->start, question->answer);
}

/* Send a query with the AD bit set, so that a name server says whether it has
 * validated the answer (RFC 6840, 5.7). ares_query() cannot set it. c-ares 1.28
 * has a new interface for it, and deprecates the one with raw octets. */
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
    ares_dns_record_t *query = NULL;
    ares_status_t status =
        ares_dns_record_create(&query, 0, ARES_FLAG_RD | ARES_FLAG_AD,
                               ARES_OPCODE_QUERY, ARES_RCODE_NOERROR);

    if (status == ARES_SUCCESS)
        status = ares_dns_record_query_add(query, question->name,
                                           (ares_dns_rec_type_t)question->type,
                                           ARES_CLASS_IN);
    if (status == ARES_SUCCESS)
        ares_send_dnsrec(channel, query, on_record, question, NULL);
    else
        on_answer(question, (int)status, 0, NULL, 0);
    ares_dns_record_destroy(query);
}
#else
static void
ask(ares_channel channel, struct question *question)
{
    enum { AD_OCTET = 3, AD = 0x20 };
    unsigned char *query = NULL;
    unsigned short id = 0;
    int len = 0, status;

    (void)!getrandom(&id, sizeof id, 0);
    status = ares_create_query(question->name, ns_c_in, (int)question->type, id,
                               1, &query, &len, 0);
    if (status == ARES_SUCCESS) {
        query[AD_OCTET] |= AD;
        ares_send(channel, query, len, on_answer, question);
    } else {
        on_answer(question, status, 0, NULL, 0);
    }
    ares_free_string(query);
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
set_status(const struct question *question)
{
    struct dns_answer *answer = question->answer;

    if (question->status == ARES_SUCCESS)
        answer->status = question->found > 0 ? DNS_FOUND : DNS_NO_RECORD;
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
query(struct dns *dns, const char *name, ns_type type, const char *start,
      struct dns_answer *answer)
{
    int64_t deadline = sdr_clock() + dns->timeout;
    struct question question = {
        .name = name, .type = type, .start = start, .answer = answer};

    query_channel(&dns->channel, deadline, &question);
    if (question.status == ARES_ECONNREFUSED)
        query_channel(&dns->verbatim, deadline, &question);
    set_status(&question);
}

void
dns_query_mx(struct dns *dns, const char *name, struct dns_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    query(dns, name, ns_t_mx, "", answer);
}

void
dns_query_text(struct dns *dns, const char *name, const char *start,
               struct dns_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    query(dns, name, ns_t_txt, start, answer);
}

void
dns_query_tlsa(struct dns *dns, const char *name, struct dns_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    query(dns, name, ns_t_tlsa, "", answer);
}

/* Write the name for a PTR query: "1.2.0.192.in-addr.arpa" (RFC 1035, 3.5; RFC
 * 3596, 2.5). */
static void
reverse_name(const struct sockaddr_storage *address, char *name, size_t size)
{
    bool is_v4 = address->ss_family == AF_INET;
    const unsigned char *octets =
        is_v4 ? (const unsigned char *)&((const struct sockaddr_in *)address)
                    ->sin_addr
              : ((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
    size_t used = 0;

    for (int i = is_v4 ? 3 : 15; i >= 0; i--)
        used += (size_t)snprintf(
            name + used, size - used, is_v4 ? "%u." : "%x.%x.",
            is_v4 ? octets[i] : octets[i] & 0xfU, (unsigned)octets[i] >> 4);
    snprintf(name + used, size - used, is_v4 ? "in-addr.arpa" : "ip6.arpa");
}

void
dns_query_names(struct dns *dns, const struct sockaddr_storage *address,
                struct dns_answer *answer)
{
    char name[DNS_NAME_SIZE];

    reverse_name(address, name, sizeof name);
    memset(answer, 0, sizeof *answer);
    query(dns, name, ns_t_ptr, "", answer);
}

void
dns_query_addresses(struct dns *dns, const char *name,
                    struct dns_answer *answer)
{
    enum dns_status v4;
    const char *reason;

    memset(answer, 0, sizeof *answer);
    query(dns, name, ns_t_a, "", answer);
    v4 = answer->status;
    reason = answer->reason;
    query(dns, name, ns_t_aaaa, "", answer);
    if (answer->addresses.count > 0) {
        answer->status = DNS_FOUND;
    } else if (v4 == DNS_NO_ANSWER) {
        answer->status = v4;
        answer->reason = reason;
    }
}
