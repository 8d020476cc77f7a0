/* milter.c - fuzzed: what an MTA says to the milter, from negotiation to QUIT
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An input that begins with a NUL is the octets of a connection. Any other is a
 * script for an MTA that is played by this file: it speaks the protocol, and
 * keeps the envelope that is edited. Lines, by their first letter:
 *
 *   V TEXT, M TEXT, I TEXT   macros from now on: v, {rcpt_mailer}, i; without a
 *                            text there is none
 *   Q                        the MTA never tells {rcpt_addr}; before any R
 *   N ACTIONS STEPS VERSION  another connection, with this offer (hexadecimal)
 *   S NUMBER                 the milter reads so many octets at once
 *   F                        MAIL
 *   R GIVEN TAB RESOLVED TAB PARAMETER...   RCPT; without RESOLVED it is GIVEN
 *   T ADDRESS                the lookup table has told everything about it
 *   H VALUE                  a loop mark among the headers
 *   D, U                     DATA to the body; an unknown command
 *   E, A, K, C               end of message, abort, QUIT_NC, another connection
 */
#include <arpa/inet.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "envelope.h"
#include "fuzz.h"
#include "route.h"
#include "service.h"
#include "told.h"
#include "wire.h"
#include "world.h"

enum { WORDS_MAX = 8 };

/* The MTA's own map of addresses: it says the same of one each time. */
struct mapped {
    char *text, *resolved;
};

static struct {
    struct wire wire;
    uint32_t offer[3];       /* actions, steps, version */
    uint32_t actions, steps; /* agreed on */
    bool is_open, in_message, has_rcpt, in_content;
    char *version_text, *mailer, *id;
    bool is_quiet;
    struct mapped map[RECIPIENTS_MAX];
    unsigned map_count;
    struct envelope envelope;
} mta;

/* ---- the rest of the program ---- */

struct sdr *
service_get(void)
{
    return world_get();
}

bool
service_is_verbose(void)
{
    return true;
}

bool
told_since(const struct sdr_address *mailbox, int64_t moment)
{
    (void)moment;
    return envelope_is_told(&mta.envelope, mailbox);
}

/* ---- what the milter answers ---- */

static void
hear_nothing(void)
{
    struct packet packet;

    FUZZ_RULE(mta.wire.end == SESSION_GOES_ON);
    FUZZ_RULE(!wire_hear(&mta.wire, &packet));
}

static void
hear_continue(void)
{
    struct packet packet;

    FUZZ_RULE(wire_hear(&mta.wire, &packet));
    FUZZ_RULE(packet.command == SMFIR_CONTINUE && packet.len == 0);
    hear_nothing();
}

/* "550 5.1.1 text", which an MTA reads as a format. */
static void
check_reply(const struct packet *packet)
{
    const char *text = packet->data;

    FUZZ_RULE(packet->len > 10 && text[packet->len - 1] == '\0');
    FUZZ_RULE(strlen(text) == packet->len - 1 && fuzz_is_clean(text));
    FUZZ_RULE((text[0] == '4' || text[0] == '5') && text[3] == ' ');
    FUZZ_RULE(text[4] == text[0] && text[5] == '.');
    for (const char *s = text; (s = strchr(s, '%')) != NULL; s += 2)
        FUZZ_RULE(s[1] == '%');
}

/* True if it goes on. */
static bool
hear_decision(const struct packet *packet)
{
    switch (packet->command) {
    case SMFIR_CONTINUE:
    case SMFIR_TEMPFAIL:
        FUZZ_RULE(packet->len == 0);
        break;
    case SMFIR_REPLYCODE:
        check_reply(packet);
        break;
    default:
        FUZZ_RULE(false);
    }
    hear_nothing();
    return packet->command == SMFIR_CONTINUE;
}

static void
hear_added(struct packet_strings *strings)
{
    const char *path = packet_string(strings);
    size_t len = strlen(path);

    FUZZ_RULE(len > 2 && path[0] == '<' && path[len - 1] == '>');
    FUZZ_RULE(fuzz_is_clean(path));
    envelope_add(&mta.envelope, path, NULL, true);
}

