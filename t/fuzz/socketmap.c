/* socketmap.c - fuzz target: queries to the lookup tables
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The input is everything that one client sends.
 */
#include "socketmap.h"

#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "netstring.h"
#include "world.h"

/* A socket buffer has room for this much, so that write() does not block. */
enum { INPUT_MAX = 32768 };

/* ---- addresses that an answer may contain ---- */

struct allowed {
    unsigned count;
    char text[2 * (SDR_SITES_MAX + 2)][SDR_ADDRESS_MAX + 1];
};

static void
allow(struct allowed *allowed, const char *text)
{
    snprintf(allowed->text[allowed->count++], sizeof allowed->text[0], "%s",
             text);
}

static void
allow_address(struct allowed *allowed, const struct sdr_address *address)
{
    char text[SDR_ADDRESS_MAX + 1];

    sdr_address_format(address, text, sizeof text);
    allow(allowed, text);
}

/* Allow the targets of KEY, and its mailbox, also in this site's routing
 * domain. */
static void
allow_for(struct sdr *sdr, struct allowed *allowed, const char *key)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    struct sdr_verdict verdict;
    struct sdr_address address;
    const struct sdr_name *name;

    sdr_decide(sdr, key, NULL, &verdict);
    for (unsigned i = 0; i < verdict.target_count; i++)
        allow(allowed, verdict.targets[i].address);
    if (sdr_address_parse(&address, key) != SDR_OK)
        return;
    allow_address(allowed, &address);
    name = sdr_config_name(config, address.domain);
    if (name == NULL || name->kind != SDR_NAME_SPLIT)
        return;
    snprintf(address.domain, sizeof address.domain, "%s",
             config->domains[name->split].routing[config->this_site]);
    allow_address(allowed, &address);
}

/* Postfix asks for an unquoted local part: allow KEY with its octets taken
 * literally. */
static void
allow_for_literal(struct sdr *sdr, struct allowed *allowed, const char *key)
{
    char text[2 * SDR_ADDRESS_MAX + 3];
    const char *at = strrchr(key, '@');

    if (at == NULL || strlen(key) > SDR_ADDRESS_MAX
        || !sdr_address_quote(key, (size_t)(at - key), text,
                              sizeof text - strlen(at)))
        return;
    strcat(text, at);
    allow_for(sdr, allowed, text);
}

/* Check a list of addresses, separated by ", ". A quoted local part may contain
 * ", " too, so the allowed addresses are compared one by one. */
static void
check_list(const struct allowed *allowed, const char *list)
{
    while (*list != '\0') {
        size_t len = 0;

        for (unsigned i = 0; i < allowed->count && len == 0; i++) {
            const char *text = allowed->text[i];
            size_t n = strlen(text);

            if (strncmp(list, text, n) == 0
                && (list[n] == '\0' || strncmp(list + n, ", ", 2) == 0))
                len = n;
        }
        FUZZ_RULE(len > 0);
        list += len;
        list += *list == ',' ? 2 : 0;
    }
}

/* Check one address in which each percent sign is doubled. */
static void
check_redirect(const struct allowed *allowed, const char *text)
{
    char single[SDR_ADDRESS_MAX + 1];
    size_t n = 0;

    for (; *text != '\0'; text++) {
        FUZZ_RULE(n < SDR_ADDRESS_MAX);
        if (*text == '%')
            FUZZ_RULE(*++text == '%');
        single[n++] = *text;
    }
    single[n] = '\0';
    check_list(allowed, single);
}

/* ---- one answer ---- */

static void
check_ok(struct sdr *sdr, const char *question, const char *answer)
{
    const char *key = strchr(question, ' ') + 1;
    static struct allowed allowed; /* large */

    allowed.count = 0;
    if (strncmp(question, "recipient ", 10) == 0) {
        FUZZ_RULE(strcmp(answer, "OK known") == 0);
    } else if (strncmp(question, "transport ", 10) == 0) {
        FUZZ_RULE(strcmp(answer, "OK smtp:[mx.far.test]:25") == 0);
    } else if (strncmp(question, "route ", 6) == 0) {
        allow_for(sdr, &allowed, key);
        allow_for_literal(sdr, &allowed, key);
        check_list(&allowed, answer + 3);
    } else if (strncmp(question, "redirect ", 9) == 0) {
        allow_for(sdr, &allowed, key);
        check_redirect(&allowed, answer + 3);
    } else {
        FUZZ_RULE(false); /* there is no key for copy names: no other
                             table finds anything */
    }
}

static void
check_answer(struct sdr *sdr, const char *question, const char *answer,
             size_t len)
{
    FUZZ_RULE(len < SOCKETMAP_ANSWER_MAX);
    FUZZ_RULE(strlen(answer) == len && fuzz_is_clean(answer));
    if (strncmp(answer, "OK ", 3) == 0) {
        FUZZ_RULE(answer[3] != '\0');
        check_ok(sdr, question, answer);
        return;
    }
    FUZZ_RULE(strcmp(answer, "NOTFOUND ") == 0
              || strncmp(answer, "TEMP 4.", 7) == 0
              || strncmp(answer, "PERM ", 5) == 0);
}

/* The client receives the answer as one netstring, and nothing else. */
static void
check_written(int fd, int peer, const char *answer, size_t len)
{
    static char wanted[SOCKETMAP_ANSWER_MAX + 16], got[sizeof wanted];
    static char octets[NETSTRING_FRAME + SOCKETMAP_ANSWER_MAX];
    int size = snprintf(wanted, sizeof wanted, "%zu:%s,", len, answer);
    size_t octets_len = netstring_format(octets, answer, len);

    FUZZ_RULE(octets_len == (size_t)size);
    FUZZ_RULE(send(fd, octets, octets_len, MSG_NOSIGNAL) == size);
    FUZZ_RULE(recv(peer, got, sizeof got, MSG_DONTWAIT) == size);
    FUZZ_RULE(memcmp(got, wanted, (size_t)size) == 0);
}

/* Read the next query. Returns false if there are no more. */
static bool
read_one(struct netstring_reader *reader, char **text, size_t *len)
{
    enum netstring_status status = netstring_take(reader, text, len);

    while (status == NETSTRING_PART
           && netstring_receive(reader) == NETSTRING_OK)
        status = netstring_take(reader, text, len);
    return status == NETSTRING_OK;
}

/* Answer all queries, as milter/socketmap_server.c does. */
static void
converse(int fd, int peer)
{
    struct netstring_reader reader = {.fd = fd};
    struct socketmap_session session = {.settled = ""};
    char *text = NULL;
    size_t len;

    while (read_one(&reader, &text, &len)) {
        struct sdr *sdr = world_get();
        char *answer = malloc(SOCKETMAP_ANSWER_MAX);
        size_t answer_len;
        bool needs;

        FUZZ_RULE(answer != NULL && len <= NETSTRING_MAX);
        needs = socketmap_needs_directory(sdr, &session, text, len);
        world_was_asked = false;
        answer_len = socketmap_answer(sdr, &session, true, text, len, answer);
        FUZZ_RULE(needs || !world_was_asked);
        check_answer(sdr, text, answer, answer_len);
        check_written(fd, peer, answer, answer_len);
        free(answer);
        sdr_close(&sdr);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];

    if (size > INPUT_MAX)
        return 0;
    FUZZ_RULE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    FUZZ_RULE(write(fds[1], data, size) == (ssize_t)size);
    shutdown(fds[1], SHUT_WR);
    converse(fds[0], fds[1]);
    close(fds[1]);
    close(fds[0]);
    return 0;
}
