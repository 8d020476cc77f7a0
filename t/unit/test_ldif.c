/* test_ldif.c - a directory that is a file: what is taken of it, and when
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The store and the program around are played by this file. Time passes only
 * in worker_sleep().
 */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>

#include "dn.h"
#include "ldif_source.h"
#include "refresh.h"

#define CONF                                                                   \
    "this-site = onprem\n"                                                     \
    "[site onprem]\n"                                                          \
    "routing-domain = onprem.%d\n"                                             \
    "[site hosted]\n"                                                          \
    "routing-domain = hosted.%d\n"                                             \
    "[domain example.com]\n"                                                   \
    "[directory corp]\n"                                                       \
    "uri = ldif:@FILE@\n"                                                      \
    "default-owner = onprem\n"                                                 \
    "@MORE@\n"                                                                 \
    "[replica]\n"                                                              \
    "path = /nowhere\n"

/* ---- the others ---- */

static struct {
    char taken[4096];   /* "dn|HOSTED|local part" and so on, a line each */
    unsigned entries;   /* put since the refresh began */
    unsigned refreshes; /* that ended */
    struct store_mark mark;
    char complaint[600];
    unsigned well;
    enum sdr_status store_status;
    unsigned looks_left; /* before it is stopped */
    unsigned sleeps;     /* before the one in which this is done: */
    void (*meanwhile)(void);
} now;

void
refresh_begin(struct refresh *refresh, struct worker *worker)
{
    memset(refresh, 0, sizeof *refresh);
    refresh->worker = worker;
    now.entries = 0;
    now.taken[0] = '\0';
}

/* "directory=local part@domain": the local part. */
static void
add_local_part(char *line, size_t size, const struct entry_key *key)
{
    const char *octets = (const char *)key->key.octets + 2;
    const char *at = memchr(octets, '@', key->key.len - 2);
    size_t used = strlen(line);

    assert_non_null(at);
    snprintf(line + used, size - used, "|%.*s", (int)(at - octets), octets);
}

enum sdr_status
refresh_entry(struct refresh *refresh, struct entry *entry,
              struct sdr_error *error)
{
    size_t used = strlen(now.taken);

    (void)refresh;
    (void)error;
    snprintf(now.taken + used, sizeof now.taken - used, "%s%s", entry->dn,
             entry->reader.facts.owners == 2 ? "|HOSTED" : "");
    for (unsigned i = 0; i < entry->key_count; i++)
        add_local_part(now.taken, sizeof now.taken, &entry->keys[i]);
    strcat(now.taken, "\n");
    now.entries++;
    return SDR_OK;
}

enum sdr_status
refresh_end(struct refresh *refresh, bool sweep, const struct store_mark *mark,
            struct sdr_error *error)
{
    (void)refresh;
    assert_true(sweep);
    if (now.store_status != SDR_OK) {
        sdr_error_set(error, "no space left");
        return now.store_status;
    }
    now.mark = *mark;
    now.refreshes++;
    return SDR_OK;
}

void
refresh_clear(struct refresh *refresh)
{
    (void)refresh;
}

const struct sdr_directory_options *
worker_directory(const struct worker *worker)
{
    return &worker->config->directories[worker->directory];
}

bool
worker_stopping(struct worker *worker)
{
    return worker->stop;
}

void
worker_sleep(struct worker *worker, unsigned milliseconds)
{
    void (*meanwhile)(void) = now.meanwhile;

    assert_true(milliseconds >= 1000);
    if (now.sleeps > 0) {
        now.sleeps--;
    } else if (meanwhile != NULL) {
        now.meanwhile = NULL;
        meanwhile();
    }
    if (now.looks_left-- == 0)
        worker->stop = true;
}

void
worker_failed(struct worker *worker, const struct sdr_error *error)
{
    (void)worker;
    snprintf(now.complaint, sizeof now.complaint, "%s", error->text);
}

void
worker_well(struct worker *worker)
{
    (void)worker;
    now.well++;
    now.complaint[0] = '\0';
}

/* ---- a folder, a file, a worker ---- */

static char folder[64], path[96];

static int
make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sdr-unit-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/people.ldif", folder);
    return 0;
}

