/* output.c - the findings as text, CSV and JSON
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>

#include "csv.h"
#include "json.h"
#include "print.h"
#include "verify/verify.h"

enum { REASON_SIZE = 3072 };

static void
get_reason(const struct verify *verify, const struct mailbox *mailbox,
           char reason[REASON_SIZE])
{
    if (mailbox->found)
        judge_reason(verify->config, mailbox->owners, mailbox->answers,
                     mailbox->finding, reason, REASON_SIZE);
    else
        snprintf(reason, REASON_SIZE, "%s",
                 mailbox->reason != NULL ? mailbox->reason : "");
}

/* ---- text ---- */

static bool
is_listed(const struct mailbox *mailbox)
{
    return mailbox->finding != FINDING_OK
           && mailbox->finding != FINDING_UNASKED;
}

static bool
proves_nothing(const struct answer *answer)
{
    return answer->kind == ANSWER_ANY || answer->kind == ANSWER_ROUTES;
}

/* Mailboxes that are unproven for the same sites are one line. */
static bool
is_grouped(const struct mailbox *mailbox)
{
    return mailbox->finding == FINDING_UNPROVEN && mailbox->found;
}

static bool
is_alike(const struct verify *verify, const struct mailbox *a,
         const struct mailbox *b)
{
    if (!is_grouped(a) || !is_grouped(b) || a->owners != b->owners)
        return false;
    for (unsigned i = 0; i < verify->config->site_count; i++) {
        if ((proves_nothing(&a->answers[i]) || proves_nothing(&b->answers[i]))
            && a->answers[i].kind != b->answers[i].kind)
            return false;
    }
    return true;
}

static bool
is_in_earlier_line(const struct verify *verify, size_t index)
{
    const struct mailbox *mailbox = &verify->mailboxes[index];

    for (size_t i = 0; i < index && is_grouped(mailbox); i++) {
        if (is_alike(verify, &verify->mailboxes[i], mailbox))
            return true;
    }
    return false;
}

/* Print the addresses of the line that begins with this mailbox. */
static void
print_addresses(const struct verify *verify, size_t index)
{
    enum { NAMED = 3 };
    const struct mailbox *first = &verify->mailboxes[index];
    size_t count = 1;

    print_clean(first->address);
    for (size_t i = index + 1; i < verify->count && is_grouped(first); i++) {
        const struct mailbox *mailbox = &verify->mailboxes[i];

        if (!is_alike(verify, first, mailbox) || count++ >= NAMED)
            continue;
        fputs(", ", stdout);
        print_clean(mailbox->address);
    }
    if (count > NAMED)
        printf(" and %zu more", count - NAMED);
}

void
verify_as_text(const struct verify *verify)
{
    char reason[REASON_SIZE];

    for (size_t i = 0; i < verify->count; i++) {
        const struct mailbox *mailbox = &verify->mailboxes[i];

        if (!is_listed(mailbox) || is_in_earlier_line(verify, i))
            continue;
        get_reason(verify, mailbox, reason);
        printf("%-8s ", finding_texts[mailbox->finding].name);
        print_addresses(verify, i);
        fputs(": ", stdout);
        print_clean(reason);
        putchar('\n');
    }
    for (int i = 0; i < FINDINGS; i++) {
        if (verify->counts[i] > 0)
            printf("%zu %s: %s\n", verify->counts[i], finding_texts[i].name,
                   finding_texts[i].words);
    }
}

/* ---- CSV ---- */

static void
put_owners(const struct sdr_config *config, sdr_sites owners)
{
    char text[2048] = "";
    size_t len = 0;

    for (unsigned i = 0; i < config->site_count && len < sizeof text; i++) {
        if ((owners & (sdr_sites)1 << i) != 0)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                                    len > 0 ? " " : "", config->sites[i].name);
    }
    csv_text(text);
}

void
verify_as_csv(const struct verify *verify)
{
    char reason[REASON_SIZE];

    fputs("recipient,finding,owners,reason\r\n", stdout);
    for (size_t i = 0; i < verify->count; i++) {
        const struct mailbox *mailbox = &verify->mailboxes[i];

        get_reason(verify, mailbox, reason);
        csv_text(mailbox->address);
        printf(",%s,", finding_texts[mailbox->finding].name);
        put_owners(verify->config, mailbox->owners);
        putchar(',');
        csv_text(reason);
        fputs("\r\n", stdout);
    }
}

/* ---- JSON ---- */

static json_t *
string_or_null(const char *text)
{
    return text != NULL ? make_string(text) : json_null();
}

static json_t *
make_answer(const struct sdr_config *config, unsigned site,
            const struct answer *answer)
{
    json_t *object = json_object();

    json_object_set_new(object, "site", make_string(config->sites[site].name));
    json_object_set_new(object, "answer",
                        json_string(answer_name(answer->kind)));
    json_object_set_new(object, "recipient", string_or_null(answer->recipient));
    json_object_set_new(object, "reply", string_or_null(answer->reply));
    json_object_set_new(object, "sends-to",
                        make_sites(config, answer->forwards));
    return object;
}

void
verify_as_json(const struct verify *verify)
{
    char reason[REASON_SIZE];

    for (size_t i = 0; i < verify->count; i++) {
        const struct mailbox *mailbox = &verify->mailboxes[i];
        json_t *object = json_object(), *answers = json_array();

        get_reason(verify, mailbox, reason);
        for (unsigned s = 0; mailbox->found && s < verify->config->site_count;
             s++)
            json_array_append_new(
                answers, make_answer(verify->config, s, &mailbox->answers[s]));
        json_object_set_new(object, "recipient", make_string(mailbox->address));
        json_object_set_new(object, "finding",
                            json_string(finding_texts[mailbox->finding].name));
        json_object_set_new(object, "owners",
                            make_sites(verify->config, mailbox->owners));
        json_object_set_new(object, "reason", make_string(reason));
        json_object_set_new(object, "answers", answers);
        print_object(object);
    }
}
