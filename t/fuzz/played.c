/* played.c - see played.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "played.h"

#include <arpa/inet.h>

#include "protocol/constants.h"

#include "fuzz.h"
#include "path.h"
#include "decision/loop.h"
#include "world.h"

struct played played;

/* ---- replies of the milter ---- */

static void
hear_nothing(void)
{
    struct packet packet;

    FUZZ_RULE(played.wire.end == SESSION_GOES_ON);
    FUZZ_RULE(!wire_hear(&played.wire, &packet));
}

static void
hear_continue(void)
{
    struct packet packet;

    FUZZ_RULE(wire_hear(&played.wire, &packet));
    FUZZ_RULE(packet.command == SMFIR_CONTINUE && packet.len == 0);
    hear_nothing();
}

void
played_check_reply(const struct packet *packet)
{
    const char *text = packet->data;

    FUZZ_RULE(packet->len > 10 && text[packet->len - 1] == '\0');
    FUZZ_RULE(strlen(text) == packet->len - 1 && fuzz_is_clean(text));
    FUZZ_RULE((text[0] == '4' || text[0] == '5') && text[3] == ' ');
    FUZZ_RULE(text[4] == text[0] && text[5] == '.');
    for (const char *s = text; (s = strchr(s, '%')) != NULL; s += 2)
        FUZZ_RULE(s[1] == '%');
}

/* Returns true if the reply is "continue". */
static bool
hear_decision(const struct packet *packet)
{
    switch (packet->command) {
    case SMFIR_CONTINUE:
    case SMFIR_TEMPFAIL:
        FUZZ_RULE(packet->len == 0);
        break;
    case SMFIR_REPLYCODE:
        played_check_reply(packet);
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
    envelope_add(&played.envelope, path, NULL, true, false);
}

static void
hear_mark(struct packet_strings *strings)
{
    const char *name = packet_string(strings);
    const char *value = packet_string(strings);

    FUZZ_RULE(strcmp(name, SDR_MARK_HEADER) == 0 && value != NULL);
    FUZZ_RULE(strncmp(value, "onprem; ", 8) == 0 && fuzz_is_clean(value));
    played.envelope.marks++;
}

/* Carry out an edit of the message. Returns false if the packet is no edit. */
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
    FUZZ_RULE((played.actions & action) != 0);
    FUZZ_RULE(packet_strings(packet->data, packet->len, &strings));
    if (action == SMFIF_DELRCPT)
        envelope_delete(&played.envelope, packet_string(&strings));
    else if (action == SMFIF_ADDHDRS)
        hear_mark(&strings);
    else
        hear_added(&strings);
    return true;
}

/* ---- commands of the MTA ---- */

static void
say(char command, const char *text)
{
    wire_begin(&played.wire, command);
    if (text != NULL)
        wire_put_text(&played.wire, text);
    wire_end(&played.wire);
}

/* Send a step, unless the milter negotiated WITHOUT. There is a reply, unless
 * it negotiated SILENT. */
static void
step(char command, uint32_t without, uint32_t silent, const char *text)
{
    if ((played.steps & without) != 0)
        return;
    say(command, text);
    if ((played.steps & silent) != 0)
        hear_nothing();
    else
        hear_continue();
}

static void
put_macro(const char *name, const char *value)
{
    if (value == NULL)
        return;
    wire_put_text(&played.wire, name);
    wire_put_text(&played.wire, value);
}

/* Send all macros of this stage. */
static void
say_macros(char stage, const char *resolved)
{
    wire_begin(&played.wire, SMFIC_MACRO);
    wire_put(&played.wire, &stage, 1);
    put_macro("i", played.id);
    put_macro(stage == SMFIC_RCPT ? "{v}" : "v", played.version_text);
    if (stage == SMFIC_RCPT) {
        put_macro("{rcpt_mailer}", played.mailer);
        put_macro("{rcpt_addr}", resolved);
    }
    wire_end(&played.wire);
    hear_nothing();
}

