/* milter.c - fuzzed: what an MTA says to the milter, from MAIL to close
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libmilter and the MTA behind it are played by this file: the callbacks are
 * called as libmilter does, and the smfi_ functions edit an envelope. The input
 * is lines, by their first letter:
 *
 *   V TEXT, M TEXT, I TEXT   macros from now on: v, {rcpt_mailer}, i; without a
 *                            text there is none
 *   Q                        the MTA never tells {rcpt_addr}; before any R
 *   N HEX                    negotiation, with these actions
 *   F                        MAIL
 *   R GIVEN TAB RESOLVED TAB PARAMETER...   RCPT; without RESOLVED it is GIVEN
 *   T ADDRESS                the lookup table has told everything about it
 *   H VALUE                  a loop mark among the headers
 *   ! NUMBER                 of the calls that follow the one so far away fails
 *   E, A, C                  end of message, abort, another connection
 */
#include "callbacks.h"

#include <strings.h>

#include <libmilter/mfapi.h>

#include "address.h"
#include "fuzz.h"
#include "route.h"
#include "service.h"
#include "told.h"
#include "world.h"

enum { RECIPIENTS_MAX = 64, WORDS_MAX = 8 };

struct rcpt {
    char *given;
    const char *resolved; /* NULL: not told */
    bool added;           /* by the milter */
    bool gone;
};

/* The MTA's own map of addresses: it says the same of one each time. */
struct mapped {
    char *text, *resolved;
};

struct smfi_str {
    void *priv;
    char *version, *mailer, *id;
    const char *resolved;
    bool is_quiet;
    unsigned long actions;
    struct mapped map[RECIPIENTS_MAX];
    unsigned map_count;
    struct rcpt envelope[RECIPIENTS_MAX * 8];
    unsigned count;
    struct sdr_address told[RECIPIENTS_MAX];
    unsigned told_count;
    unsigned marks;
    unsigned long fail_in; /* 0: none */
    bool edit_failed;
    char reply; /* the class of the one that was set; 0: none */
};

static struct smfi_str mta;
static struct smfiDesc milter;

/* ---- libmilter ---- */

int
smfi_register(struct smfiDesc description)
{
    milter = description;
    return MI_SUCCESS;
}

int
smfi_setpriv(SMFICTX *ctx, void *priv)
{
    ctx->priv = priv;
    return MI_SUCCESS;
}

void *
smfi_getpriv(SMFICTX *ctx)
{
    return ctx->priv;
}

char *
smfi_getsymval(SMFICTX *ctx, char *name)
{
    if (strcmp(name, "v") == 0)
        return ctx->version;
    if (strcmp(name, "i") == 0)
        return ctx->id;
    if (strcmp(name, "{rcpt_mailer}") == 0)
        return ctx->mailer;
    FUZZ_RULE(strcmp(name, "{rcpt_addr}") == 0);
    return (char *)(uintptr_t)ctx->resolved;
}

int
smfi_setsymlist(SMFICTX *ctx, int where, char *macros)
{
    (void)ctx;
    FUZZ_RULE(where == SMFIM_ENVRCPT && macros[0] != '\0');
    return MI_SUCCESS;
}

static bool
fails(SMFICTX *ctx)
{
    return ctx->fail_in > 0 && --ctx->fail_in == 0;
}

/* libmilter reads the text as a format. */
int
smfi_setreply(SMFICTX *ctx, char *code, char *enhanced, char *text)
{
    FUZZ_RULE(strlen(code) == 3 && (code[0] == '4' || code[0] == '5'));
    FUZZ_RULE(enhanced[0] == code[0]);
    FUZZ_RULE(fuzz_is_clean(text));
    for (const char *s = text; (s = strchr(s, '%')) != NULL; s += 2)
        FUZZ_RULE(s[1] == '%');
    if (fails(ctx))
        return MI_FAILURE;
    ctx->reply = code[0];
    return MI_SUCCESS;
}

static int
edit(SMFICTX *ctx, unsigned long action)
{
    if ((ctx->actions & action) != 0 && !fails(ctx))
        return MI_SUCCESS;
    ctx->edit_failed = true;
    return MI_FAILURE;
}

static void
add(SMFICTX *ctx, const char *path)
{
    size_t len = strlen(path);

    FUZZ_RULE(len > 2 && path[0] == '<' && path[len - 1] == '>');
    FUZZ_RULE(fuzz_is_clean(path));
    FUZZ_RULE(ctx->count < sizeof ctx->envelope / sizeof ctx->envelope[0]);
    ctx->envelope[ctx->count++] =
        (struct rcpt){.given = fuzz_text(path, len), .added = true};
}

