/* common.c - words, domains, and findings that all mail servers share
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/clock.h"
#include "net/connect.h"
#include "net/inet.h"
#include "net/resolve.h"

/* ---- words ---- */

bool
next_word(const char **at, char *word, size_t size)
{
    static const char separators[] = ", \t\r\n";
    const char *start = *at + strspn(*at, separators), *end = start;
    bool braces = *start == '{';
    unsigned depth = 0;

    if (*start == '\0')
        return false;
    for (; *end != '\0'; end++) {
        if (*end == '{')
            depth++;
        else if (*end == '}' && depth > 0 && --depth == 0 && braces)
            break;
        else if (depth == 0 && strchr(separators, *end) != NULL)
            break;
    }
    *at = end + (braces && *end == '}');
    snprintf(word, size, "%.*s", (int)(end - start) - braces, start + braces);
    return true;
}

bool
has_word(const char *list, const char *wanted)
{
    char word[512];

    while (next_word(&list, word, sizeof word)) {
        if (strcasecmp(word, wanted) == 0)
            return true;
    }
    return false;
}

void
read_equate(const char *list, const char *key, char *value, size_t size)
{
    size_t len = strlen(key);

    value[0] = '\0';
    for (; *list != '\0'; list += strcspn(list, ", \t")) {
        list += strspn(list, ", \t");
        if (strncasecmp(list, key, len) == 0 && list[len] == '=')
            snprintf(value, size, "%.*s", (int)strcspn(list + len + 1, ", \t"),
                     list + len + 1);
    }
}

bool
is_below(const char *domain, const char *parent)
{
    size_t len = strlen(domain), tail = strlen(parent);

    return len > tail && domain[len - tail - 1] == '.'
           && strcasecmp(domain + len - tail, parent) == 0;
}

long
read_time(const char *text)
{
    static const char units[] = "smhdw";
    static const long seconds[] = {1, 60, 3600, 86400, 604800};
    char *end;
    long value = strtol(text, &end, 10);
    const char *unit = strchr(units, tolower((unsigned char)*end));

    if (end == text || value < 0 || value > 1000000 || unit == NULL)
        return -1;
    return *end == '\0' ? value : value * seconds[unit - units];
}

/* ---- domains ---- */

const struct sdr_name *
name_of(const struct mta *mta, const char *address)
{
    const char *at = strrchr(address, '@');
    char domain[SDR_DOMAIN_MAX + 1];

    return sdr_address_domain(domain, at == NULL ? address : at + 1) == SDR_OK
               ? sdr_config_name(mta->config, domain)
               : NULL;
}

bool
is_own(const struct mta *mta, const char *address)
{
    const struct sdr_name *name = name_of(mta, address);

    return name != NULL
           && (name->kind == SDR_NAME_SPLIT
               || (name->kind == SDR_NAME_ROUTING
                   && name->site == mta->config->this_site));
}

bool
is_foreign(const struct mta *mta, const char *address)
{
    const struct sdr_name *name = name_of(mta, address);

    return name != NULL && name->kind == SDR_NAME_ROUTING
           && name->site != mta->config->this_site;
}

void
for_each_domain(const struct sdr_config *config, domain_look *look, void *arg)
{
    for (unsigned i = 0; i < config->domain_count; i++) {
        const struct sdr_domain *domain = &config->domains[i];

        look(arg, domain->ascii, NULL);
        for (unsigned j = 0; domain->canonical == i && j < config->site_count;
             j++) {
            if (j == config->this_site)
                look(arg, domain->routing[j], NULL);
            else if (config->sites[j].delivery == SDR_REWRITE)
                look(arg, domain->routing[j], config->sites[j].name);
        }
    }
}

void
report_kept(struct mta *mta, const char *parameter, const char *domain,
            const char *site)
{
    report(mta, CHECK_WRONG, parameter, "take it out",
           "%s, of the site %s, is among them: mail for the site stays here",
           domain, site);
}