static void
greet(void)
{
    static const char connect[] = "client.test\0U";

    if ((played.steps & SMFIP_NOCONNECT) == 0) {
        say_macros(SMFIC_CONNECT, NULL);
        wire_begin(&played.wire, SMFIC_CONNECT);
        wire_put(&played.wire, connect, sizeof connect - 1);
        wire_end(&played.wire);
        hear_continue();
    }
    step(SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO, "client.test");
}

static void
say_number(uint32_t number)
{
    number = htonl(number);
    wire_put(&played.wire, &number, sizeof number);
}

/* Negotiate. The milter may agree only to what was offered; an offer of 0 means
 * the actions or steps of version 1. Returns false if the milter does not
 * support this version. */
static bool
negotiate(void)
{
    uint32_t actions = played.offer[0] != 0 ? played.offer[0] : SMFI_V1_ACTS;
    uint32_t steps = played.offer[1] != 0 ? played.offer[1] : SMFI_V1_PROT;
    uint32_t version = played.offer[2];
    struct packet packet;

    wire_begin(&played.wire, SMFIC_OPTNEG);
    say_number(version);
    say_number(played.offer[0]);
    say_number(played.offer[1]);
    wire_end(&played.wire);
    if (version < 2 || version > INT32_MAX) {
        FUZZ_RULE(played.wire.end == SESSION_BROKEN);
        return false;
    }
    FUZZ_RULE(wire_hear(&played.wire, &packet) && packet.len >= 12);
    FUZZ_RULE(packet.command == SMFIC_OPTNEG);
    FUZZ_RULE(packet_number(packet.data) == (version < 6 ? version : 6));
    played.actions = packet_number(packet.data + 4);
    played.steps = packet_number(packet.data + 8);
    FUZZ_RULE((played.actions & ~actions) == 0 && (played.steps & ~steps) == 0);
    FUZZ_RULE((packet.len > 12) == ((played.actions & SMFIF_SETSYMLIST) != 0));
    hear_nothing();
    return true;
}

static void
forget_message(void)
{
    envelope_clear(&played.envelope);
    played.in_message = played.has_rcpt = played.in_content = false;
}

void
played_hang_up(void)
{
    wire_clear(&played.wire);
    forget_message();
    played.is_open = false;
    FUZZ_RULE(world_references() == 0);
}

/* Connect if there is no connection. Returns false if negotiation fails. */
static bool
open_connection(void)
{
    if (!played.is_open) {
        if (!negotiate()) {
            played_hang_up();
            return false;
        }
        greet();
        played.is_open = true;
    }
    return true;
}

void
played_mail(void)
{
    if (!open_connection())
        return;
    envelope_clear(&played.envelope);
    say_macros(SMFIC_MAIL, NULL);
    step(SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL, "<>");
    played.in_message = true;
    played.has_rcpt = played.in_content = false;
}

/* Returns the key of the map: the mailbox, or the text if it is no address. */
static char *
map_key(const char *given)
{
    char text[2 * SDR_ADDRESS_MAX + 4], alone[PATH_TEXT_MAX];
    struct sdr_address address;

    if (sdr_address_parse(&address, path_address(given, alone) ? alone : given)
        != SDR_OK)
        return fuzz_text(given, strlen(given));
    snprintf(text, sizeof text, "%s@%s", address.folded, address.domain);
    return fuzz_text(text, strlen(text));
}

/* Returns a copy without brackets. */
static char *
bare(const char *given)
{
    size_t len = strlen(given);

    if (len >= 2 && given[0] == '<' && given[len - 1] == '>')
        return fuzz_text(given + 1, len - 2);
    return fuzz_text(given, len);
}

/* Returns what GIVEN is mapped to. The first call for a mailbox sets that: to
 * WANTED, or to the given address if that is NULL. Returns NULL if the map is
 * full. */
static const char *
resolve(const char *given, const char *wanted)
{
    char *key = map_key(given);

    for (unsigned i = 0; i < played.map_count; i++) {
        if (strcmp(played.map[i].text, key) == 0) {
            free(key);
            return played.map[i].resolved;
        }
    }
    if (played.map_count == RECIPIENTS_MAX) {
        free(key);
        return NULL;
    }
    played.map[played.map_count].text = key;
    played.map[played.map_count].resolved =
        wanted != NULL ? fuzz_text(wanted, strlen(wanted)) : bare(given);
    return played.map[played.map_count++].resolved;
}

