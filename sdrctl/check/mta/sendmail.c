/* sendmail.c - sdrctl check mta: Sendmail
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Options, milters and maps are read in sendmail.cf. Sendmail itself is asked
 * what is in its classes, whether it takes mail for a domain (-bt), and where
 * addresses go (-bv).
 */
#include "check/mta/mta.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "net/inet.h"

#define SENDMAIL_CF "/etc/mail/sendmail.cf"

/* The seconds that it may take to start where names are not resolved. */
enum { PATIENCE = 60 };

struct sendmail {
    struct mta *mta;
    const char *path; /* of sendmail.cf */
    const struct reply *cf;
    char program[PROGRAM_SIZE];
    bool routed;            /* the rules of sendmail-sdr.m4 are there */
    char filter[64];        /* sdr-milter, as it is called; or "" */
    const char *equates;    /* "S=unix:/path, F=T, T=C:5s;R:30s" */
    char store[256];        /* the host where mail goes that stays here */
    struct members members; /* of aliases, and of the virtusertable */
    unsigned count;         /* its entries in our own domains */
    char first[VALUE_SIZE]; /* one of these */
};

static const char m4_lines[] = "SDR_MAP_SOCKET, SDR_DOMAINS and "
                               "sendmail-sdr.m4 in sendmail.mc: see "
                               "sdr-milter(8)";
static const char ask_tables[] = "rewrite = tables in sdr.conf, see README; or "
                                 "write members at other sites with the "
                                 "routing domain of their site";

/* ---- sendmail.cf ---- */

/* The line after this one, or the first, that begins so; NULL at the end. */
static const char *
find(const struct sendmail *sm, const char *line, const char *start)
{
    while ((line = next_line(sm->cf, line)) != NULL) {
        if (strncasecmp(line, start, strlen(start)) == 0)
            break;
    }
    return line;
}

/* The value of "O NAME=value"; the last one counts. */
static const char *
option(const struct sendmail *sm, const char *name)
{
    const char *value = "";
    char start[80];

    snprintf(start, sizeof start, "O %s=", name);
    for (const char *line = NULL; (line = find(sm, line, start)) != NULL;)
        value = line + strlen(start);
    return value;
}

/* The file or the socket that a map or an alias file is in: what begins with a
 * slash, or "inet:PORT@HOST". NULL if there is neither. */
static const char *
find_place(const char *text)
{
    const char *inet = strstr(text, "inet");

    if (inet != NULL && inet > text && strchr(" :", inet[-1]) != NULL
        && strchr(inet, '@') != NULL)
        return inet;
    return strchr(text, '/');
}

/* "KNAME hash -o /etc/mail/file", "KNAME socket -T<TMPF> local:/run/socket":
 * its type and PATH, or "inet:PORT@HOST". False if there is no such map. */
static bool
read_map(const struct sendmail *sm, const char *name, char type[64],
         char path[512])
{
    char start[80];
    const char *line, *place;

    snprintf(start, sizeof start, "K%s ", name);
    line = find(sm, NULL, start);
    place = line == NULL ? NULL : find_place(line);
    path[0] = '\0';
    if (place == NULL || sscanf(line + strlen(start), "%63s", type) != 1)
        return false;
    snprintf(path, 512, "%.*s", (int)strcspn(place, " \t"), place);
    return true;
}

/* The next one of AliasFile, "/etc/mail/aliases", "implicit:-o /etc/x",
 * "hash:/etc/y", "socket:local:/run/z": its type, "" if none is given, and
 * PATH, or "inet:PORT@HOST". */
static bool
next_alias_file(const char **at, char type[64], char path[512])
{
    const char *start = *at + strspn(*at, ", \t"), *place;
    size_t len = strcspn(start, ","), name;
    char file[512];

    *at = start + len;
    if (len == 0)
        return false;
    snprintf(file, sizeof file, "%.*s", (int)len, start);
    name = strcspn(file, ":/");
    snprintf(type, 64, "%.*s", file[name] == ':' ? (int)name : 0, file);
    if (strcmp(type, "implicit") == 0)
        type[0] = '\0';
    place = find_place(file);
    snprintf(path, 512, "%.*s", place == NULL ? 0 : (int)strcspn(place, " \t"),
             place == NULL ? "" : place);
    return true;
}

/* ---- questions ---- */