static int
remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* The file has LEN octets, and has had them for AGE seconds. */
static void
write_file(const char *text, size_t len, long age)
{
    struct timespec times[2];

    unit_write(path, text, len, 0644);
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= age;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Run it over the file, once or for LOOKS; MORE goes into the configuration. */
static enum sdr_status
run(unsigned looks, const char *more)
{
    struct worker worker;
    struct unit_lines mistakes;
    char *named = unit_replace(CONF, "@FILE@", path);
    char *text = unit_replace(named, "@MORE@", more);
    struct sdr_config *config;

    if (unit_load(&config, text, &mistakes) != SDR_OK)
        fail_msg("%s", mistakes.text);
    memset(&worker, 0, sizeof worker);
    worker.config = config;
    worker.once = looks == 0;
    now.looks_left = looks == 0 ? 20 : looks;
    ldif_run(&worker);
    sdr_config_free(&config);
    free(text);
    free(named);
    return worker.status;
}

static enum sdr_status
run_on(const char *text, size_t len, const char *more)
{
    memset(&now, 0, sizeof now);
    write_file(text, len, 60);
    return run(0, more);
}

/* ---- what is taken ---- */

#define ALICE                                                                  \
    "dn: uid=alice,dc=com\nmail: alice@example.com\nsdrOwner: hosted\n\n"
#define DAVE  "dn: uid=dave,dc=com\nmail: dave@example.com\n\n"
#define TAKEN "uid=alice,dc=com|HOSTED|alice\n"

static const struct {
    const char *what, *text, *taken;
} good[] = {
    {"two records", ALICE DAVE, TAKEN "uid=dave,dc=com|dave\n"},
    {"version 1", "version: 1\n" ALICE, TAKEN},
    {"version 1 and an empty line", "version: 1\n\n" ALICE, TAKEN},
    {"a byte order mark", "\xef\xbb\xbf" ALICE, TAKEN},
    {"a mark and a version", "\xef\xbb\xbfversion: 1\n" ALICE, TAKEN},
    {"no empty line at the end",
     "dn: uid=alice,dc=com\nmail: alice@example.com\nsdrOwner: hosted\n",
     TAKEN},
    {"many empty lines", "\n\n" ALICE "\n\n\n" DAVE "\n\n",
     TAKEN "uid=dave,dc=com|dave\n"},
    {"comments, one of them folded",
     "# one\n two: it goes on\n" ALICE "# three\n\n#four\n" DAVE "# five\n",
     TAKEN "uid=dave,dc=com|dave\n"},
    {"a comment in a record",
     "dn: uid=alice,dc=com\n# note\nmail: alice@example.com\nsdrOwner: "
     "hosted\n",
     TAKEN},
    {"CR LF",
     "dn: uid=alice,dc=com\r\nmail: alice@example.com\r\n"
     "sdrOwner: hosted\r\n\r\n",
     TAKEN},
    {"CR LF, and folded",
     "dn: uid=alice,\r\n dc=com\r\nmail: alice@exam\r\n ple.com\r\n"
     "sdrOwner: hos\r\n te\r\n d\r\n\r\n",
     TAKEN},
    {"folded in the attribute",
     "dn: uid=alice,dc=com\nma\n il: alice@example.com\nsdrOwner\n : hosted\n",
     TAKEN},
    {"base64",
     "dn:: dWlkPWFsaWNlLGRjPWNvbQ==\nmail:: YWxpY2VAZXhhbXBsZS5jb20=\n"
     "sdrOwner:: aG9zdGVk\n",
     TAKEN},
    {"base64, folded",
     "dn:: dWlkPWFsaWNlLGR\n jPWNvbQ==\nmail:: YWxpY2VA\n "
     "ZXhhbXBsZS5jb20=\nsdrOwner:: aG9zdGVk\n",
     TAKEN},
    {"base64 of UTF-8", "dn: cn=x\nmail:: em/Dq0BleGFtcGxlLmNvbQ==\n",
     "cn=x|zo\xc3\xab\n"},
    {"bare UTF-8", "dn: cn=x\nmail: zo\xc3\xab@example.com\n",
     "cn=x|zo\xc3\xab\n"},
    {"binary and NULs in base64",
     "dn: cn=x\njpegPhoto:: /9j/AAAAAA==\nmail:: AGFAZXhhbXBsZS5jb20=\n"
     "mail: x@example.com\n",
     "cn=x|x\n"},
    {"an empty value", "dn: cn=x\nmail:\ncn: \nsn::\nmail: x@example.com\n",
     "cn=x|x\n"},
    {"no space, more spaces, a tab",
     "dn:cn=x\nmail:x@example.com\nmail:   y@example.com\n"
     "mail:\tz@example.com\n",
     "cn=x|x|y|z\n"},
    {"options, and any case",
     "DN: cn=x\nMAIL;lang-en: x@example.com\nmail;x-a;lang-de: y@example.com\n",
     "cn=x|x|y\n"},
    {"attributes by OID", "dn: cn=x\n2.5.4.3: x\nmail: x@example.com\n",
     "cn=x|x\n"},
    {"a value that begins like another's address",
     "dn: cn=x\ndescription: <x\nmail: x@example.com\n", "cn=x|x\n"},
    {"a name without attributes", "dn: dc=com\n\n" ALICE, "dc=com\n" TAKEN},
    {"the entry without a name", "dn:\nobjectClass: top\n\n" ALICE, "\n" TAKEN},
    {"a name that is no DN", "dn: not at all\nmail: x@example.com\n",
     "not at all|x\n"},
    {"pieces of what means nothing",
     "dn: cn=x\nmember;range=0-1499: cn=y\nmail: x@example.com\n", "cn=x|x\n"},
    {"the last piece", "dn: cn=x\nmail;range=1500-*: x@example.com\n",
     "cn=x|x\n"},
};

static void
test_good(void **state)
{
    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(good); i++) {
        enum sdr_status status = run_on(good[i].text, strlen(good[i].text), "");

        unit_row(status == SDR_OK && now.refreshes == 1 && now.well == 1
                     && strcmp(now.taken, good[i].taken) == 0,
                 "%s: %s %s taken: %s", good[i].what, sdr_status_name(status),
                 now.complaint, now.taken);
    }
    unlink(path);
    unit_end();
}