/* Where it fails it may be tried again without parameters. */
int
smfi_addrcpt_par(SMFICTX *ctx, char *path, char *parameters)
{
    (void)parameters;
    if ((ctx->actions & SMFIF_ADDRCPT_PAR) == 0 || fails(ctx))
        return MI_FAILURE;
    add(ctx, path);
    return MI_SUCCESS;
}

int
smfi_addrcpt(SMFICTX *ctx, char *path)
{
    if (edit(ctx, SMFIF_ADDRCPT) != MI_SUCCESS)
        return MI_FAILURE;
    add(ctx, path);
    return MI_SUCCESS;
}

/* By the client's text, or by the MTA's own. */
int
smfi_delrcpt(SMFICTX *ctx, char *text)
{
    if (edit(ctx, SMFIF_DELRCPT) != MI_SUCCESS)
        return MI_FAILURE;
    for (unsigned i = 0; i < ctx->count; i++) {
        struct rcpt *r = &ctx->envelope[i];

        if (strcmp(r->given, text) == 0
            || (r->resolved != NULL && strcmp(r->resolved, text) == 0))
            r->gone = true;
    }
    return MI_SUCCESS;
}

int
smfi_addheader(SMFICTX *ctx, char *name, char *value)
{
    FUZZ_RULE(strcmp(name, SDR_MARK_HEADER) == 0);
    FUZZ_RULE(strncmp(value, "onprem; ", 8) == 0 && fuzz_is_clean(value));
    ctx->marks++;
    return edit(ctx, SMFIF_ADDHDRS);
}

/* ---- the rest of the program ---- */

struct sdr *
service_get(void)
{
    return world_get();
}

void
service_wake(void)
{
}

bool
told_since(const struct sdr_address *mailbox, int64_t moment)
{
    (void)moment;
    for (unsigned i = 0; i < mta.told_count; i++) {
        if (sdr_address_same(&mta.told[i], mailbox))
            return true;
    }
    return false;
}

/* ---- the rules ---- */

/* What the decision about a recipient has to be made of; false if the MTA's map
 * has made another mailbox of it, which stays. */
static bool
decide(const struct rcpt *r, struct sdr_address *mailbox,
       struct sdr_verdict *verdict)
{
    struct sdr *sdr = world_get();
    struct sdr_address given, resolved;
    bool has_given = sdr_address_parse(&given, r->given) == SDR_OK;
    bool has_resolved = r->resolved != NULL
                        && sdr_address_parse(&resolved, r->resolved) == SDR_OK;

    memset(mailbox, 0, sizeof *mailbox);
    if (has_given)
        *mailbox = given;
    else if (has_resolved)
        *mailbox = resolved;
    sdr_decide(sdr, has_given || !has_resolved ? r->given : r->resolved, NULL,
               verdict);
    sdr_close(&sdr);
    return !has_given || !has_resolved || sdr_address_same(&given, &resolved);
}

/* True if mail for the mailbox is delivered. */
static bool
is_present(const struct sdr_address *mailbox)
{
    for (unsigned i = 0; i < mta.count; i++) {
        const struct rcpt *r = &mta.envelope[i];
        const char *text = r->resolved != NULL ? r->resolved : r->given;
        struct sdr_address other;

        if (!r->gone
            && ((sdr_address_parse(&other, r->given) == SDR_OK
                 && sdr_address_same(&other, mailbox))
                || (sdr_address_parse(&other, text) == SDR_OK
                    && sdr_address_same(&other, mailbox))))
            return true;
    }
    return false;
}

static void
check_targets(const struct sdr_verdict *verdict)
{
    for (unsigned i = 0; i < verdict->target_count; i++) {
        struct sdr_address target;

        FUZZ_RULE(sdr_address_parse(&target, verdict->targets[i].address)
                  == SDR_OK);
        FUZZ_RULE(is_present(&target));
    }
}

/* Sendmail knows a user of its own by name alone; see message.h. */
static bool
has_bare_name(const struct rcpt *r)
{
    return r->resolved != NULL && strchr(r->resolved, '@') == NULL;
}

/* The MTA has made another mailbox of it, which stays; unless by just this text
 * there is one that does not: then that is who gets it. */