/* Whether a class has a domain. */
static bool
in_class(const struct sendmail *sm, const char *class, const char *domain)
{
    const struct reply *reply;
    char input[80];

    snprintf(input, sizeof input, "$={%s}\n", class);
    reply = ask(sm->mta, input, sm->program, "-C", sm->path, "-bt", NULL);
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        if (strcasecmp(line + strspn(line, "> "), domain) == 0)
            return true;
    }
    return false;
}

/* What Sendmail's rule says of mail from outside: 'R' it is relayed, 'O' it is
 * local, 'N' not taken, '?' there is no such rule. */
static char
taken(const struct sendmail *sm, const char *domain)
{
    static const char returns[] = "Rcpt_ok          returns: ";
    const struct reply *reply;
    char input[SDR_ADDRESS_MAX + 80], result = '?';

    snprintf(input, sizeof input, "Rcpt_ok <" PROBE "@%s>\n", domain);
    reply = ask(sm->mta, input, sm->program, "-C", sm->path, "-bt", NULL);
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        const char *found = strstr(line, returns);

        if (found == NULL)
            continue;
        found += strlen(returns);
        result = strcmp(found, "RELAY") == 0 ? 'R'
                 : strcmp(found, "OK") == 0  ? 'O'
                                             : 'N';
    }
    return result;
}

/* What stands between NAME and the next comma or the end, a final dot left out.
 */
static void
take(const char *line, const char *name, char *out, size_t size)
{
    const char *found = strstr(line, name);
    size_t len;

    found = found == NULL ? "" : found + strlen(name);
    snprintf(out, size, "%.*s", (int)strcspn(found, ","), found);
    len = strlen(out);
    if (len > 0 && out[len - 1] == '.')
        out[len - 1] = '\0';
}

/* "ADDRESS... deliverable: mailer M, host H, user U" */
struct way {
    char mailer[64], host[256], user[600];
};

/* False if it would not be delivered. */
static bool
find_way(const struct sendmail *sm, const char *address, struct way *way)
{
    const struct reply *reply =
        ask(sm->mta, NULL, sm->program, "-C", sm->path, "-bv", address, NULL);

    for (const char *line = NULL;
         reply->code == 0 && (line = next_line(reply, line)) != NULL;) {
        if (strstr(line, "... deliverable: mailer ") == NULL)
            continue;
        take(line, ": mailer ", way->mailer, sizeof way->mailer);
        take(line, ", host ", way->host, sizeof way->host);
        take(line, ", user ", way->user, sizeof way->user);
        return true;
    }
    return false;
}

/* ---- the filter ---- */

/* "Xname, S=unix:/path, F=T" */
static void
find_filter(struct sendmail *sm)
{
    char value[512];

    for (const char *line = NULL;
         sm->filter[0] == '\0' && (line = find(sm, line, "X")) != NULL;) {
        read_equate(line, "S", value, sizeof value);
        if (!is_socket(value, sm->mta->config->milter.socket))
            continue;
        snprintf(sm->filter, sizeof sm->filter, "%.*s",
                 (int)strcspn(line + 1, ", \t"), line + 1);
        sm->equates = line;
    }
}

/* F= is what becomes of mail without an answer, R: in T= how long Sendmail
 * waits for it. */
static void
look_at_equates(const struct sendmail *sm)
{
    char value[128], *answer;

    read_equate(sm->equates, "F", value, sizeof value);
    if (value[0] == '\0' || strchr("T4", value[0]) == NULL)
        report(sm->mta, CHECK_WRONG, sm->filter, "F=T in its INPUT_MAIL_FILTER",
               "%s%s: while sdr-milter is away mail %s",
               value[0] == '\0' ? "no F=T" : "F=", value,
               value[0] == 'R' ? "is refused" : "goes astray");
    read_equate(sm->equates, "T", value, sizeof value);
    answer = strstr(value, "R:");
    answer = answer == NULL ? strcpy(value, "10s") : answer + 2;
    answer[strcspn(answer, ";")] = '\0';
    report_wait(sm->mta, sm->filter, "R:", answer, read_time(answer));
}

/* Where our filter is in the list of a daemon, or the common one: NO, YES as
 * the last, or PERHAPS before others. */