void
report_relayed(struct mta *mta, const char *parameter, const char *advice,
               const char *domain, const char *site)
{
    report(mta, CHECK_DOUBTFUL, parameter, advice,
           "anybody may relay to %s, of the site %s, through this host", domain,
           site);
}

void
report_loops_back(struct mta *mta, const char *table, const char *domain)
{
    char advice[128];

    snprintf(advice, sizeof advice,
             "name the host that has the mailboxes in %s", table);
    report(mta, CHECK_WRONG, table, advice,
           "mail for %s that stays here goes to its MX: it loops back", domain);
}

/* ---- sockets ---- */

bool
same_path(const char *a, const char *b)
{
    struct stat x, y;

    return strcmp(a, b) == 0
           || (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev
               && x.st_ino == y.st_ino);
}

/* "inet:HOST:PORT", as Postfix writes it, or "inet:PORT@HOST", as Sendmail
 * does. False if ADDRESS is neither. */
static bool
read_inet(const char *address, char host[DNS_NAME_SIZE], uint16_t *port)
{
    const char *text = strchr(address, ':'), *at = strchr(address, '@');
    char turned[DNS_NAME_SIZE + 8];

    if (text == NULL || strncasecmp(address, "inet", 4) != 0)
        return false;
    text++;
    if (at != NULL) {
        bool bare_ipv6 = strchr(at, ':') != NULL && at[1] != '[';

        snprintf(turned, sizeof turned, "%s%s%s:%.*s", bare_ipv6 ? "[" : "",
                 at + 1, bare_ipv6 ? "]" : "", (int)(at - text), text);
        text = turned;
    }
    return split_next_hop(text, host, port) && *port != 0;
}

/* Whether the mail server connects to OURS. It may know this host by any name:
 * a name is not held against it. */
static bool
is_inet_socket(const char *address, const struct sdr_inet *ours)
{
    struct sdr_inet theirs;
    char host[DNS_NAME_SIZE], numeric[DNS_NAME_SIZE + 16];
    uint16_t port;

    if (!read_inet(address, host, &port) || port != ours->port)
        return false;
    snprintf(numeric, sizeof numeric,
             strchr(host, ':') != NULL ? "inet:[%s]:%u" : "inet:%s:%u", host,
             port);
    return !sdr_inet_parse(numeric, &theirs) || ours->is_any
           || memcmp(&theirs.address, &ours->address, sizeof ours->address)
                  == 0;
}

bool
is_socket(const char *address, const char *socket)
{
    struct sdr_inet inet;

    if (sdr_inet_parse(socket, &inet))
        return is_inet_socket(address, &inet);
    return (strncmp(address, "unix:", 5) == 0
            || strncmp(address, "local:", 6) == 0)
           && same_path(strchr(address, ':') + 1, socket);
}

/* ADDRESS as in sdr.conf, or as the mail servers write it. */
static bool
open_socket(const char *address, int64_t deadline, int *fd,
            struct sdr_error *error)
{
    char host[DNS_NAME_SIZE];
    struct sdr_inet inet;
    uint16_t port = 0;

    if (sdr_inet_parse(address, &inet))
        return sdr_connect_address((const struct sockaddr *)&inet.address,
                                   inet.len, deadline, fd, error)
               == SDR_OK;
    if (read_inet(address, host, &port)) {
        sdr_resolve_init();
        return sdr_connect(host, port, deadline, fd, error) == SDR_OK;
    }
    if (strncmp(address, "unix:", 5) == 0 || strncmp(address, "local:", 6) == 0)
        address = strchr(address, ':') + 1;
    if (address[0] == '/')
        return sdr_connect_unix(address, deadline, fd, error) == SDR_OK;
    sdr_error_set(error, "%s is not the address of a socket", address);
    return false;
}