static void
check_mapped(const struct rcpt *r)
{
    const struct rcpt same = {.given = (char *)(uintptr_t)r->resolved};
    struct sdr_address mailbox;
    struct sdr_verdict verdict;

    if (!r->gone)
        return;
    (void)decide(&same, &mailbox, &verdict);
    FUZZ_RULE(verdict.kind == SDR_REDIRECT);
    check_targets(&verdict);
}

/* Kept, or replaced by all its targets; never lost. */
static void
check_recipient(const struct rcpt *r)
{
    struct sdr_address mailbox;
    struct sdr_verdict verdict;
    bool ours = decide(r, &mailbox, &verdict);
    bool told = told_since(&mailbox, 0);

    if (!ours) {
        check_mapped(r);
        return;
    }
    FUZZ_RULE(!r->gone || verdict.kind == SDR_REDIRECT);
    if (!told || r->gone)
        check_targets(&verdict);
    if (!told && verdict.kind == SDR_REDIRECT && !has_bare_name(r))
        FUZZ_RULE(r->gone);
    if (verdict.leaves)
        FUZZ_RULE(mta.marks == 1);
}

/* A target of somebody, and added once. */
static void
check_added(const struct rcpt *added)
{
    struct sdr_address target, other;
    unsigned times = 0;
    bool wanted = false;

    FUZZ_RULE(sdr_address_parse(&target, added->given) == SDR_OK);
    for (unsigned i = 0; i < mta.count; i++) {
        const struct rcpt *r = &mta.envelope[i];
        struct sdr_verdict verdict;

        if (r->added) {
            times += sdr_address_parse(&other, r->given) == SDR_OK
                     && sdr_address_same(&other, &target);
            continue;
        }
        if (!decide(r, &other, &verdict))
            continue;
        for (unsigned k = 0; k < verdict.target_count; k++)
            wanted |=
                sdr_address_parse(&other, verdict.targets[k].address) == SDR_OK
                && sdr_address_same(&other, &target);
    }
    FUZZ_RULE(wanted && times == 1);
}

static void
check_envelope(void)
{
    FUZZ_RULE(!mta.edit_failed && mta.marks <= 1);
    for (unsigned i = 0; i < mta.count; i++) {
        if (mta.envelope[i].added)
            check_added(&mta.envelope[i]);
        else
            check_recipient(&mta.envelope[i]);
    }
}

static void
check_status(sfsistat status)
{
    switch (status) {
    case SMFIS_CONTINUE:
        FUZZ_RULE(mta.reply == 0);
        break;
    case SMFIS_REJECT:
        FUZZ_RULE(mta.reply == '5');
        break;
    case SMFIS_TEMPFAIL:
        FUZZ_RULE(mta.reply == 0 || mta.reply == '4');
        break;
    default:
        FUZZ_RULE(false);
    }
}

/* ---- the MTA ---- */

static void
forget_envelope(void)
{
    for (unsigned i = 0; i < mta.count; i++)
        free(mta.envelope[i].given);
    mta.count = mta.told_count = mta.marks = 0;
    mta.edit_failed = false;
    mta.reply = 0;
}

static void
begin_message(void)
{
    char *arguments[] = {(char *)(uintptr_t) "<>", NULL};

    forget_envelope();
    FUZZ_RULE(milter.xxfi_envfrom(&mta, arguments) == SMFIS_NOREPLY);
}

/* What it maps by: the mailbox, however it is spelled; else the text. */
static char *
map_key(const char *given)
{
    char text[2 * SDR_ADDRESS_MAX + 4];
    struct sdr_address address;

    if (sdr_address_parse(&address, given) != SDR_OK)
        return fuzz_text(given, strlen(given));
    snprintf(text, sizeof text, "%s@%s", address.folded, address.domain);
    return fuzz_text(text, strlen(text));
}

/* Without brackets. */
static char *
bare(const char *given)
{
    size_t len = strlen(given);

    if (len >= 2 && given[0] == '<' && given[len - 1] == '>')
        return fuzz_text(given + 1, len - 2);
    return fuzz_text(given, len);
}

static const char *
resolve(const char *given, const char *wanted)
{
    char *key = map_key(given);

    for (unsigned i = 0; i < mta.map_count; i++) {
        if (strcmp(mta.map[i].text, key) == 0) {
            free(key);
            return mta.map[i].resolved;
        }
    }
    if (mta.map_count == RECIPIENTS_MAX) {
        free(key);
        return NULL;
    }
    mta.map[mta.map_count].text = key;
    mta.map[mta.map_count].resolved =
        wanted != NULL ? fuzz_text(wanted, strlen(wanted)) : bare(given);
    return mta.map[mta.map_count++].resolved;
}