static enum answer
find_slot(const struct sendmail *sm, const char *daemon)
{
    char names[512], *at = names;
    enum answer answer = NO;

    read_equate(daemon, "InputMailFilters", names, sizeof names);
    if (names[0] == '\0')
        snprintf(names, sizeof names, "%s", option(sm, "InputMailFilters"));
    for (char *name; (name = strsep(&at, ",; \t")) != NULL;) {
        if (strcmp(name, sm->filter) == 0)
            answer = YES;
        else if (name[0] != '\0' && answer == YES)
            answer = PERHAPS;
    }
    return answer;
}

static void
look_at_daemon(const struct sendmail *sm, const char *daemon, bool anybody)
{
    char name[64], where[128] = "InputMailFilters";
    enum answer slot = find_slot(sm, daemon);

    read_equate(daemon, "Name", name, sizeof name);
    if (daemon[0] != '\0')
        snprintf(where, sizeof where, "daemon %s", name);
    if (slot == NO)
        report(sm->mta, anybody ? CHECK_DOUBTFUL : CHECK_WRONG, where,
               "nothing, if all its mail was routed before; else add the "
               "filter",
               "mail that comes in here is not routed: sdr-milter is not "
               "asked");
    else if (slot == PERHAPS && !sm->mta->tables)
        report(sm->mta, CHECK_WRONG, where,
               "let INPUT_MAIL_FILTER of sdr-milter be the last",
               "a milter comes after sdr-milter: recipients that it refuses "
               "would get the mail nevertheless");
}

static void
look_at_daemons(const struct sendmail *sm)
{
    static const char start[] = "O DaemonPortOptions=";
    bool anybody = false, none = true;

    for (const char *line = NULL; (line = find(sm, line, start)) != NULL;) {
        anybody |= find_slot(sm, line + strlen(start)) != NO;
        none = false;
    }
    for (const char *line = NULL; (line = find(sm, line, start)) != NULL;)
        look_at_daemon(sm, line + strlen(start), anybody);
    if (none)
        look_at_daemon(sm, "", false);
}

static void
look_at_filter(const struct sendmail *sm)
{
    static const char subject[] = "INPUT_MAIL_FILTER";

    if (sm->filter[0] != '\0') {
        report(sm->mta, CHECK_OK, subject, NULL, "%s is sdr-milter",
               sm->filter);
        look_at_daemons(sm);
        look_at_equates(sm);
    } else if (sm->routed) {
        report(sm->mta, CHECK_OK, subject, NULL,
               "no filter is sdr-milter, its lookup tables route all mail: "
               "that is enough, but loops are ended by MaxHopCount alone");
    } else {
        report(sm->mta, CHECK_WRONG, subject,
               "INPUT_MAIL_FILTER(`sdr', `S=unix:..., F=T, "
               "T=C:10s;S:10s;R:30s;E:5m'), after all others",
               "no filter is sdr-milter, which listens at %s: no mail is "
               "routed",
               sm->mta->config->milter.socket);
    }
}

/* ---- sockets ---- */

/* Sendmail believes no socket below a folder that others can write to. */
static void
look_at_folders(const struct sendmail *sm, const char *subject,
                const char *path)
{
    const char *blame = option(sm, "DontBlameSendmail");
    bool sticky = strstr(blame, "TrustStickyBit") != NULL;
    bool safe = strstr(blame, "GroupWritableDirPathSafe") != NULL;

    for (const char *s = path; (s = strchr(s + 1, '/')) != NULL;) {
        char folder[512];
        struct stat st;

        snprintf(folder, sizeof folder, "%.*s", (int)(s - path), path);
        if (stat(folder, &st) != 0)
            continue;
        if ((st.st_mode & S_IWOTH) != 0 ? (st.st_mode & S_ISVTX) == 0 || !sticky
                                        : (st.st_mode & S_IWGRP) != 0 && !safe)
            report(sm->mta, CHECK_WRONG, subject,
                   "chmod go-w, or put the socket elsewhere: /run/sdr",
                   "%s can be written to by %s: Sendmail calls the socket "
                   "unsafe, and defers all mail",
                   folder,
                   (st.st_mode & S_IWOTH) != 0 ? "everybody" : "its group");
    }
}

static void
look_at_socket(const struct sendmail *sm, const char *subject, const char *path)
{
    char user[64];

    snprintf(user, sizeof user, "%s", option(sm, "RunAsUser"));
    user[strcspn(user, ":. \t")] = '\0';
    report_socket(sm->mta, subject, path, user[0] != '\0' ? user : "root");
    if (!sdr_is_inet(path))
        look_at_folders(sm, subject, path);
}