static const struct {
    const char *what, *text, *complaint;
} bad[] = {
    {"empty", "", ": there is no entry in it"},
    {"only comments", "# nothing\n\n#here\n", ": there is no entry in it"},
    {"only a version", "version: 1\n", ": there is no entry in it"},
    {"no address", "dn: cn=x\ncn: x\n",
     ": none of its 1 entries has an address in a split domain"},
    {"addresses elsewhere", "dn: cn=x\nmail: x@example.org\n",
     ": none of its 1 entries has an address in a split domain"},
    {"cut in a value", ALICE "dn: uid=dave,dc=com\nmail: dave@exam",
     ":6: the last line has no end: the file is cut off"},
    {"cut in an attribute", ALICE "dn: uid=dave,dc=com\nma",
     ":6: the last line has no end: the file is cut off"},
    {"cut in a folded value", ALICE "dn: uid=dave,dc=com\nmail: dave\n @exam",
     ":6: the last line has no end: the file is cut off"},
    {"cut in a comment", ALICE "# the e",
     ":5: the last line has no end: the file is cut off"},
    {"no dn", ALICE "mail: x@example.com\n", ":5: mail: a record begins with"},
    {"what ldapsearch prints without -LLL",
     ALICE "search: 2\nresult: 0 Success\n",
     ":5: search: a record begins with dn:"},
    {"a second dn", "dn: cn=x\nmail: x@example.com\ndn: cn=y\n",
     ":3: dn: there is no empty line before it"},
    {"the same dn", ALICE DAVE ALICE, ":8: dn: the same as in line 1"},
    {"the same dn in other words",
     ALICE DAVE "dn: UID=Alice , DC=com\nmail: y@example.com\n",
     ":8: dn: the same as in line 1"},
    {"a change", "dn: cn=x\nchangetype: add\nmail: x@example.com\n",
     ":2: changetype: it holds changes, not entries"},
    {"a control", "dn: cn=x\ncontrol: 1.2.3 true\nchangetype: delete\n",
     ":2: control: it holds changes, not entries"},
    {"a change after entries", ALICE "dn: cn=x\nChangeType: delete\n",
     ":6: ChangeType: it holds changes"},
    {"a modification", ALICE "dn: cn=x\nadd: mail\nmail: x@example.com\n-\n",
     ":8: it does not begin with"},
    {"a file's URL", "dn: cn=x\nmail:< file:///etc/passwd\n",
     ":2: mail: a value in another file is not fetched"},
    {"a dn from a URL", "dn:< file:///etc/passwd\n",
     ":1: dn: a value in another file is not fetched"},
    {"an include", ALICE "include: file:///etc/passwd\n\n",
     ":5: include: a record begins with dn:"},
    {"version 2", "version: 2\n" ALICE, ":1: version: only 1 is known"},
    {"version later", ALICE "version: 1\n", ":5: version: a record begins"},
    {"no colon", "dn: cn=x\nmail x@example.com\n", ":2: it does not begin"},
    {"no attribute", "dn: cn=x\n: x@example.com\n", ":2: it does not begin"},
    {"a space in the attribute", "dn: cn=x\nma il: x@example.com\n",
     ":2: it does not begin"},
    {"a continued nothing", " dn: cn=x\n", ":1: it continues no line"},
    {"a continued empty line", ALICE " mail: x@example.com\n",
     ":5: it continues no line"},
    {"the line after a folded one",
     "dn: cn\n =x\nmail: a@\n example.com\nmail\n", ":5: it does not begin"},
    {"base64 too short", "dn: cn=x\nmail:: YWJ\n", ":2: mail: broken base64"},
    {"base64 of nothing", "dn: cn=x\nmail:: ====\n", ":2: mail: broken base64"},
    {"more after base64", "dn: cn=x\nmail:: YQ==ZZZZ\n",
     ":2: mail: broken base64"},
    {"no base64", "dn: cn=x\nmail:: x@example.com\n",
     ":2: mail: broken base64"},
    {"a NUL in the dn", "dn:: Y249eAA=\nmail: x@example.com\n",
     ":1: dn: a NUL octet in it"},
    {"pieces of an attribute", "dn: cn=x\nmail;range=0-1499: x@example.com\n",
     ":2: mail;range=0-1499: the server that it is from had more values"},
};