static bool
is_refused(void)
{
    return mta.mailer != NULL && strcmp(mta.mailer, "error") == 0;
}

static void
send_recipient(char *line)
{
    char *words[WORDS_MAX + 1] = {NULL};
    const char *resolved = NULL;
    unsigned count = 0;
    sfsistat status;
    char *word;

    while (count < WORDS_MAX && (word = strsep(&line, "\t")) != NULL) {
        if (count == 1 && resolved == NULL)
            resolved = word;
        else
            words[count++] = word;
    }
    resolved = resolve(words[0], resolved);
    if (mta.map_count == RECIPIENTS_MAX || mta.count == RECIPIENTS_MAX)
        return;
    mta.resolved = mta.is_quiet ? NULL : resolved;
    mta.reply = 0;
    status = milter.xxfi_envrcpt(&mta, words);
    check_status(status);
    if (mta.mailer == NULL)
        FUZZ_RULE(status == SMFIS_CONTINUE);
    if (status == SMFIS_CONTINUE && !is_refused())
        mta.envelope[mta.count++] =
            (struct rcpt){.given = fuzz_text(words[0], strlen(words[0])),
                          .resolved = mta.resolved};
    mta.resolved = NULL;
}

static void
send_header(char *value)
{
    char name[] = SDR_MARK_HEADER;

    FUZZ_RULE(milter.xxfi_header(&mta, name, value) == SMFIS_NOREPLY);
}

static void
end_message(void)
{
    sfsistat status;

    mta.reply = 0;
    status = milter.xxfi_eom(&mta);
    check_status(status);
    if (status == SMFIS_CONTINUE)
        check_envelope();
    forget_envelope();
}

static void
abort_message(void)
{
    FUZZ_RULE(milter.xxfi_abort(&mta) == SMFIS_CONTINUE);
    forget_envelope();
}

static void
close_connection(void)
{
    milter.xxfi_close(&mta);
    FUZZ_RULE(mta.priv == NULL && world_references() == 0);
    forget_envelope();
}

static void
negotiate(const char *text)
{
    unsigned long actions = strtoul(text, NULL, 16), steps = ~0UL, a = 0, b = 0;

    FUZZ_RULE(milter.xxfi_negotiate(&mta, actions, steps, 0, 0, &actions,
                                    &steps, &a, &b)
              == SMFIS_CONTINUE);
    FUZZ_RULE((actions & ~strtoul(text, NULL, 16)) == 0);
    mta.actions = actions;
}

static void
set_macro(char **macro, const char *text)
{
    free(*macro);
    *macro = text[0] == '\0' ? NULL : fuzz_text(text, strlen(text));
}

static void
note_told(const char *text)
{
    if (mta.told_count < RECIPIENTS_MAX
        && sdr_address_parse(&mta.told[mta.told_count], text) == SDR_OK)
        mta.told_count++;
}

static void
obey(char command, char *text)
{
    switch (command) {
    case 'V':
        set_macro(&mta.version, text);
        break;
    case 'M':
        set_macro(&mta.mailer, text);
        break;
    case 'I':
        set_macro(&mta.id, text);
        break;
    case 'Q':
        mta.is_quiet |= mta.map_count == 0;
        break;
    case 'N':
        negotiate(text);
        break;
    case 'F':
        begin_message();
        break;
    case 'R':
        send_recipient(text);
        break;
    case 'T':
        note_told(text);
        break;
    case 'H':
        send_header(text);
        break;
    case '!':
        mta.fail_in = strtoul(text, NULL, 10);
        break;
    case 'E':
        end_message();
        break;
    case 'A':
        abort_message();
        break;
    case 'C':
        close_connection();
        break;
    default:
        break;
    }
}

static void
forget_all(void)
{
    for (unsigned i = 0; i < mta.map_count; i++) {
        free(mta.map[i].text);
        free(mta.map[i].resolved);
    }
    free(mta.version);
    free(mta.mailer);
    free(mta.id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_lines lines = {(const char *)data, (const char *)data + size};
    char *line;
    size_t len;

    if (milter.xxfi_eom == NULL)
        FUZZ_RULE(callbacks_register(true));
    memset(&mta, 0, sizeof mta);
    mta.actions = ~0UL;
    while ((line = fuzz_line(&lines, &len)) != NULL) {
        obey(line[0], line + (len > 1 ? 2 : len));
        free(line);
    }
    close_connection();
    forget_all();
    return 0;
}