/* ---- the lookup tables ---- */

/* PATH is that of a map, or of an alias file. */
static void
look_at_path(const struct sendmail *sm, const char *subject, const char *path)
{
    const char *ours = sm->mta->config->milter.map_socket;

    if (path[0] == '\0')
        report(sm->mta, CHECK_WRONG, subject, m4_lines,
               "sdr-milter's is missing: mail is deferred, goes astray or "
               "bounces");
    else if (ours == NULL)
        report(sm->mta, CHECK_WRONG, subject,
               "map-socket = unix:PATH in sdr.conf, and restart sdr-milter",
               "%s is asked, but sdr.conf has no map-socket: mail in the "
               "split domains is deferred",
               path);
    else if (!same_path(path, ours) && !is_socket(path, ours))
        report(sm->mta, CHECK_WRONG, subject,
               "let SDR_MAP_SOCKET in sendmail.mc be the same socket",
               "%s is asked, but map-socket in sdr.conf is %s: mail in the "
               "split domains is deferred",
               path, ours);
}

/* Without a database Sendmail reads the text while a message is under way: it
 * takes the names in it for recipients, and the rules rewrite them. */
static void
look_at_database(const struct sendmail *sm, const char *path)
{
    static const char *const suffixes[] = {".db", ".pag", ".cdb"};
    time_t newest = 0;
    struct stat text, st;
    char name[520];

    for (unsigned i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (stat(name, &st) == 0 && st.st_mtime >= newest)
            newest = st.st_mtime + 1;
    }
    if (stat(path, &text) != 0)
        return;
    if (newest == 0)
        report(sm->mta, CHECK_WRONG, "AliasFile", "run newaliases",
               "%s has no database: the rules rewrite the names of aliases, "
               "and mail for them goes astray",
               path);
    else if (newest <= text.st_mtime)
        report(sm->mta, CHECK_DOUBTFUL, "AliasFile", "run newaliases",
               "%s is newer than its database, which Sendmail reads", path);
}

/* The rules look up what is in the class SdrDomain. */
static void
look_at_sdr_domain(void *arg, const char *domain, const char *site)
{
    const struct sendmail *sm = arg;

    if (site == NULL && !in_class(sm, "SdrDomain", domain))
        report(sm->mta, CHECK_WRONG, "SDR_DOMAINS",
               "add it there, in sendmail.mc",
               "%s is not among them: the lookup tables are not asked about "
               "its recipients",
               domain);
}

/* All is well if nothing is reported. */
static void
look_at_rules(struct sendmail *sm)
{
    static const char *const maps[] = {"redirect", "recipient", "transport"};
    const char *at = option(sm, "AliasFile");
    char type[64], path[512], subject[32], socket[512] = "";

    for (unsigned i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        snprintf(subject, sizeof subject, "map %s", maps[i]);
        read_map(sm, maps[i], type, path);
        look_at_path(sm, subject, path);
    }
    while (next_alias_file(&at, type, path)) {
        if (strcmp(type, "socket") == 0)
            snprintf(socket, sizeof socket, "%s", path);
        else if (type[0] == '\0' && path[0] != '\0')
            look_at_database(sm, path);
    }
    look_at_path(sm, "AliasFile", socket);
    for_each_domain(sm->mta->config, look_at_sdr_domain, sm);
}

