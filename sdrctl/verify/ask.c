/* ask.c - sdrctl verify: test the mailboxes at each site
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/recipients.h"
#include "print.h"
#include "verify/verify.h"

/* The time limit for each recipient, in seconds. Some servers delay a rejection
 * by five seconds. */
enum { EACH = 6 };
/* The minimum number of recipients of other sites that a site must accept,
 * without rejecting any, to be considered one that routes their mail. */
enum { MANY = 3 };
/* The interval of progress messages, in milliseconds. */
enum { PROGRESS_MS = 200 };

/* The test of one site. */
struct asking {
    struct verify *verify;
    unsigned site;
    struct recipients
        recipients; /* the mailboxes, in order; then the controls */
    size_t mailboxes;
    bool shows;         /* progress messages, on a terminal */
    int64_t shown_next; /* time of the next progress message */
};

static const char *
site_name(const struct asking *asking)
{
    return asking->verify->config->sites[asking->site].name;
}

/* ---- messages ---- */

static void
show_progress(void *arg, size_t done)
{
    struct asking *asking = arg;

    if (!asking->shows || sdr_clock() < asking->shown_next)
        return;
    asking->shown_next = sdr_clock() + PROGRESS_MS;
    fprintf(stderr, "\rsite %s: %zu of %zu ", site_name(asking), done,
            asking->recipients.count);
    fflush(stderr);
}

static void
show_wait(void *arg)
{
    struct asking *asking = arg;

    if (!asking->shows)
        return;
    asking->shown_next = sdr_clock() + PROGRESS_MS;
    fprintf(stderr, "\rsite %s: tries again in %u s ", site_name(asking),
            asking->verify->retry_after);
    fflush(stderr);
}

static void
end_progress(const struct asking *asking)
{
    if (asking->shows && asking->shown_next > 0)
        fprintf(stderr, "\r%*s\r", (int)strlen(site_name(asking)) + 52, "");
}

static void
warn(const struct asking *asking, const char *what, const char *more)
{
    struct sdr_error warning;

    sdr_error_set(&warning, "warning: site %s %s%s", site_name(asking), what,
                  more);
    print_error_line(&warning);
}

/* ---- the recipients ---- */

static bool
add_mailboxes(struct asking *asking)
{
    for (size_t i = 0; i < asking->verify->count; i++) {
        const struct mailbox *mailbox = &asking->verify->mailboxes[i];
        const char *recipient =
            mailbox->found ? mailbox->answers[asking->site].recipient : NULL;

        if (recipient != NULL
            && !recipients_add(&asking->recipients, recipient))
            return false;
    }
    asking->mailboxes = asking->recipients.count;
    return true;
}

/* Add a mailbox of another site, which this one should reject. */
static bool
add_control(struct asking *asking, const char *text)
{
    const struct sdr_config *config = asking->verify->config;
    struct sdr_address address;
    const struct sdr_name *name = NULL;
    const char *domain;
    char recipient[SDR_ADDRESS_MAX + 1];

    if (sdr_address_parse_path(&address, text) == SDR_OK)
        name = sdr_config_name(config, address.domain);
    if (name == NULL || name->kind != SDR_NAME_SPLIT)
        return true;
    domain = asking->site != config->this_site
                     && config->sites[asking->site].delivery == SDR_REWRITE
                 ? config->domains[name->split].routing[asking->site]
                 : config->domains[name->split].ascii;
    sdr_address_join(address.local, domain, recipient, sizeof recipient);
    return recipients_add(&asking->recipients, recipient);
}

static bool
add_controls(struct asking *asking)
{
    const struct sdr_config *config = asking->verify->config;

    for (unsigned s = 0; s < config->site_count; s++) {
        const struct sdr_list *list = &config->sites[s].verify_addresses;

        for (unsigned i = 0; s != asking->site && i < list->count; i++) {
            if (!add_control(asking, list->items[i]))
                return false;
        }
    }
    return true;
}

/* ---- results ---- */

static enum answer_kind
kind_of(const struct asking *asking, const struct recipient *item)
{
    const struct recipient *probe = &asking->recipients.probes[item->probe];

    if (probe->result == RECIPIENT_ACCEPTED)
        return ANSWER_ANY;
    switch (item->result) {
    case RECIPIENT_UNTRIED:
        return ANSWER_NONE;
    case RECIPIENT_ACCEPTED:
        /* Not certain until the probe has been rejected. */
        return probe->result == RECIPIENT_REJECTED ? ANSWER_ACCEPTED
                                                   : ANSWER_DEFERRED;
    case RECIPIENT_REJECTED:
        return ANSWER_REJECTED;
    case RECIPIENT_DEFERRED:
        return ANSWER_DEFERRED;
    }
    return ANSWER_NONE;
}

/* Returns the reply, which the caller frees. An accepted recipient whose probe
 * has no result yet is reported as uncertain. */
