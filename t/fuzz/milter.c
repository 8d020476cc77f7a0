/* milter.c - fuzz target: a connection of an MTA to the milter
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An input that begins with a NUL is sent as it is. Any other input is a script
 * for a simulated MTA, see played.h. The first letter of a line is a command:
 *
 *   V TEXT, M TEXT, I TEXT   set the macro v, {rcpt_mailer} or i; without TEXT,
 *                            unset it
 *   Q                        never send {rcpt_addr}; ignored after the first R
 *   N ACTIONS STEPS VERSION  reconnect with this offer (hexadecimal)
 *   S NUMBER                 the milter receives so many octets at a time
 *   F                        MAIL
 *   R GIVEN TAB RESOLVED TAB PARAMETER...   RCPT; the default of RESOLVED is
 *                            GIVEN without brackets
 *   L                        the tables rewrite from the next message on;
 *                            ignored within a message
 *   H VALUE                  a header with a loop mark
 *   D                        DATA, a header, the end of headers, a body
 *   U TEXT                   an unknown command
 *   E, A, K, C               end of message, abort, QUIT_NC, reconnect
 */
#include "protocol/constants.h"

#include "configuration.h"
#include "fuzz.h"
#include "played.h"
#include "world.h"

/* ---- configuration.c ---- */

struct sdr *
configuration_get(void)
{
    return world_get();
}

bool
configuration_is_verbose(void)
{
    return true;
}

/* ---- the script ---- */

/* Reconnect with the numbers in TEXT; a missing one keeps its value. */
static void
offer(char *text)
{
    char *word;

    played_hang_up();
    for (unsigned i = 0; i < 3 && (word = strsep(&text, " ")) != NULL; i++)
        played.offer[i] = (uint32_t)strtoul(word, NULL, 16);
}

static void
set_macro(char **macro, const char *text)
{
    free(*macro);
    *macro = text[0] == '\0' ? NULL : fuzz_text(text, strlen(text));
}

static void
obey(char command, char *text)
{
    switch (command) {
    case 'V':
        set_macro(&played.version_text, text);
        break;
    case 'M':
        set_macro(&played.mailer, text);
        break;
    case 'I':
        set_macro(&played.id, text);
        break;
    case 'Q':
        played.is_quiet |= played.map_count == 0;
        break;
    case 'N':
        offer(text);
        break;
    case 'S':
        played.wire.cut = strtoul(text, NULL, 10);
        break;
    case 'F':
        played_mail();
        break;
    case 'R':
        played_rcpt(text);
        break;
    case 'L':
        played_leave_to_tables();
        break;
    case 'H':
        played_header(text);
        break;
    case 'D':
        played_content();
        break;
    case 'U':
        played_unknown(text);
        break;
    case 'E':
        played_end();
        break;
    case 'A':
        played_alone(SMFIC_ABORT);
        break;
    case 'K':
        played_alone(SMFIC_QUIT_NC);
        break;
    case 'C':
        played_hang_up();
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

/* ---- arbitrary octets ---- */

/* The milter sends only complete packets with commands that it may send. */
static void
hear_anything(void)
{
    static const char known[] = {
        SMFIC_OPTNEG,  SMFIR_CONTINUE, SMFIR_TEMPFAIL,    SMFIR_REPLYCODE,
        SMFIR_ADDRCPT, SMFIR_DELRCPT,  SMFIR_ADDRCPT_PAR, SMFIR_ADDHEADER,
    };
    struct packet packet;

    while (wire_hear(&played.wire, &packet)) {
        FUZZ_RULE(memchr(known, packet.command, sizeof known) != NULL);
        if (packet.command == SMFIR_REPLYCODE)
            played_check_reply(&packet);
    }
}

static void
say_anything(const char *octets, size_t size)
{
    played.wire.cut = size % 7;
    wire_say_octets(&played.wire, octets, size);
    hear_anything();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    played_begin();
    if (size > 0 && data[0] == '\0')
        say_anything((const char *)data, size);
    else
        play((const char *)data, size);
    played_clear();
    return 0;
}