/* Who rewrites is said in sdr.conf, and nobody else may. */
static void
look_at_tables(struct sendmail *sm)
{
    const struct sdr_config *config = sm->mta->config;
    enum check_result before = sm->mta->worst;
    bool old = false;

    for (const char *line = NULL; (line = next_line(sm->cf, line)) != NULL;)
        old |= strstr(line, "sdr-copy . $3 . = . $4") != NULL;
    sm->mta->worst = CHECK_OK;
    if (old)
        report(sm->mta, CHECK_WRONG, "sendmail-sdr.m4",
               "make sendmail.cf anew: make -C /etc/mail, newaliases, and "
               "restart Sendmail",
               "its rules are those of an older version: recipients with "
               "several owners are rejected");
    else if (sm->mta->tables && !sm->routed)
        report(sm->mta, CHECK_WRONG, "rewrite", m4_lines,
               "sdr.conf says rewrite = tables, but no rule asks the lookup "
               "tables: recipients at other sites stay here");
    else if (!sm->mta->tables && sm->routed)
        report(sm->mta, CHECK_WRONG, "rewrite",
               "rewrite = tables in sdr.conf, or take sendmail-sdr.m4 out of "
               "sendmail.mc",
               "the rules ask the lookup tables, but sdr.conf says rewrite = "
               "milter: mail in the split domains is deferred");
    if (sm->routed)
        look_at_rules(sm);
    if (sm->routed && sm->mta->worst == CHECK_OK)
        report(sm->mta, CHECK_OK, "map redirect", NULL,
               "members of aliases, who a .forward leads to, bounces and "
               "local submission are routed");
    if (!sm->routed && config->milter.map_socket != NULL)
        report(sm->mta, CHECK_DOUBTFUL, "map-socket", m4_lines,
               "no rule asks the lookup tables at %s",
               config->milter.map_socket);
    if (!sm->routed && sdr_config_has_next_hop(config))
        report(sm->mta, CHECK_WRONG, "map transport", m4_lines,
               "the lookup tables are not asked: mail for sites with delivery "
               "= route stays here");
    worsen(&sm->mta->worst, before);
}

/* ---- domains ---- */

static void
look_at_own(struct sendmail *sm, const char *domain)
{
    bool local = in_class(sm, "w", domain);

    if (!local && taken(sm, domain) == 'N')
        report(sm->mta, CHECK_WRONG, "relay-domains",
               "RELAY_DOMAIN, or LOCAL_DOMAIN if the mailboxes are here",
               "Sendmail takes no mail for %s from outside", domain);
    if (sm->routed) /* before all that follows */
        return;
    if (local)
        report(sm->mta, CHECK_DOUBTFUL, "local-host-names",
               "RELAY_DOMAIN instead, with the mailboxes behind a "
               "mailertable; or see that everybody has an alias",
               "%s is among them: Sendmail refuses who has neither account "
               "nor alias here, people of other sites too, before it asks "
               "sdr-milter",
               domain);
    if (in_class(sm, "LDAPRoute", domain))
        report(sm->mta, CHECK_WRONG, "ldap_routing",
               "take it out of LDAPROUTE_DOMAIN",
               "%s: whom ldap_routing maps sdr-milter leaves alone", domain);
}

/* With the milter an address in a split domain has to stay as it is: whom
 * Sendmail maps itself the milter leaves alone. The tables know nobody of that
 * name, but they leave always-local where it is. */
static void
look_at_split(struct sendmail *sm, const char *domain)
{
    char address[SDR_ADDRESS_MAX + 1], local[SDR_ADDRESS_MAX + 1];
    struct way way = {"", "", ""};

    snprintf(address, sizeof address, PROBE "@%s", domain);
    snprintf(local, sizeof local, "postmaster@%s", domain);
    if (!find_way(sm, address, &way)) {
        (void)find_way(sm, local, &way);
    } else if (strcmp(way.mailer, "local") != 0
               && strcmp(way.user, address) != 0 && !sm->routed) {
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "take the domain out of domaintable, virtusertable, "
               "ldap_routing and the like",
               "Sendmail makes %s of %s: sdr-milter leaves alone whom "
               "Sendmail has mapped",
               way.user, address);
    }
    if (strcasecmp(way.host, domain) == 0)
        report(sm->mta, CHECK_WRONG, "mailertable",
               "name the host that has the mailboxes in a mailertable",
               "mail for %s that stays here goes to its MX: it loops back",
               domain);
    snprintf(sm->store, sizeof sm->store, "%s", way.host);
}

/* Who goes to another site has to get there under this very address. */
static void
look_at_foreign(struct sendmail *sm, const char *domain, const char *site)
{
    char address[SDR_ADDRESS_MAX + 1];
    struct way way;

    if (in_class(sm, "w", domain))
        report(sm->mta, CHECK_WRONG, "local-host-names", "take it out",
               "%s, of the site %s, is among them: mail for the site stays "
               "here",
               domain, site);
    else if (taken(sm, domain) == 'R')
        report(sm->mta, CHECK_DOUBTFUL, "relay-domains",
               "FEATURE(`relay_hosts_only'), and take it out: sdr-milter's "
               "recipients need it not",
               "anybody may relay to %s, of the site %s, through this host",
               domain, site);
    snprintf(address, sizeof address, PROBE "@%s", domain);
    if (!find_way(sm, address, &way))
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "see sendmail -bv, and virtusertable, mailertable, access",
               "%s, at the site %s, would not be delivered", address, site);
    else if (strcmp(way.user, address) != 0)
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "take the domain out of domaintable, virtusertable, "
               "local-host-names and the like",
               "Sendmail makes %s of %s: recipients at the site %s do not get "
               "there",
               way.user, address, site);
    else if (sm->store[0] != '\0' && strcmp(way.host, sm->store) == 0
             && find(sm, NULL, "DS") != NULL && find(sm, NULL, "DS")[2] == '\0')
        report(sm->mta, CHECK_WRONG, "sendmail -bv",
               "no mailertable entry may be for that domain, as one for its "
               "parent with a leading dot is",
               "%s goes to %s, as mail does that stays here: recipients at "
               "the site %s do not get there",
               address, way.host, site);
}