static void
hear_mark(struct packet_strings *strings)
{
    const char *name = packet_string(strings);
    const char *value = packet_string(strings);

    FUZZ_RULE(strcmp(name, SDR_MARK_HEADER) == 0 && value != NULL);
    FUZZ_RULE(strncmp(value, "onprem; ", 8) == 0 && fuzz_is_clean(value));
    mta.envelope.marks++;
}

/* False if it is none. */
static bool
hear_edit(const struct packet *packet)
{
    struct packet_strings strings;
    uint32_t action;

    switch (packet->command) {
    case SMFIR_ADDRCPT:
        action = SMFIF_ADDRCPT;
        break;
    case SMFIR_ADDRCPT_PAR:
        action = SMFIF_ADDRCPT_PAR;
        break;
    case SMFIR_DELRCPT:
        action = SMFIF_DELRCPT;
        break;
    case SMFIR_ADDHEADER:
        action = SMFIF_ADDHDRS;
        break;
    default:
        return false;
    }
    FUZZ_RULE((mta.actions & action) != 0);
    FUZZ_RULE(packet_strings(packet->data, packet->len, &strings));
    if (action == SMFIF_DELRCPT)
        envelope_delete(&mta.envelope, packet_string(&strings));
    else if (action == SMFIF_ADDHDRS)
        hear_mark(&strings);
    else
        hear_added(&strings);
    return true;
}

/* ---- what the MTA says ---- */

static void
say(char command, const char *text)
{
    wire_begin(&mta.wire, command);
    if (text != NULL)
        wire_put_text(&mta.wire, text);
    wire_end(&mta.wire);
}

/* A step that the milter may want left out, or may not answer. */
static void
step(char command, uint32_t without, uint32_t silent, const char *text)
{
    if ((mta.steps & without) != 0)
        return;
    say(command, text);
    if ((mta.steps & silent) != 0)
        hear_nothing();
    else
        hear_continue();
}

static void
put_macro(const char *name, const char *value)
{
    if (value == NULL)
        return;
    wire_put_text(&mta.wire, name);
    wire_put_text(&mta.wire, value);
}

/* All of them at each stage. */
static void
say_macros(char stage, const char *resolved)
{
    wire_begin(&mta.wire, SMFIC_MACRO);
    wire_put(&mta.wire, &stage, 1);
    put_macro("i", mta.id);
    put_macro(stage == SMFIC_RCPT ? "{v}" : "v", mta.version_text);
    if (stage == SMFIC_RCPT) {
        put_macro("{rcpt_mailer}", mta.mailer);
        put_macro("{rcpt_addr}", resolved);
    }
    wire_end(&mta.wire);
    hear_nothing();
}

static void
greet(void)
{
    static const char connect[] = "client.test\0U";

    if ((mta.steps & SMFIP_NOCONNECT) == 0) {
        say_macros(SMFIC_CONNECT, NULL);
        wire_begin(&mta.wire, SMFIC_CONNECT);
        wire_put(&mta.wire, connect, sizeof connect - 1);
        wire_end(&mta.wire);
        hear_continue();
    }
    step(SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO, "client.test");
}

static void
say_number(uint32_t number)
{
    number = htonl(number);
    wire_put(&mta.wire, &number, sizeof number);
}

/* What is agreed on was offered; no actions and no steps are those of version
 * 1. False if the milter does not speak this version. */
static bool
negotiate(void)
{
    uint32_t actions = mta.offer[0] != 0 ? mta.offer[0] : SMFI_V1_ACTS;
    uint32_t steps = mta.offer[1] != 0 ? mta.offer[1] : SMFI_V1_PROT;
    uint32_t version = mta.offer[2];
    struct packet packet;

    wire_begin(&mta.wire, SMFIC_OPTNEG);
    say_number(version);
    say_number(mta.offer[0]);
    say_number(mta.offer[1]);
    wire_end(&mta.wire);
    if (version < 2 || version > INT32_MAX) {
        FUZZ_RULE(mta.wire.end == SESSION_BROKEN);
        return false;
    }
    FUZZ_RULE(wire_hear(&mta.wire, &packet) && packet.len >= 12);
    FUZZ_RULE(packet.command == SMFIC_OPTNEG);
    FUZZ_RULE(packet_number(packet.data) == (version < 6 ? version : 6));
    mta.actions = packet_number(packet.data + 4);
    mta.steps = packet_number(packet.data + 8);
    FUZZ_RULE((mta.actions & ~actions) == 0 && (mta.steps & ~steps) == 0);
    FUZZ_RULE((packet.len > 12) == ((mta.actions & SMFIF_SETSYMLIST) != 0));
    hear_nothing();
    return true;
}

