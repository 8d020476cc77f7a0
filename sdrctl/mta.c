/* mta.c - see mta.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "mta.h"

#include <ctype.h>
#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "dial.h"

/* ---- words ---- */

static const char separators[] = ", \t\r\n";

/* The length of what stands in the braces that begin at TEXT. */
static size_t
in_braces(const char *text)
{
    int depth = 0;
    size_t i = 0;

    for (; text[i] != '\0'; i++) {
        depth += (text[i] == '{') - (text[i] == '}');
        if (depth == 0)
            break;
    }
    return i - 1;
}

bool
next_word(const char **at, char *word, size_t size)
{
    const char *start = *at + strspn(*at, separators);
    bool braces = *start == '{';
    size_t len = braces ? in_braces(start) : strcspn(start, separators);

    if (*start == '\0')
        return false;
    start += braces;
    *at = start + len;
    *at += braces && **at == '}';
    if (len >= size)
        len = size - 1;
    memcpy(word, start, len);
    word[len] = '\0';
    return true;
}

bool
is_below(const char *domain, const char *parent)
{
    size_t len = strlen(domain), tail = strlen(parent);

    return len > tail && domain[len - tail - 1] == '.'
           && strcasecmp(domain + len - tail, parent) == 0;
}

enum answer
list_has_domain(const char *list, const char *domain)
{
    enum answer answer = NO;
    char word[512];

    while (next_word(&list, word, sizeof word)) {
        if (strcasecmp(word, domain) == 0
            || (word[0] == '.' && is_below(domain, word + 1)))
            return YES;
        if (strpbrk(word, ":/") != NULL)
            answer = PERHAPS;
    }
    return answer;
}

long
read_time(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || value < 0 || value > 1000000)
        return -1;
    switch (tolower((unsigned char)*end)) {
    case '\0':
    case 's':
        return value;
    case 'm':
        return value * 60;
    case 'h':
        return value * 3600;
    case 'd':
        return value * 86400;
    case 'w':
        return value * 604800;
    default:
        return -1;
    }
}

/* ---- the socket ---- */

bool
same_path(const char *a, const char *b)
{
    struct stat x, y;

    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev
           && x.st_ino == y.st_ino;
}

/* Whether a process of this user, in his first group alone, has the right: a
 * bit of the three for others. */
static bool
has_right(const struct stat *st, const struct passwd *user, mode_t right)
{
    if (user->pw_uid == 0)
        return true;
    if (st->st_uid == user->pw_uid)
        return (st->st_mode & right << 6) != 0;
    if (st->st_gid == user->pw_gid)
        return (st->st_mode & right << 3) != 0;
    return (st->st_mode & right) != 0;
}

/* The first folder above PATH that the user may not enter into FOLDER; false if
 * he may. */
static bool
find_barrier(const char *path, const struct passwd *user, char *folder,
             size_t size)
{
    for (const char *s = strchr(path + 1, '/'); s != NULL;
         s = strchr(s + 1, '/')) {
        struct stat st;

        snprintf(folder, size, "%.*s", (int)(s - path), path);
        if (stat(folder, &st) == 0 && !has_right(&st, user, S_IXOTH))
            return true;
    }
    return false;
}

static void
tell_rights(enum sdr_finding *worst, const char *option, const char *path,
            const char *name)
{
    const struct passwd *user = getpwnam(name);
    char folder[512];
    struct stat st;

    if (user == NULL || stat(path, &st) != 0)
        return;
    if (find_barrier(path, user, folder, sizeof folder))
        tell_finding(worst, SDR_WRONG, option,
                     "give the folder the group of that user, and mode 0750",
                     "user %s may not enter %s: mail is deferred", name,
                     folder);
    else if (!has_right(&st, user, S_IWOTH))
        tell_finding(worst, SDR_WRONG, option,
                     "set socket-group in sdr.conf to the group of that user, "
                     "and restart sdr-milter",
                     "user %s may not connect to %s: mail is deferred", name,
                     path);
}

bool
is_listening(const char *path, struct sdr_error *error)
{
    int fd = -1;

    if (sdr_dial_unix(path, sdr_clock() + 1000, &fd, error) != SDR_OK)
        return false;
    close(fd);
    return true;
}

void
tell_socket(enum sdr_finding *worst, const char *option, const char *path,
            const char *user)
{
    struct sdr_error error = {""};

    if (is_listening(path, &error))
        tell_finding(worst, SDR_FINE, option, NULL, "sdr-milter listens at %s",
                     path);
    else
        tell_finding(worst, SDR_WRONG, option,
                     "start sdr-milter; its log says more",
                     "nobody listens: %s: mail is deferred", error.text);
    tell_rights(worst, option, path, user);
}

bool
has_next_hop(const struct sdr_config *config)
{
    for (unsigned i = 0; i < config->site_count; i++) {
        if (config->sites[i].delivery == SDR_BY_NEXT_HOP)
            return true;
    }
    return false;
}