static void
look_at_domain(void *arg, const char *domain, const char *site)
{
    struct sendmail *sm = arg;

    if (site != NULL) {
        look_at_foreign(sm, domain, site);
        return;
    }
    look_at_own(sm, domain);
    if (name_of(sm->mta, domain)->kind == SDR_NAME_SPLIT)
        look_at_split(sm, domain);
}

/* ---- what is mapped before the milter ---- */

/* Whether sdr decides about the domain of a key that Sendmail maps. */
static bool
is_mapped(const struct sendmail *sm, const char *address)
{
    const char *at = strrchr(address, '@');
    const char *domain = at == NULL ? address : at + 1;

    return is_own(sm->mta, domain)
           && (in_class(sm, "w", domain) || in_class(sm, "VirtHost", domain));
}

typedef void
entry_look(struct sendmail *sm, const char *key, const char *value);

/* Call LOOK for each entry that makemap(8) lists; false if it cannot. */
static bool
for_each_entry(struct sendmail *sm, const char *type, const char *path,
               entry_look *look)
{
    char program[PROGRAM_SIZE], key[VALUE_SIZE];
    const struct reply *reply;

    if (!find_program("makemap", program))
        return false;
    reply = ask(sm->mta, NULL, program, "-C", sm->path, "-u", type, path, NULL);
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;) {
        const char *tab = strchr(line, '\t');

        if (tab == NULL)
            continue;
        snprintf(key, sizeof key, "%.*s", (int)(tab - line), line);
        look(sm, key, tab + 1);
    }
    return reply->code == 0;
}

static void
look_at_alias(struct sendmail *sm, const char *key, const char *value)
{
    count_members(sm->mta, &sm->members, key, value);
}

/* Recipients that the virtusertable makes are not shown to sdr-milter for what
 * they are: it leaves them alone. Our tables come first, but answer nothing for
 * those who stay here. */
static void
look_at_virtuser(struct sendmail *sm, const char *key, const char *value)
{
    if (strncmp(value, "error:", 6) == 0)
        return;
    if (!sm->routed && !is_mapped(sm, key))
        look_at_alias(sm, key, value);
    else if (!sm->routed && sm->count++ == 0)
        snprintf(sm->first, sizeof sm->first, "%.1000s for %.500s", value, key);
    else if (sm->routed && key[0] == '@' && strchr("@%", value[0]) == NULL
             && is_mapped(sm, key))
        report(sm->mta, CHECK_DOUBTFUL, "virtusertable",
               "write the catch-all into the directory, see sdr.conf(5)",
               "%s for %s: it takes the mail of everybody who stays here and "
               "has no entry of his own",
               value, key);
}

/* The virtusertable cannot be listed. */
static void
report_silent(void *arg, const char *domain, const char *site)
{
    const struct sendmail *sm = arg;

    if (site == NULL && is_mapped(sm, domain))
        report(sm->mta, CHECK_DOUBTFUL, "virtusertable",
               "do not use it for this domain",
               "%s: whom it maps sdr-milter leaves alone", domain);
}

static void
look_at_virtusertable(struct sendmail *sm)
{
    static const char subject[] = "virtusertable";
    char type[64], path[512];

    if (find(sm, NULL, "Kvirtuser ") == NULL)
        return;
    if ((!read_map(sm, "virtuser", type, path)
         || !for_each_entry(sm, type, path, look_at_virtuser))
        && !sm->routed)
        for_each_domain(sm->mta->config, report_silent, sm);
    if (sm->count > 0)
        report(sm->mta, CHECK_WRONG, subject,
               "take them out: the directory says where a mailbox is; or "
               "rewrite = tables in sdr.conf",
               "it has entries in domains that sdr routes (%u), such as %s: "
               "sdr-milter leaves alone whom Sendmail has mapped, so that "
               "mail goes to the mailbox that somebody has left",
               sm->count, sm->first);
    report_members(sm->mta, subject, ask_tables, &sm->members);
}