static void
forget_message(void)
{
    envelope_clear(&mta.envelope);
    mta.in_message = mta.has_rcpt = mta.in_content = false;
}

static void
hang_up(void)
{
    wire_clear(&mta.wire);
    forget_message();
    mta.is_open = false;
    FUZZ_RULE(world_references() == 0);
}

/* A connection, if there is none; false if there can be none. */
static bool
open_connection(void)
{
    if (!mta.is_open) {
        if (!negotiate()) {
            hang_up();
            return false;
        }
        greet();
        mta.is_open = true;
    }
    return true;
}

static void
begin_message(void)
{
    if (!open_connection())
        return;
    envelope_clear(&mta.envelope);
    say_macros(SMFIC_MAIL, NULL);
    step(SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL, "<>");
    mta.in_message = true;
    mta.has_rcpt = mta.in_content = false;
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

/* What one client has given is what the MTA has made of another's, and nobody
 * can read it: by this text no MTA could be told which of the two is meant. */
static bool
is_ambiguous(const char *given, const char *resolved)
{
    struct sdr_address address;

    for (unsigned i = 0; i < mta.envelope.count; i++) {
        const struct rcpt *r = &mta.envelope.rcpts[i];

        if (strcmp(r->given, given) == 0)
            continue;
        if ((strcmp(r->given, resolved) == 0
             && sdr_address_parse(&address, resolved) != SDR_OK)
            || (r->resolved != NULL && strcmp(r->resolved, given) == 0
                && sdr_address_parse(&address, given) != SDR_OK))
            return true;
    }
    return false;
}

/* True if the milter takes it. */
static bool
ask(char *const *words)
{
    struct packet packet;

    wire_begin(&mta.wire, SMFIC_RCPT);
    for (; *words != NULL; words++)
        wire_put_text(&mta.wire, *words);
    wire_end(&mta.wire);
    FUZZ_RULE(wire_hear(&mta.wire, &packet));
    return hear_decision(&packet);
}

static void
say_recipient(char *line)
{
    char *words[WORDS_MAX + 1] = {NULL};
    const char *resolved = NULL;
    unsigned count = 0;
    bool taken;
    char *word;

    while (count < WORDS_MAX && (word = strsep(&line, "\t")) != NULL) {
        if (count == 1 && resolved == NULL)
            resolved = word;
        else
            words[count++] = word;
    }
    if (!mta.in_message)
        begin_message();
    resolved = resolve(words[0], resolved);
    if (!mta.is_open || mta.in_content || mta.map_count == RECIPIENTS_MAX
        || mta.envelope.count == RECIPIENTS_MAX
        || is_ambiguous(words[0], resolved))
        return;
    if (mta.is_quiet)
        resolved = NULL;
    say_macros(SMFIC_RCPT, resolved);
    taken = ask(words);
    mta.has_rcpt = true;
    if (mta.mailer == NULL)
        FUZZ_RULE(taken);
    if (taken && !is_refused())
        envelope_add(&mta.envelope, words[0], resolved, false);
}

static void
say_header(const char *value)
{
    if (!mta.has_rcpt)
        return;
    mta.in_content = true;
    wire_begin(&mta.wire, SMFIC_HEADER);
    wire_put_text(&mta.wire, SDR_MARK_HEADER);
    wire_put_text(&mta.wire, value);
    wire_end(&mta.wire);
    if ((mta.steps & SMFIP_NR_HDR) != 0)
        hear_nothing();
    else
        hear_continue();
}

static void
say_content(void)
{
    if (!mta.has_rcpt || mta.in_content)
        return;
    mta.in_content = true;
    step(SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA, NULL);
    say_header("hosted; 1");
    step(SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH, NULL);
    step(SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY, "Hello\r\n");
}

/* Where it does not go on nothing is edited. */
static void
end_message(void)
{
    struct packet packet;
    unsigned edits = 0;

    if (!mta.has_rcpt)
        return;
    say_macros(SMFIC_BODYEOB, NULL);
    say(SMFIC_BODYEOB, NULL);
    while (wire_hear(&mta.wire, &packet) && hear_edit(&packet))
        edits++;
    if (hear_decision(&packet))
        envelope_check(&mta.envelope);
    else
        FUZZ_RULE(edits == 0);
    forget_message();
}

static void
say_alone(char command)
{
    if (!mta.is_open)
        return;
    say(command, NULL);
    hear_nothing();
    forget_message();
}

static void
say_unknown(const char *text)
{
    if (mta.is_open)
        step(SMFIC_UNKNOWN, SMFIP_NOUNKNOWN, SMFIP_NR_UNKN, text);
}

/* ---- the script ---- */

/* What is left out stays as it was. */
static void
offer(char *text)
{
    char *word;

    hang_up();
    for (unsigned i = 0; i < 3 && (word = strsep(&text, " ")) != NULL; i++)
        mta.offer[i] = (uint32_t)strtoul(word, NULL, 16);
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
    struct envelope *envelope = &mta.envelope;

    if (envelope->told_count < RECIPIENTS_MAX
        && sdr_address_parse(&envelope->told[envelope->told_count], text)
               == SDR_OK)
        envelope->told_count++;
}

static void
obey(char command, char *text)
{
    switch (command) {
    case 'V':
        set_macro(&mta.version_text, text);
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
        offer(text);
        break;
    case 'S':
        mta.wire.cut = strtoul(text, NULL, 10);
        break;
    case 'F':
        begin_message();
        break;
    case 'R':
        say_recipient(text);
        break;
    case 'T':
        note_told(text);
        break;
    case 'H':
        say_header(text);
        break;
    case 'D':
        say_content();
        break;
    case 'U':
        say_unknown(text);
        break;
    case 'E':
        end_message();
        break;
    case 'A':
        say_alone(SMFIC_ABORT);
        break;
    case 'K':
        say_alone(SMFIC_QUIT_NC);
        break;
    case 'C':
        hang_up();
        break;
    default:
        break;
    }
}

static void
play(const char *script, size_t size)
{
    struct fuzz_lines lines = {script, script + size};
    char *line;
    size_t len;

    while ((line = fuzz_line(&lines, &len)) != NULL) {
        obey(line[0], line + (len > 1 ? 2 : len));
        free(line);
    }
}

/* ---- any octets ---- */

/* Whole packets that a milter may say, and no more of them than it is asked
 * for. */
static void
hear_anything(void)
{
    static const char known[] = {
        SMFIC_OPTNEG,  SMFIR_CONTINUE, SMFIR_TEMPFAIL,    SMFIR_REPLYCODE,
        SMFIR_ADDRCPT, SMFIR_DELRCPT,  SMFIR_ADDRCPT_PAR, SMFIR_ADDHEADER,
    };
    struct packet packet;

    while (wire_hear(&mta.wire, &packet)) {
        FUZZ_RULE(memchr(known, packet.command, sizeof known) != NULL);
        if (packet.command == SMFIR_REPLYCODE)
            check_reply(&packet);
    }
}

static void
say_anything(const char *octets, size_t size)
{
    mta.wire.cut = size % 7;
    wire_say_octets(&mta.wire, octets, size);
    hear_anything();
}

static void
forget_all(void)
{
    for (unsigned i = 0; i < mta.map_count; i++) {
        free(mta.map[i].text);
        free(mta.map[i].resolved);
    }
    free(mta.version_text);
    free(mta.mailer);
    free(mta.id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&mta, 0, sizeof mta);
    mta.offer[0] = SMFI_CURR_ACTS;
    mta.offer[1] = SMFI_CURR_PROT;
    mta.offer[2] = 6;
    if (size > 0 && data[0] == '\0')
        say_anything((const char *)data, size);
    else
        play((const char *)data, size);
    hang_up();
    forget_all();
    return 0;
}