bool
is_listening(const char *socket, struct sdr_error *error)
{
    int64_t deadline = sdr_clock() + 1000;
    int fd = -1;

    while (!open_socket(socket, deadline, &fd, error)) {
        if (strstr(error->text, strerror(EAGAIN)) == NULL
            || sdr_clock() >= deadline)
            return false;
        poll(NULL, 0, 20); /* its queue of connections is full */
    }
    close(fd);
    return true;
}

/* Whether a process of this user may connect, in his first group alone. Nobody
 * but root can try that. */
static bool
may_connect(const char *path, const struct passwd *user)
{
    struct sdr_error error;
    int status = 0;
    pid_t pid;

    if (user == NULL || user->pw_uid == 0 || geteuid() != 0)
        return true;
    pid = fork();
    if (pid == 0)
        _exit(setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0
              || setuid(user->pw_uid) != 0 || !is_listening(path, &error));
    return pid < 0 || waitpid(pid, &status, 0) != pid || status == 0;
}

void
report_socket(struct mta *mta, const char *option, const char *path,
              const char *user)
{
    struct sdr_error error = {""};

    if (!is_listening(path, &error)) {
        report(mta, CHECK_WRONG, option, "start sdr-milter; its log says more",
               "nobody listens: %s: mail is deferred", error.text);
        return;
    }
    report(mta, CHECK_OK, option, NULL, "sdr-milter listens at %s", path);
    if (!sdr_is_inet(path) && !may_connect(path, getpwnam(user)))
        report(mta, CHECK_WRONG, option,
               "set socket-group in sdr.conf to the group of that user, let "
               "it enter the folders above (mode 0750), and restart sdr-milter",
               "user %s may not connect to %s: mail is deferred", user, path);
}

/* ---- milters ---- */

void
report_wait(struct mta *mta, const char *subject, const char *option,
            const char *value, long seconds)
{
    unsigned needed = longest_question(mta->config);

    if (seconds >= 0 && seconds <= (long)needed)
        report(mta, CHECK_DOUBTFUL, subject,
               "raise it, or lower the timeouts in sdr.conf",
               "%s = %s, but the directories may take %u s together", option,
               value, needed);
}

/* The milter protocol, version 6: lengths and numbers in network order. */
enum {
    PROTOCOL = 6,
    EDITS = 0x04 | 0x08 | 0x80, /* add, delete, add with parameters */
    EVERY_ACTION = 0x1ff,
    EVERY_STEP = 0x1fffff
};

/* A number, "O", the version, actions, steps; it may add macros. */
static bool
negotiate(int fd, int64_t deadline, uint32_t *actions)
{
    const uint32_t numbers[] = {htonl(PROTOCOL), htonl(EVERY_ACTION),
                                htonl(EVERY_STEP)};
    unsigned char out[17] = {0, 0, 0, 13, 'O'}, in[17];
    size_t len = 0;

    memcpy(out + 5, numbers, sizeof numbers);
    if (send(fd, out, sizeof out, MSG_NOSIGNAL) != sizeof out)
        return false;
    while (len < sizeof in) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - sdr_clock();
        ssize_t n = left > 0 && poll(&waiting, 1, (int)left) > 0
                        ? read(fd, in + len, sizeof in - len)
                        : 0;

        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    memcpy(actions, in + 9, sizeof *actions);
    *actions = ntohl(*actions);
    (void)send(fd, "\0\0\0\1Q", 5, MSG_NOSIGNAL);
    return in[4] == 'O';
}

enum answer
edits_recipients(const char *address, unsigned timeout, struct sdr_error *error)
{
    int64_t deadline = sdr_clock() + (int64_t)timeout * 1000;
    uint32_t actions = 0;
    int fd = -1;
    bool ok;

    if (!open_socket(address, deadline, &fd, error))
        return PERHAPS;
    ok = negotiate(fd, deadline, &actions);
    close(fd);
    if (!ok) {
        sdr_error_set(error, "%s does not answer as a milter does", address);
        return PERHAPS;
    }
    return (actions & EDITS) != 0 ? YES : NO;
}
