/* test_log_recipients.c - the recipients in the logs of mail servers
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "diff/log_recipients.h"

#include "unit.h"

static const struct {
    const char *line;
    const char *recipients; /* each with a space behind it */
} rows[] = {
    /* Postfix */
    {"Nov 30 10:00:00 mx postfix/smtp[1]: 4X: to=<a@x>, relay=r[1.2.3.4]:25, "
     "delay=1, status=sent (250 2.0.0 Ok)",
     "a@x "},
    {"postfix/smtp[1]: 4X: to=<a@h.x>, orig_to=<a@x>, relay=r", "a@x "},
    {"postfix/smtpd[1]: NOQUEUE: reject: RCPT from h[1.2.3.4]: 550 5.1.1 "
     "<a@x>: no; from=<s@y> to=<a@x> proto=ESMTP helo=<h>",
     "a@x "},
    {"postfix/qmgr[1]: 4X: from=<s@y>, size=1, nrcpt=1 (queue active)", ""},
    {"postfix/cleanup[1]: 4X: message-id=<1@y>", ""},
    {"postfix/smtp[1]: 4X: to=<\"a b, c> to=<d\"@x>, relay=r",
     "\"a b, c> to=<d\"@x "},
    {"postfix/smtp[1]: 4X: to=<\"a\\\"> b\"@x>, relay=r", "\"a\\\"> b\"@x "},
    {"postfix/local[1]: 4X: to=<>, relay=local", ""},
    /* sdr-milter */
    {"sdr-milter[1]: 4X: rcpt=<a@x> verdict=redirect to=<a@h.x> source=replica",
     "a@x "},
    /* Sendmail */
    {"sendmail[1]: 5A: to=<a@x>,<b@x>, delay=00:00:01, mailer=esmtp, stat=Sent",
     "a@x b@x "},
    {"sm-mta[1]: 5A: to=a@x, ctladdr=<s@y> (0/0), delay=00:00:00", "a@x "},
    {"sm-mta[1]: 5A: ruleset=check_rcpt, arg1=<a@x>, relay=h, reject=550 5.1.1",
     "a@x "},
    {"sm-mta[1]: 5A: ruleset=check_mail, arg1=<s@y>, relay=h, reject=553", ""},
    {"sm-mta[1]: 5A: from=<s@y>, size=1, nrcpts=2, relay=h", ""},
    /* Exim */
    {"2026-11-30 10:00:00 1a-00-1 => a <a@x> R=local T=mail", "a@x "},
    {"2026-11-30 10:00:00 1a-00-1 => a@h.x <a@x> R=sdr T=smtp H=h", "a@x "},
    {"2026-11-30 10:00:00 1a-00-1 -> a@x R=dns T=smtp", "a@x "},
    {"2026-11-30 10:00:00 1a-00-1 ** a@x: Unrouteable address", "a@x "},
    {"2026-11-30 10:00:00 1a-00-1 == a@x R=dns defer (-1): x", "a@x "},
    {"2026-11-30 10:00:00 H=h [1.2.3.4] F=<s@y> rejected RCPT <a@x>: no",
     "a@x "},
    {"2026-11-30 10:00:00 1a-00-1 <= s@y H=h P=esmtp S=1 id=1@y for a@x b@x",
     "a@x b@x "},
    {"2026-11-30 10:00:00 1a-00-1 <= s@y H=h T=\"x for y\" S=1 for a@x",
     "a@x "},
    {"2026-11-30 10:00:00 1a-00-1 <= s@y H=h P=esmtp S=1", ""},
    {"2026-11-30 10:00:00 1a-00-1 => /var/mail/a <a@x> R=f", "a@x "},
    /* nothing, or half of it */
    {"", ""},
    {"to=", ""},
    {" to=", ""},
    {" to=,,", ""},
    {" to=<", "< "},
    {" to=<a@x", "<a@x "},
    {" to=\"\\", "\"\\ "},
    {" => ", ""},
    {" =>  <", "< "},
    {" ** :", ""},
    {" <=  for ", ""},
};

static char found[512];

static void
on_found(void *arg, const char *text, size_t len)
{
    (void)arg;
    assert_true(strlen(found) + len + 2 < sizeof found);
    strncat(found, text, len);
    strcat(found, " ");
}

static void
lines_name_recipients(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char *line = strdup(rows[i].line); /* so that its end is known */

        found[0] = '\0';
        log_recipients(line, on_found, NULL);
        unit_row(strcmp(found, rows[i].recipients) == 0, "%s: %s", line, found);
        free(line);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_name_recipients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