static void
test_bad(void **state)
{
    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(bad); i++) {
        char complaint[600];
        enum sdr_status status = run_on(bad[i].text, strlen(bad[i].text), "");

        snprintf(complaint, sizeof complaint, "%s%s", path, bad[i].complaint);
        unit_row(
            status == SDR_INVALID && now.refreshes == 0 && now.entries == 0
                && strncmp(now.complaint, complaint, strlen(complaint)) == 0,
            "%s: %s %s", bad[i].what, sdr_status_name(status), now.complaint);
    }
    unlink(path);
    unit_end();
}

static void
test_octets_that_are_no_text(void **state)
{
    static const char nul[] = "dn: cn=x\nmail: x\0@example.com\n";
    static const char utf16[] = "\xff\xfe"
                                "d\0n\0:\0\n\0";

    (void)state;
    assert_int_equal(run_on(nul, sizeof nul - 1, ""), SDR_INVALID);
    assert_non_null(strstr(now.complaint, ":2: a NUL octet"));
    assert_int_equal(run_on(utf16, sizeof utf16 - 1, ""), SDR_INVALID);
    assert_non_null(strstr(now.complaint, ":1: a NUL octet"));
    unlink(path);
}

static void
test_a_very_long_line(void **state)
{
    static char text[300000];
    size_t used = (size_t)snprintf(text, sizeof text, "dn: cn=x\nphoto: ");

    (void)state;
    memset(text + used, 'x', 250000);
    strcpy(text + used + 250000, "\nmail: x@example.com\n");
    assert_int_equal(run_on(text, strlen(text), ""), SDR_OK);
    assert_string_equal(now.taken, "cn=x|x\n");
    unlink(path);
}

/* Half a record may stay, cut between two lines: nothing in the text tells.
 * Otherwise a file that is cut off is never taken. */
static void
test_every_cut(void **state)
{
    static const char text[] = ALICE DAVE;

    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++) {
        bool at_a_line = len > 0 && text[len - 1] == '\n';
        enum sdr_status status = run_on(text, len, "");

        unit_row(status == SDR_INVALID || (status == SDR_OK && at_a_line),
                 "cut at %zu: %s %s", len, sdr_status_name(status),
                 now.complaint);
    }
    unlink(path);
    unit_end();
}

