/* route.h - the decision: from a recipient and the facts about it to a verdict
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * No I/O, no globals, no allocation: any thread, any process. First call
 * sdr_route_begin() with the address, which often decides; if it returns
 * SDR_NOTFOUND, look up the keys and call sdr_route_decide() with the answer.
 * Once the headers are known, see loop.h. Callers
 * outside the library use sdr_decide() for the first two.
 */
#ifndef SDR_ROUTE_H
#define SDR_ROUTE_H

#include <limits.h>
#include <stdbool.h>
#include <time.h>

#include "config/config.h"
#include "decision/facts.h"
#include "status.h"

enum sdr_verdict_kind {
    SDR_PASS,     /* leave the recipient to the MTA */
    SDR_REDIRECT, /* replace it by the targets */
    SDR_COPY,     /* keep it and add the targets */
    SDR_ROUTE,    /* keep it, send it to the next hop, add the targets if any */
    SDR_REJECT,   /* refuse it for good */
    SDR_DEFER     /* refuse it for now */
};

/* The source of the answer. */
enum sdr_origin { SDR_FROM_NOWHERE, SDR_FROM_DIRECTORY, SDR_FROM_REPLICA };

/* Instead of a target's site: the target is outside every site. */
#define SDR_NO_SITE UINT_MAX

struct sdr_target {
    unsigned site;
    char address[SDR_ADDRESS_MAX + 1]; /* no brackets */
};

/* An SMTP reply (RFC 5321) with its enhanced status code (RFC 3463). The text
 * is constant except for site names. */
struct sdr_reply {
    const char *code;     /* "451"; NULL: there is none */
    const char *enhanced; /* "4.4.3" */
    char text[160];
};

struct sdr_verdict {
    enum sdr_verdict_kind kind;
    unsigned target_count;
    struct sdr_target targets[SDR_SITES_MAX];
    sdr_sites sites;        /* the sites the mail goes to; 0 for pass, reject,
                               defer, and a target outside every site */
    const char *next_hop;   /* for SDR_ROUTE; borrowed from the configuration */
    struct sdr_reply reply; /* for SDR_REJECT and SDR_DEFER */
    bool decided; /* the address is in a split domain: log the decision */
    bool leaves;  /* the mail goes to another site: it needs a loop mark */
    bool settled; /* it was sent to this site's routing domain: the first target
                     must not be decided again */
    bool mistake; /* the directory must be corrected: log it as an error */
    enum sdr_origin origin;
    const struct sdr_config *config; /* names the sites */
    char reason[512]; /* for people; may contain text from the directory: escape
                         it */
};

/* What the address alone says. */
struct sdr_question {
    struct sdr_address address; /* as given */
    bool sent_to_us;            /* it was in this site's routing domain */
    unsigned domain;            /* index of the split domain */
    struct sdr_keys keys;       /* the first: the address in the split domain */
};

/* The answer of the directories: SDR_OK with facts, SDR_NOTFOUND if it is
 * certain that there is no entry, or SDR_TEMPFAIL. */
struct sdr_answer {
    enum sdr_status status;
    enum sdr_origin origin;
    struct sdr_facts facts;
    struct sdr_error error; /* the reason of SDR_TEMPFAIL */
};

/* "pass", "redirect", ... */
SDR_PUBLIC const char *
sdr_verdict_name(enum sdr_verdict_kind kind);

/* "none", "directory", "replica" */
SDR_PUBLIC const char *
sdr_origin_name(enum sdr_origin origin);

/* Decide about RECIPIENT, as the MTA passes it, by the address alone. Returns
 * SDR_NOTFOUND and fills QUESTION if a look-up of question->keys must decide.
 * Otherwise returns SDR_OK and fills VERDICT: pass, or, in a split domain or
 * this site's routing domain, reject if the local part is not valid. */
enum sdr_status SDR_MUST_USE
sdr_route_begin(const struct sdr_config *config, const char *recipient,
                struct sdr_question *question, struct sdr_verdict *verdict);

/* Decide by the answer. Fills the whole verdict, which borrows from CONFIG. */
void
sdr_route_decide(const struct sdr_config *config,
                 const struct sdr_question *question,
                 const struct sdr_answer *answer, struct sdr_verdict *verdict);

#endif
