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

void
verify_as_text(const struct verify *verify)
{
    char reason[REASON_SIZE];

    for (size_t i = 0; i < verify->count; i++) {
        const struct mailbox *mailbox = &verify->mailboxes[i];

        if (!is_listed(mailbox))
            continue;
        get_reason(verify, mailbox, reason);
        printf("%-8s ", finding_texts[mailbox->finding].name);
        print_clean(mailbox->address);
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