static bool
is_refused(void)
{
    return played.mailer != NULL && strcmp(played.mailer, "error") == 0;
}

/* Returns true if another recipient was mapped to GIVEN, or given as RESOLVED,
 * and that text cannot be parsed. If the milter deletes by such a text, the MTA
 * cannot know which of the two recipients is meant. */
static bool
is_ambiguous(const char *given, const char *resolved)
{
    struct sdr_address address;

    for (unsigned i = 0; i < played.envelope.count; i++) {
        const struct rcpt *r = &played.envelope.rcpts[i];

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

/* Send RCPT. Returns true if the milter accepts the recipient. */
static bool
ask(char *const *words)
{
    struct packet packet;

    wire_begin(&played.wire, SMFIC_RCPT);
    for (; *words != NULL; words++)
        wire_put_text(&played.wire, *words);
    wire_end(&played.wire);
    FUZZ_RULE(wire_hear(&played.wire, &packet));
    return hear_decision(&packet);
}

void
played_rcpt(char *line)
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
    if (!played.in_message)
        played_mail();
    resolved = resolve(words[0], resolved);
    if (!played.is_open || played.in_content
        || played.map_count == RECIPIENTS_MAX
        || played.envelope.count == RECIPIENTS_MAX
        || is_ambiguous(words[0], resolved))
        return;
    if (played.is_quiet)
        resolved = NULL;
    say_macros(SMFIC_RCPT, resolved);
    taken = ask(words);
    played.has_rcpt = true;
    if (played.mailer == NULL)
        FUZZ_RULE(taken);
    if (taken && !is_refused())
        envelope_add(&played.envelope, words[0], resolved, false,
                     path_mta_of(played.version_text) == PATH_POSTFIX);
}

void
played_header(const char *value)
{
    if (!played.has_rcpt)
        return;
    played.in_content = true;
    wire_begin(&played.wire, SMFIC_HEADER);
    wire_put_text(&played.wire, SDR_MARK_HEADER);
    wire_put_text(&played.wire, value);
    wire_end(&played.wire);
    if ((played.steps & SMFIP_NR_HDR) != 0)
        hear_nothing();
    else
        hear_continue();
}

void
played_content(void)
{
    if (!played.has_rcpt || played.in_content)
        return;
    played.in_content = true;
    step(SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA, NULL);
    played_header("hosted; 1");
    step(SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH, NULL);
    step(SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY, "Hello\r\n");
}

/* A refused message must not have been edited. */
void
played_end(void)
{
    struct packet packet;
    unsigned edits = 0;

    if (!played.has_rcpt)
        return;
    say_macros(SMFIC_BODYEOB, NULL);
    say(SMFIC_BODYEOB, NULL);
    while (wire_hear(&played.wire, &packet) && hear_edit(&packet))
        edits++;
    if (hear_decision(&packet))
        envelope_check(&played.envelope);
    else
        FUZZ_RULE(edits == 0);
    forget_message();
}

void
played_alone(char command)
{
    if (!played.is_open)
        return;
    say(command, NULL);
    hear_nothing();
    forget_message();
}

void
played_unknown(const char *text)
{
    if (played.is_open)
        step(SMFIC_UNKNOWN, SMFIP_NOUNKNOWN, SMFIP_NR_UNKN, text);
}

/* ---- begin and end ---- */

void
played_leave_to_tables(void)
{
    if (played.in_message)
        return;
    world_milter_rewrites(false);
    played.envelope.by_tables = true;
}

void
played_begin(void)
{
    memset(&played, 0, sizeof played);
    world_milter_rewrites(true);
    played.offer[0] = SMFI_CURR_ACTS;
    played.offer[1] = SMFI_CURR_PROT;
    played.offer[2] = 6;
}

void
played_clear(void)
{
    played_hang_up();
    for (unsigned i = 0; i < played.map_count; i++) {
        free(played.map[i].text);
        free(played.map[i].resolved);
    }
    free(played.version_text);
    free(played.mailer);
    free(played.id);
}