static void
test_search_base(void **state)
{
    static const char text[] =
        "dn: uid=alice,ou=People, DC=example,dc=com\nmail: "
        "alice@example.com\n\n"
        "dn: ou=people,dc=example,dc=com\nmail: people@example.com\n\n"
        "dn: uid=eve,ou=morepeople,dc=example,dc=com\nmail: eve@example.com\n\n"
        "dn: cn=x\\,ou=people\\,dc=example\\,dc=com\nmail: x@example.com\n\n"
        "dn: dc=com\nmail: com@example.com\n\n";
    static const struct {
        const char *base, *taken;
    } rows[] = {
        {"ou=people,dc=example,dc=com",
         "uid=alice,ou=People, DC=example,dc=com|alice\n"
         "ou=people,dc=example,dc=com|people\n"},
        {"OU=PEOPLE , dc=example,dc=com",
         "uid=alice,ou=People, DC=example,dc=com|alice\n"
         "ou=people,dc=example,dc=com|people\n"},
        {"ou=nobody,dc=example,dc=com", NULL},
        {"people,dc=example,dc=com", NULL},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        char more[256];
        enum sdr_status status;

        snprintf(more, sizeof more, "search-base = %s", rows[i].base);
        status = run_on(text, sizeof text - 1, more);
        if (rows[i].taken == NULL)
            unit_row(status == SDR_INVALID
                         && strstr(now.complaint, "none of its 5 entries below")
                                != NULL,
                     "%s: %s", rows[i].base, now.complaint);
        else
            unit_row(status == SDR_OK && strcmp(now.taken, rows[i].taken) == 0,
                     "%s: %s %s", rows[i].base, now.complaint, now.taken);
    }
    unlink(path);
    unit_end();
}

static void
test_names(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"uid=a,dc=com", "UID=A , DC=COM", true},
        {"cn=Smith\\, John,dc=com", "cn=\"smith, john\",dc=com", true},
        {"cn=Smith\\, John,dc=com", "cn=smith\\2c john,dc=com", true},
        {"cn=zo\xc3\xab,dc=com", "cn=ZO\xc3\x8b,dc=com", true},
        {"cn=zo\xc3\xab,dc=com", "cn=zo\\c3\\ab,dc=com", true},
        {"cn=zo\xc3\xab,dc=com", "cn=zoe\xcc\x88,dc=com", true},
        {"no name", "No Name", true},
        {"cn=\xff,dc=com", "cn=\xff,dc=com", true},
        {"cn=\xff,dc=com", "cn=\xfe,dc=com", false},
        {"uid=a,dc=com", "uid=b,dc=com", false},
        {"cn=a\\,dc=com", "cn=a,dc=com", false},
        {"", "dc=com", false},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        unsigned char a[SDR_RECORD_ID_SIZE], b[SDR_RECORD_ID_SIZE];
        char *x = dn_normal(rows[i].a), *y = dn_normal(rows[i].b);

        assert_true(x != NULL && y != NULL && dn_id(x, a) && dn_id(y, b));
        unit_row((memcmp(a, b, sizeof a) == 0) == rows[i].same, "%s %s: %s %s",
                 rows[i].a, rows[i].b, x, y);
        free(x);
        free(y);
    }
    unit_end();
}

static void
test_what_the_mark_says(void **state)
{
    (void)state;
    assert_int_equal(run_on(ALICE, strlen(ALICE), ""), SDR_OK);
    assert_int_equal(now.mark.stage, STORE_FULL);
    assert_string_equal(now.mark.method, "ldif");
    assert_true(now.mark.from_a_file);
    assert_null(now.mark.cookie);
    assert_in_range(now.mark.contact, time(NULL) - 60, time(NULL));
    unlink(path);
}

/* ---- when it is read ---- */

static void
write_dave(void)
{
    write_file(DAVE, strlen(DAVE), 0);
}

static void
write_alice_and_dave(void)
{
    write_file(ALICE DAVE, strlen(ALICE DAVE), 0);
}

static void
write_rubbish(void)
{
    write_file("rubbish\n", 8, 0);
}

static void
replace_by_old_dave(void)
{
    char saved[sizeof path], other[128];

    memcpy(saved, path, sizeof saved);
    snprintf(other, sizeof other, "%s.new", path);
    memcpy(path, other, sizeof path);
    write_file(DAVE, strlen(DAVE), 3600);
    memcpy(path, saved, sizeof path);
    assert_int_equal(rename(other, path), 0);
}

