/* route.h - the decision: a recipient and what is known of it make a verdict
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * No I/O, no globals, no allocation: any thread, any process. First
 * sdr_route_begin() with the address alone, which often decides; if it asks
 * for a lookup, sdr_route_decide() with the answer; last, once the headers are
 * known, sdr_route_guard() against loops.
 */
#ifndef SDR_ROUTE_H
#define SDR_ROUTE_H

#include <stdbool.h>
#include <time.h>

#include "config.h"
#include "facts.h"
#include "status.h"

enum sdr_verdict_kind {
    SDR_PASS,     /* leave the recipient to the MTA */
    SDR_REDIRECT, /* replace it by the targets */
    SDR_COPY,     /* keep it and add the targets */
    SDR_ROUTE,    /* keep it, send it to the next hop, add the targets if any */
    SDR_REJECT,   /* refuse it for good */
    SDR_DEFER     /* refuse it for now */
};

/* Where the answer came from. */
enum sdr_origin { SDR_FROM_NOWHERE, SDR_FROM_DIRECTORY, SDR_FROM_REPLICA };

struct sdr_target {
    unsigned site;
    char address[SDR_ADDRESS_MAX + 1]; /* no brackets */
};

/* An SMTP reply (RFC 5321, RFC 3463), its text constant but for site names. */
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
                               defer */
    const char *next_hop;   /* for SDR_ROUTE; borrowed from the configuration */
    struct sdr_reply reply; /* for SDR_REJECT and SDR_DEFER */
    bool decided; /* the address is in a split domain: worth a line of log */
    bool leaves;  /* the mail goes to another site: it needs a loop mark */
    bool settled; /* it was sent to this site's routing domain: the first
                     target must not be decided once more */
    bool mistake; /* somebody has to mend the directory: an error in the log */
    enum sdr_origin origin;
    const struct sdr_config *config; /* names the sites */
    char reason[512]; /* for humans; may hold text from the directory */
};

/* What is known after looking at the address alone. */
struct sdr_question {
    struct sdr_address address; /* as given */
    bool sent_to_us;            /* it was in this site's routing domain */
    unsigned domain;            /* index of the split domain */
    struct sdr_keys keys;       /* the first: the address in the split domain */
};

/* What the sources said: SDR_OK with facts, SDR_NOTFOUND when all are sure, or
 * SDR_TEMPFAIL. */
struct sdr_answer {
    enum sdr_status status;
    enum sdr_origin origin;
    struct sdr_facts facts;
    struct sdr_error error; /* why not now */
};

/* The loop marks of a message that name this site. */
struct sdr_marks {
    unsigned count;
    time_t newest; /* 0 if there is none */
};

/* "pass", "redirect", ... */
SDR_PUBLIC const char *
sdr_verdict_name(enum sdr_verdict_kind kind);

/* "none", "directory", "replica" */
SDR_PUBLIC const char *
sdr_origin_name(enum sdr_origin origin);

/* Judge RECIPIENT, as the MTA passes it, without asking anybody. Returns
 * SDR_NOTFOUND if a lookup of question->keys must decide, else SDR_OK with the
 * verdict (a pass) filled in. */
enum sdr_status SDR_MUST_USE
sdr_route_begin(const struct sdr_config *config, const char *recipient,
                struct sdr_question *question, struct sdr_verdict *verdict);

/* Decide by the answer. Fills the whole verdict. */
void
sdr_route_decide(const struct sdr_config *config,
                 const struct sdr_question *question,
                 const struct sdr_answer *answer, struct sdr_verdict *verdict);

/* The name of the header that carries loop marks. */
#define SDR_MARK_HEADER "X-SDR-Routed"

/* Count VALUE, a mark header's value, if it names this site. */
SDR_PUBLIC void
sdr_route_mark(const struct sdr_config *config, struct sdr_marks *marks,
               const char *value);

/* Write the value of the mark that a message gets when a recipient leaves. */
SDR_PUBLIC void
sdr_route_mark_format(const struct sdr_config *config, time_t now, char *value,
                      size_t size);

/* True if a message with these marks has been here too often: recipients that
 * would leave again must not, unless another recipient stays. REPLY then says
 * 451 4.4.6 while the newest mark is young, 554 5.4.6 after. */
SDR_PUBLIC bool
sdr_route_guard(const struct sdr_config *config, const struct sdr_marks *marks,
                time_t now, struct sdr_reply *reply);

#endif