static void
look_at_aliases(struct sendmail *sm)
{
    const char *at = option(sm, "AliasFile");
    char type[64], path[512];

    sm->members.count = 0;
    while (next_alias_file(&at, type, path)) {
        if (path[0] != '\0' && strcmp(type, "socket") != 0)
            for_each_entry(sm, type[0] == '\0' ? "hash" : type, path,
                           look_at_alias);
    }
    report_members(sm->mta, "AliasFile", ask_tables, &sm->members);
}

static void
look_at_maps(struct sendmail *sm)
{
    const struct sdr_config *config = sm->mta->config;

    for (unsigned i = 0; i < config->domain_count; i++) {
        if (sm->members.local == NULL
            && in_class(sm, "w", config->domains[i].ascii))
            sm->members.local = config->domains[i].ascii;
    }
    if (!sm->routed)
        report_not_shown(sm->mta, " and bounces");
    look_at_virtusertable(sm);
    if (!sm->routed)
        look_at_aliases(sm);
}

/* ---- all of it ---- */

/* Lines that begin with a blank go on with the one before. */
static void
join_lines(const struct reply *cf)
{
    for (size_t i = 0; i + 1 < cf->len; i++) {
        if (cf->text[i] == '\0' && strchr(" \t", cf->text[i + 1]) != NULL
            && cf->text[i + 1] != '\0')
            cf->text[i] = ' ';
    }
}

/* Others have a program of that name, too; that of Postfix would send a report
 * by mail if it were asked about an address. */
static bool
find_sendmail(struct sendmail *sm)
{
    const struct reply *reply;

    if (!find_program("sendmail", sm->program))
        return false;
    reply =
        ask(sm->mta, NULL, sm->program, "-C", sm->path, "-d0.1", "-bt", NULL);
    return reply->code == 0 && strncmp(reply->text, "Version 8.", 10) == 0;
}

static void
look(struct sendmail *sm)
{
    const struct sdr_milter_options *options = &sm->mta->config->milter;
    char type[64], path[512];

    find_filter(sm);
    for (const char *line = NULL; (line = next_line(sm->cf, line)) != NULL;)
        sm->routed |= strstr(line, "$(redirect ") != NULL;
    sm->routed = sm->routed && read_map(sm, "redirect", type, path);
    look_at_filter(sm);
    if (sm->filter[0] != '\0' || !sm->routed)
        look_at_socket(sm, "socket", options->socket);
    if (sm->routed && options->map_socket != NULL)
        look_at_socket(sm, "map-socket", options->map_socket);
    if (!find_sendmail(sm)) {
        report(sm->mta, CHECK_UNREACHABLE, "sendmail",
               "put the folder of Sendmail's own program first into PATH",
               "%s -bt is not answered by Sendmail 8", sm->program);
        return;
    }
    look_at_tables(sm);
    for_each_domain(sm->mta->config, look_at_domain, sm);
    if (sm->routed || !sm->mta->tables)
        look_at_maps(sm);
    for (unsigned i = 0; i < sm->mta->config->domain_count; i++) {
        if (sends_unknown(sm->mta, i))
            report_unverified(sm->mta, "unknown",
                              "Sendmail cannot verify them: put a mail server "
                              "in front of it that does, or all mailboxes of "
                              "the site into the directory",
                              i);
    }
}

bool
check_sendmail(struct mta *mta)
{
    const char *path = mta->check->sendmail_cf;
    struct sendmail sm = {.mta = mta,
                          .path = path == NULL ? SENDMAIL_CF : path};

    sm.cf = read_lines(mta, sm.path);
    if (sm.cf->code == ENOENT && path == NULL)
        return false;
    report_heading("mta: Sendmail, %s", sm.path);
    if (sm.cf->code != 0) {
        report(mta, CHECK_UNREACHABLE, "configuration", NULL, "%s", sm.cf->why);
        return true;
    }
    if (mta->timeout < PATIENCE)
        mta->timeout = PATIENCE;
    join_lines(sm.cf);
    look(&sm);
    return true;
}