static void
remove_it(void)
{
    assert_int_equal(unlink(path), 0);
}

static void
make_space(void)
{
    now.store_status = SDR_OK;
}

static void
touch_and_go_on(void)
{
    write_alice_and_dave();
    now.meanwhile = write_dave;
}

static void
test_rereading(void **state)
{
    static const struct {
        const char *what;
        void (*meanwhile)(void);
        unsigned refreshes;
        const char *taken, *complaint;
    } rows[] = {
        {"nothing happens", NULL, 1, TAKEN, ""},
        {"changed", write_alice_and_dave, 2, TAKEN "uid=dave,dc=com|dave\n",
         ""},
        {"changed, and again a second later", touch_and_go_on, 2,
         "uid=dave,dc=com|dave\n", ""},
        {"replaced by one that is older", replace_by_old_dave, 2,
         "uid=dave,dc=com|dave\n", ""},
        {"broken", write_rubbish, 1, TAKEN, ":1: it does not begin"},
        {"removed", remove_it, 1, TAKEN, ": No such file"},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        memset(&now, 0, sizeof now);
        write_file(ALICE, strlen(ALICE), 60);
        now.meanwhile = rows[i].meanwhile;
        now.sleeps = 2; /* first it has to rest */
        run(8, "");
        unit_row(
            now.refreshes == rows[i].refreshes
                && strcmp(now.taken, rows[i].taken) == 0
                && strstr(now.complaint, rows[i].complaint) != NULL
                && (rows[i].complaint[0] != '\0' || now.complaint[0] == '\0'),
            "%s: read %u, complaint \"%s\", taken %s", rows[i].what,
            now.refreshes, now.complaint, now.taken);
        unlink(path);
    }
    unit_end();
}

static void
test_mending_ends_the_complaint(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    write_rubbish();
    now.meanwhile = write_alice_and_dave;
    now.sleeps = 2;
    run(8, "");
    assert_int_equal(now.refreshes, 1);
    assert_string_equal(now.complaint, "");
    unlink(path);
}

static void
test_store_is_tried_again(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    write_file(ALICE, strlen(ALICE), 60);
    now.store_status = SDR_TEMPFAIL;
    now.meanwhile = make_space;
    now.sleeps = 2;
    run(8, "");
    assert_int_equal(now.refreshes, 1);
    assert_string_equal(now.complaint, "");
    unlink(path);
}

/* Rewritten at each look, for ever. */
static void
keep_writing(void)
{
    static bool more;

    more = !more;
    (more ? write_alice_and_dave : write_dave)();
    now.meanwhile = keep_writing;
}

static void
test_once_ends(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    write_file(ALICE, strlen(ALICE), 0);
    assert_int_equal(run(0, ""), SDR_OK);

    memset(&now, 0, sizeof now);
    keep_writing();
    assert_int_equal(run(0, ""), SDR_TEMPFAIL);
    assert_non_null(strstr(now.complaint, "it never rests"));
    assert_int_equal(now.refreshes, 0);

    memset(&now, 0, sizeof now);
    now.store_status = SDR_TEMPFAIL;
    write_file(ALICE, strlen(ALICE), 60);
    assert_int_equal(run(0, ""), SDR_TEMPFAIL);
    assert_string_equal(now.complaint, "no space left");

    unlink(path);
    assert_int_equal(run(0, ""), SDR_CONFIG);
}

static void
test_what_is_no_file(void **state)
{
    (void)state;
    memset(&now, 0, sizeof now);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(run(0, ""), SDR_CONFIG);
    rmdir(path);
    assert_int_equal(mkfifo(path, 0644), 0);
    assert_int_equal(run(0, ""), SDR_CONFIG);
    unlink(path);
    write_file("", 0, 60);
    assert_int_equal(truncate(path, 2147483648), 0);
    assert_int_equal(run(0, ""), SDR_CONFIG);
    assert_non_null(strstr(now.complaint, "longer than"));
    unlink(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_octets_that_are_no_text),
        cmocka_unit_test(test_a_very_long_line),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_search_base),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_the_mark_says),
        cmocka_unit_test(test_rereading),
        cmocka_unit_test(test_mending_ends_the_complaint),
        cmocka_unit_test(test_store_is_tried_again),
        cmocka_unit_test(test_once_ends),
        cmocka_unit_test(test_what_is_no_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
