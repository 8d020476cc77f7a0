/* test_ldif.c - a directory that is a file: what is taken of it
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldif.h"

#include "ldap/dn.h"

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
    {"binary; a NUL before an address, which is then unreadable",
     "dn: cn=x\njpegPhoto:: /9j/AAAAAA==\nmail:: AGFAZXhhbXBsZS5jb20=\n"
     "mail: x@example.com\n",
     "cn=x|a|x\n"},
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
    {"what ldifde writes",
     "dn: uid=alice,dc=com\r\nchangetype: add\r\nmail: alice@example.com\r\n"
     "sdrOwner: hosted\r\n\r\n",
     TAKEN},
    {"an addition, in other words",
     "dn: cn=x\n# note\nChangeType:: QWRk\nmail: x@example.com\n\n" ALICE,
     "cn=x|x\n" TAKEN},
    /* 389DS, with its replication state */
    {"deleted values",
     "dn: cn=x\nmail;vucsn-5f0000010000000a0000: x@example.com\n"
     "mail;vucsn-5f000001;vdcsn-5f000002;deleted: y@example.com\n"
     "mail;VDCSN-5f000002;DELETED: z@example.com\n",
     "cn=x|x\n"},
    {"a deleted attribute",
     "dn: cn=x\nmail;vucsn-5f000001: x@example.com\n"
     "sdrOwner;adcsn-5f000002;vdcsn-5f000001;deletedattribute;deleted: "
     "hosted\n"
     "sdrHold;adcsn-5f000002;deletedattribute: TRUE\n",
     "cn=x|x\n"},
    {"a distinguished value with state",
     "dn: uid=alice,dc=com\nuid;vucsn-5f000001;mdcsn-5f000001: alice\n"
     "mail;lang-en;vucsn-5f000001: alice@example.com\n"
     "sdrOwner;vucsn-5f000001: hosted\n",
     TAKEN},
    {"a tombstone",
     ALICE "dn: nsuniqueid=1-2,uid=x,dc=com\nmail: x@example.com\n"
           "objectClass;vucsn-5f000001: nsTombstone\n",
     TAKEN},
    {"an entry that was made again out of one",
     "dn: cn=x\nobjectClass;vdcsn-5f000001;deleted: nsTombstone\n"
     "mail: x@example.com\n",
     "cn=x|x\n"},
    {"a name that lost a conflict",
     ALICE "dn: nsuniqueid=1-2+uid=alice,dc=com\nmail: alice@example.com\n"
           "objectClass: ldapSubEntry\n",
     TAKEN},
    {"what lies in the recycle bin of Active Directory",
     ALICE "dn: CN=x\\0ADEL:1-2,CN=Deleted Objects,DC=com\n"
           "isDeleted: TRUE\nmail: x@example.com\n",
     TAKEN},
    {"the same in other words",
     ALICE "dn: CN=x\\0ADEL:1-2,CN=Deleted Objects,DC=com\n"
           "mail: x@example.com\nISDELETED:: dHJ1ZQ==\n",
     TAKEN},
    {"an entry that came back from there",
     "dn: cn=x\nmail: x@example.com\nisDeleted: FALSE\n", "cn=x|x\n"},
    {"options that only look like state",
     "dn: cn=x\nmail;x-deleted: x@example.com\n"
     "mail;deleted-x: y@example.com\n",
     "cn=x|x|y\n"},
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
    {"empty", "", ": it contains no entries"},
    {"only comments", "# nothing\n\n#here\n", ": it contains no entries"},
    {"only a version", "version: 1\n", ": it contains no entries"},
    {"no address", "dn: cn=x\ncn: x\n",
     ": none of its 1 entries has an address in a split domain"},
    {"addresses elsewhere", "dn: cn=x\nmail: x@example.org\n",
     ": none of its 1 entries has an address in a split domain"},
    {"cut in a value", ALICE "dn: uid=dave,dc=com\nmail: dave@exam",
     ":6: the last line has no end: the file is truncated"},
    {"cut in an attribute", ALICE "dn: uid=dave,dc=com\nma",
     ":6: the last line has no end: the file is truncated"},
    {"cut in a folded value", ALICE "dn: uid=dave,dc=com\nmail: dave\n @exam",
     ":6: the last line has no end: the file is truncated"},
    {"cut in a comment", ALICE "# the e",
     ":5: the last line has no end: the file is truncated"},
    {"no dn", ALICE "mail: x@example.com\n",
     ":5: mail: a record must begin with"},
    {"what ldapsearch prints without -LLL",
     ALICE "search: 2\nresult: 0 Success\n",
     ":5: search: a record must begin with dn:"},
    {"a second dn", "dn: cn=x\nmail: x@example.com\ndn: cn=y\n",
     ":3: dn: no empty line before it"},
    {"the same dn", ALICE DAVE ALICE, ":8: dn: the same as in line 1"},
    {"the same dn in other words",
     ALICE DAVE "dn: UID=Alice , DC=com\nmail: y@example.com\n",
     ":8: dn: the same as in line 1"},
    {"a change", "dn: cn=x\nchangetype: modify\nadd: mail\nmail: x@a.b\n-\n",
     ":2: changetype: the file contains changes, not entries"},
    {"a change to nothing", "dn: cn=x\nchangetype:\nmail: x@example.com\n",
     ":2: changetype: the file contains changes, not entries"},
    {"a late addition", "dn: cn=x\nmail: x@example.com\nchangetype: add\n",
     ":3: changetype: the file contains changes, not entries"},
    {"two additions", "dn: cn=x\nchangetype: add\nchangetype: add\n",
     ":3: changetype: the file contains changes, not entries"},
    {"tombstones alone",
     "dn: nsuniqueid=1-2,uid=x,dc=com\nmail: x@example.com\n"
     "objectClass: nsTombstone\n",
     ": none of its 1 entries has an address in a split domain"},
    {"a control", "dn: cn=x\ncontrol: 1.2.3 true\nchangetype: delete\n",
     ":2: control: the file contains changes, not entries"},
    {"a change after entries", ALICE "dn: cn=x\nChangeType: delete\n",
     ":6: ChangeType: the file contains changes"},
    {"a modification", ALICE "dn: cn=x\nadd: mail\nmail: x@example.com\n-\n",
     ":8: \"-\" does not begin with"},
    {"a file's URL", "dn: cn=x\nmail:< file:///etc/passwd\n",
     ":2: mail: values in other files are not supported"},
    {"a dn from a URL", "dn:< file:///etc/passwd\n",
     ":1: dn: values in other files are not supported"},
    {"an include", ALICE "include: file:///etc/passwd\n\n",
     ":5: include: a record must begin with dn:"},
    {"version 2", "version: 2\n" ALICE, ":1: version: only 1 is supported"},
    {"version later", ALICE "version: 1\n", ":5: version: a record must begin"},
    {"no colon", "dn: cn=x\nmail x@example.com\n",
     ":2: \"mail x@example.com\" does not begin with \"attribute:\""},
    {"no attribute", "dn: cn=x\n: x@example.com\n",
     ":2: \": x@example.com\" does not begin with"},
    {"a space in the attribute", "dn: cn=x\nma il: x@example.com\n",
     ":2: \"ma il: x@example.com\" does not begin"},
    {"a continued nothing", " dn: cn=x\n",
     ":1: an indented line continues the line before it, but there is none"},
    {"a continued empty line", ALICE " mail: x@example.com\n",
     ":5: an indented line continues the line before it, but there is none"},
    {"the line after a folded one",
     "dn: cn\n =x\nmail: a@\n example.com\nmail\n",
     ":5: \"mail\" does not begin"},
    {"base64 too short", "dn: cn=x\nmail:: YWJ\n", ":2: mail: broken base64"},
    {"base64 of nothing", "dn: cn=x\nmail:: ====\n", ":2: mail: broken base64"},
    {"more after base64", "dn: cn=x\nmail:: YQ==ZZZZ\n",
     ":2: mail: broken base64"},
    {"no base64", "dn: cn=x\nmail:: x@example.com\n",
     ":2: mail: broken base64"},
    {"a NUL in the dn", "dn:: Y249eAA=\nmail: x@example.com\n",
     ":1: dn: contains a NUL octet"},
    {"a line end of an old Mac", ALICE "dn: cn=x\nmail: a@b.c\rsdrOwner: x\n",
     ":6: a carriage return inside a line"},
    {"the same in a comment", ALICE "# here\rdn: cn=x\n",
     ":5: a carriage return inside a line"},
    {"two carriage returns", "dn: cn=x\r\r\nmail: x@example.com\r\r\n",
     ":1: a carriage return inside a line"},
    {"pieces of an attribute", "dn: cn=x\nmail;range=0-1499: x@example.com\n",
     ":2: mail;range=0-1499: incomplete: the server had more values"},
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

/* A file that is truncated between two lines of a record may be accepted,
 * because its text does not show it. Any other truncated file is rejected. */
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
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
