/* judge.c - see judge.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "verify/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct finding_text finding_texts[FINDINGS] = {
    [FINDING_LOOP] = {"loop", "sent back by their owner", true},
    [FINDING_LOST] = {"lost", "rejected by their owner", true},
    [FINDING_NOWHERE] = {"nowhere", "rejected by all sites", true},
    [FINDING_DOUBLE] = {"double", "accepted by another site too", true},
    [FINDING_NO_ENTRY] = {"no-entry", "in no directory", false},
    [FINDING_UNKNOWN] = {"unknown", "without a final answer", false},
    [FINDING_UNPROVEN] = {"unproven", "where an answer proves nothing", false},
    [FINDING_UNASKED] = {"unasked", "whose owner was not asked", false},
    [FINDING_OK] = {"ok", "accepted by their owner alone", false},
};

static const struct {
    const char *name, *words;
} answer_texts[] = {
    [ANSWER_NOT_ASKED] = {"not-asked", "was not asked"},
    [ANSWER_ACCEPTED] = {"accepted", "accepts"},
    [ANSWER_REJECTED] = {"rejected", "rejects"},
    [ANSWER_DEFERRED] = {"deferred", "temporarily refuses"},
    [ANSWER_NONE] = {"none", "gives no answer for"},
    [ANSWER_ANY] = {"any", "accepts any recipient"},
    [ANSWER_ROUTES] = {"routes", "accepts mail for other sites, such as"},
};

const char *
answer_name(enum answer_kind kind)
{
    return answer_texts[kind].name;
}

static sdr_sites
bit(unsigned site)
{
    return (sdr_sites)1 << site;
}

/* ---- the reply ---- */

/* Returns the site that a domain belongs to. A split domain belongs to none. */
static sdr_sites
sites_of(const struct sdr_config *config, const char *text, size_t len)
{
    char given[SDR_DOMAIN_MAX + 1], domain[SDR_DOMAIN_MAX + 1];
    const struct sdr_name *name;

    if (len == 0 || len >= sizeof given)
        return 0;
    memcpy(given, text, len);
    given[len] = '\0';
    if (sdr_address_domain(domain, given) != SDR_OK)
        return 0;
    name = sdr_config_name(config, domain);
    return name != NULL && name->kind != SDR_NAME_SPLIT ? bit(name->site) : 0;
}

/* Returns the sites whose domains are in addresses in the text. */
static sdr_sites
sites_in(const struct sdr_config *config, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    sdr_sites sites = 0;

    while ((text = strchr(text, '@')) != NULL) {
        size_t len = strspn(++text, letters);

        while (len > 0 && text[len - 1] == '.')
            len--; /* the full stop of the sentence */
        sites |= sites_of(config, text, len);
    }
    return sites;
}

/* True if the enhanced status code (RFC 3463) or the text reports a loop. */
static bool
says_loop(const char *reply)
{
    static const char *const codes[] = {"4.4.6",  "5.4.6",  "4.4.14",
                                        "5.4.14", "4.6.20", "5.6.20"};
    const char *code = strchr(reply, ' ');
    size_t len = code != NULL ? strcspn(++code, " ") : 0;

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strlen(codes[i]) == len && strncmp(codes[i], code, len) == 0)
            return true;
    }
    return strcasestr(reply, "loops back") != NULL
           || strcasestr(reply, "mail loop") != NULL
           || strcasestr(reply, "routing loop") != NULL;
}

void
judge_reply(const struct sdr_config *config, unsigned site,
            struct answer *answer)
{
    const char *reply = answer->reply;

    if (reply == NULL
        || (answer->kind != ANSWER_ACCEPTED && answer->kind != ANSWER_REJECTED
            && answer->kind != ANSWER_DEFERRED))
        return;
    answer->loops = answer->kind != ANSWER_ACCEPTED && says_loop(reply);
    answer->forwards = sites_in(config, reply) & ~bit(site);
}

/* ---- the mailbox ---- */

static bool
sends_back(const struct answer *answer)
{
    return answer->loops || answer->forwards != 0;
}

static bool
is_double(sdr_sites owners, const struct answer *answer)
{
    return answer->kind == ANSWER_ACCEPTED && (answer->forwards & owners) == 0;
}

/* True if this answer of a site leads to the finding. */
static bool
leads(enum finding finding, bool owner, sdr_sites owners,
      const struct answer *answer)
{
    switch (finding) {
    case FINDING_LOOP:
        return owner && sends_back(answer);
    case FINDING_LOST:
    case FINDING_NOWHERE:
        return owner && answer->kind == ANSWER_REJECTED;
    case FINDING_DOUBLE:
        return !owner && is_double(owners, answer);
    case FINDING_UNKNOWN:
        return answer->kind == ANSWER_DEFERRED || answer->kind == ANSWER_NONE;
    case FINDING_UNPROVEN:
        return answer->kind == ANSWER_ANY || answer->kind == ANSWER_ROUTES;
    case FINDING_UNASKED:
        return owner && answer->kind == ANSWER_NOT_ASKED;
    case FINDING_NO_ENTRY:
        return false;
    case FINDING_OK:
        return true;
    }
    return false;
}

static bool
all_reject(const struct answer *answers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (answers[i].kind != ANSWER_REJECTED)
            return false;
    }
    return true;
}

enum finding
judge(sdr_sites owners, const struct answer *answers, unsigned count)
{
    for (enum finding finding = FINDING_LOOP; finding < FINDING_OK; finding++) {
        for (unsigned i = 0; i < count; i++) {
            if (leads(finding, (owners & bit(i)) != 0, owners, &answers[i]))
                return finding == FINDING_LOST && all_reject(answers, count)
                           ? FINDING_NOWHERE
                           : finding;
        }
    }
    return FINDING_OK;
}

/* ---- the reason ---- */

struct writer {
    char *text;
    size_t size, len;
};

SDR_PRINTF(2, 3)
static void
put(struct writer *writer, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(writer->text + writer->len, writer->size - writer->len,
                  format, args);
    va_end(args);
    if (n > 0)
        writer->len += (size_t)n;
    if (writer->len >= writer->size)
        writer->len = writer->size - 1;
}

static void
put_clause(struct writer *writer, const struct sdr_config *config,
           unsigned site, bool owner, const struct answer *answer)
{
    bool about_one =
        answer->kind != ANSWER_NOT_ASKED && answer->kind != ANSWER_ANY;

    put(writer, "%s%s%s %s", writer->len > 0 ? "; " : "",
        config->sites[site].name, owner ? ", the owner," : "",
        answer_texts[answer->kind].words);
    if (about_one && answer->recipient != NULL)
        put(writer, " %s", answer->recipient);
    if (about_one && answer->reply != NULL)
        put(writer, ": %s", answer->reply);
    if (owner && answer->forwards != 0)
        for (unsigned i = 0; i < config->site_count; i++) {
            if ((answer->forwards & bit(i)) != 0)
                put(writer, "; it sends the mail to %s", config->sites[i].name);
        }
}

void
judge_reason(const struct sdr_config *config, sdr_sites owners,
             const struct answer *answers, enum finding finding, char *text,
             size_t size)
{
    struct writer writer = {text, size, 0};

    text[0] = '\0';
    for (unsigned i = 0; finding != FINDING_OK && i < config->site_count; i++) {
        bool owner = (owners & bit(i)) != 0;

        if (leads(finding, owner, owners, &answers[i])
            || finding == FINDING_NOWHERE
            || (finding == FINDING_LOST && is_double(owners, &answers[i])))
            put_clause(&writer, config, i, owner, &answers[i]);
    }
}