static char *
reply_of(const struct asking *asking, struct recipient *item)
{
    const struct recipient *probe = &asking->recipients.probes[item->probe];
    char *reply = item->reply;

    item->reply = NULL;
    if (item->result != RECIPIENT_ACCEPTED
        || probe->result == RECIPIENT_ACCEPTED
        || probe->result == RECIPIENT_REJECTED)
        return reply;
    free(reply);
    if (asprintf(&reply, "not known whether it rejects unknown recipients: %s",
                 probe->reply != NULL ? probe->reply : "no reply")
        < 0)
        reply = NULL;
    return reply;
}

static bool
is_owner(const struct asking *asking, const struct mailbox *mailbox)
{
    return (mailbox->owners & (sdr_sites)1 << asking->site) != 0;
}

/* Set the answers, and count those for mailboxes at other sites. */
static void
set_answers(struct asking *asking, size_t *accepted, size_t *rejected)
{
    size_t next = 0;

    for (size_t i = 0; i < asking->verify->count; i++) {
        struct mailbox *mailbox = &asking->verify->mailboxes[i];
        struct answer *answer =
            mailbox->found ? &mailbox->answers[asking->site] : NULL;
        struct recipient *item;

        if (answer == NULL || answer->recipient == NULL)
            continue;
        item = &asking->recipients.items[next++];
        answer->kind = kind_of(asking, item);
        answer->reply = reply_of(asking, item);
        judge_reply(asking->verify->config, asking->site, answer);
        if (is_owner(asking, mailbox))
            continue;
        *accepted += answer->kind == ANSWER_ACCEPTED;
        *rejected += answer->kind == ANSWER_REJECTED;
    }
}

/* True if the site accepts mail for other sites and rejects none: it routes the
 * mail itself. */
static bool
does_route(const struct asking *asking, size_t accepted, size_t rejected)
{
    size_t controls = 0;

    for (size_t i = asking->mailboxes; i < asking->recipients.count; i++) {
        enum answer_kind kind = kind_of(asking, &asking->recipients.items[i]);

        controls += kind == ANSWER_ACCEPTED;
        rejected += kind == ANSWER_REJECTED;
    }
    return rejected == 0 && accepted > 0 && (controls > 0 || accepted >= MANY);
}

static void
mark_routed(struct asking *asking)
{
    for (size_t i = 0; i < asking->verify->count; i++) {
        struct mailbox *mailbox = &asking->verify->mailboxes[i];

        if (mailbox->found && !is_owner(asking, mailbox)
            && mailbox->answers[asking->site].kind == ANSWER_ACCEPTED)
            mailbox->answers[asking->site].kind = ANSWER_ROUTES;
    }
    warn(asking,
         "accepts all recipients of other sites: it routes their mail itself, "
         "or has a mailbox for each of them",
         "");
}

static void
take_results(struct asking *asking)
{
    size_t accepted = 0, rejected = 0;

    for (size_t i = 0; i < asking->recipients.probe_count; i++) {
        const struct recipient *probe = &asking->recipients.probes[i];

        if (probe->result == RECIPIENT_ACCEPTED)
            warn(asking,
                 "accepts any recipient, so its answers prove nothing: "
                 "in ",
                 recipient_domain(probe));
    }
    set_answers(asking, &accepted, &rejected);
    if (does_route(asking, accepted, rejected))
        mark_routed(asking);
}

/* ---- all sites ---- */

static bool
ask_site(struct verify *verify, unsigned site)
{
    struct asking asking = {
        .verify = verify, .site = site, .shows = isatty(STDERR_FILENO) == 1};
    const struct recipient_check check = {
        .network = &verify->network,
        .site = &verify->config->sites[site],
        .host = verify->sites[site].at,
        .stops = true,
        .rate = verify->rate,
        .each = EACH,
        .retries = verify->retries,
        .retry_after = verify->retry_after,
        .progress = show_progress,
        .waits = show_wait,
        .arg = &asking,
    };
    struct sdr_error error = {""};
    bool ok = add_mailboxes(&asking);

    if (ok && asking.mailboxes > 0 && add_controls(&asking)) {
        if (recipients_check(&check, &asking.recipients, &error) != SDR_OK) {
            end_progress(&asking);
            warn(&asking, "was not asked to the end: ", error.text);
        }
        end_progress(&asking);
        take_results(&asking);
    } else {
        ok &= asking.mailboxes == 0;
    }
    recipients_clear(&asking.recipients);
    return ok;
}

bool
verify_ask(struct verify *verify)
{
    unsigned sites = verify->config->site_count;

    for (unsigned i = 0; i < sites; i++) {
        if (verify->sites[i].asked && !ask_site(verify, i))
            return false;
    }
    for (size_t i = 0; i < verify->count; i++) {
        struct mailbox *mailbox = &verify->mailboxes[i];

        if (mailbox->found)
            mailbox->finding = judge(mailbox->owners, mailbox->answers, sites);
        verify->counts[mailbox->finding]++;
    }
    return true;
}
