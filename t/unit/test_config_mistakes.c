/* test_config_mistakes.c - every mistake in an sdr.conf is reported, with its
 * line SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/config.h"

#include "unit.h"

/* Behind UNIT_CONF: line 16 and on. */
#define REPLICA "[replica]\npath = /var/lib/sdr/replica\n"
#define EXPORT  "[directory x]\nsearch-base = dc=x\ndefault-owner = cloud\n"

/* UNIT_CONF has 15 lines and ends in [directory corp]. */
static const struct {
    const char *more;       /* what follows it */
    const char *mistake[3]; /* parts of the lines reported, exactly that many */
} rows[] = {
    /* syntax */
    {"nonsense\n", {":16: \"nonsense\" is neither OPTION = VALUE nor"}},
    {"timeout : 5\n", {":16: \"timeout : 5\" is neither OPTION = VALUE"}},
    {"bind =\n  simple\n",
     {":17: \"simple\" is neither OPTION = VALUE nor [SECTION], and no line "
      "continues another"}},
    {"= x\n", {":16: \"= x\": no option before the ="}},
    {"[broken\n", {":16: \"[broken\" has no ] at its end"}},
    {"  [broken\n", {":16: \"[broken\" has no ] at its end"}},
    {"[site x] y\n", {":16: \"[site x] y\": text after the ]"}},
    {"[]\n", {":16: \"[]\": no name"}},
    {"  [site x]\n\t# a comment\n", {":16: [site x]: routing-domain is mis"}},
    {"\t[domain example.org]\n  unknwon = pass\n", {":17: unknwon: unknown"}},
    {"\n\nnonsense\n= x\n", {":18: ", ":19: "}},
    {"filter =\n", {":16: filter: no value"}},
    {"profile =\n", {":16: profile: no value"}},
    {"[domain x.test]\nunknown =\n", {":17: unknown: no value"}},
    {"[milter]\nsocket =\nmap-socket = unix:/x\n", {":17: socket: no value"}},
    {"/* no comment here\n", {":16: \"/* no comment here\" is neither"}},
    /* names */
    {"bogus = 1\n", {":16: bogus: unknown option in [directory]"}},
    {"uris = x\n", {":16: uris: unknown option in [directory]"}},
    {"this-site = onprem\n",
     {":16: this-site: unknown option in [directory]; it belongs in the lines "
      "before all sections"}},
    {"unknown = reject\n",
     {":16: unknown: unknown option in [directory]; it belongs in [domain]"}},
    {"[replica]\nmap-socket = unix:/x\n",
     {":17: map-socket: unknown option in [replica]; it belongs in [milter]"}},
    {"[milter]\nsocket-mod = 1\n", {":17: socket-mod: unknown option"}},
    {"[bogus]\n",
     {"[bogus]: unknown section; known: [site NAME], [domain NAME], "
      "[directory NAME], [replica], [milter]"}},
    {"[site]\n", {"[site]: unknown section"}},
    {"[site h\177sted]\n", {"[site h\\x7Fsted]: unknown section"}},
    {"[milter x]\n", {"[milter x]: unknown section"}},
    {"[sites x]\n", {"[sites x]: unknown section"}},
    {"[site a b]\nrouting-domain = ab.%d\n",
     {"[site a b]: the name must not contain"}},
    {"[site a;b]\nrouting-domain = ab.%d\n",
     {"[site a;b]: the name must not contain"}},
    {"[site a%b]\nrouting-domain = ab.%d\n",
     {"[site a%b]: the name must not contain"}},
    {"[domain x y]\n", {"[domain x y]: not a domain name"}},
    {"[domain [192.0.2.1]\n", {"not a domain name"}},
    /* values */
    {"timeout = 0\n", {":16: timeout: \"0\" is not a number from 1 to 60"}},
    {"timeout = 61\n", {":16: timeout: \"61\" is not a number"}},
    {"timeout = -1\n", {":16: timeout: \"-1\" is not a number"}},
    {"timeout = 5s\n", {":16: timeout: \"5s\" is not a number"}},
    {"timeout = 99999999999999999999\n", {":16: timeout: "}},
    {"max-connections = 65\n",
     {":16: max-connections: \"65\" is not a number"}},
    {"start-tls = maybe\n", {":16: start-tls: \"maybe\" is not no or yes"}},
    {"bind = kerberos\n", {":16: bind: \"kerberos\" is not none or simple or"}},
    {"profile = bogus\n", {":16: profile: \"bogus\" is not one of sdr, laser"}},
    {"must-see = alice\n", {":16: must-see: \"alice\" is not ADDRESS or"}},
    {"must-see = alice@example.com nowhere\n", {":16: must-see: \"alice@"}},
    {"must-see = alice@example.com a b\n", {":16: must-see: \"alice@exam"}},
    {"must-see = @example.com onprem\n", {":16: must-see: \"@example.com"}},
    {"must-see = a@example.com\nmust-see = b@example.com x\n",
     {":17: must-see: \"b@example.com x\" is not"}},
    {EXPORT "uri = ldap://x\nsearch-base = example.com\n",
     {":20: search-base: given twice"}},
    {"[directory x]\nuri = ldap://x\ndefault-owner = cloud\n"
     "search-base = example.com\n",
     {":19: search-base: \"example.com\" is not a DN (RFC 4514)"}},
    {"[directory x]\nuri = ldap://x\ndefault-owner = cloud\n"
     "search-base = dc=example dc=com,\n",
     {":19: search-base: "}},
    {"address-attribute = mail\naddress-attribute = mail, proxyAddresses\n",
     {":17: address-attribute: \"mail, proxyAddresses\" is not the name of "
      "one attribute"}},
    {"owner-attribute = sdrOwner=hosted\n", {":16: owner-attribute: "}},
    {"hold-attribute = (info)\n", {":16: hold-attribute: "}},
    {"routing-address-attribute = -x\n", {":16: routing-address-attribute: "}},
    {"filter = a=b\n", {":16: filter: \"a=b\" is not in parentheses"}},
    {"[site hosted]\ndelivery = fly\n",
     {":17: delivery: \"fly\" is not rewrite or route"}},
    {"[milter]\nsocket-mode = 0888\n", {":17: socket-mode: \"0888\" is no"}},
    {"[milter]\nsocket-mode = 1777\n", {":17: socket-mode: \"1777\" is no"}},
    {"[milter]\nsocket = inet:8891@localhost\n",
     {":17: socket: \"inet:8891@localhost\" is not inet:PORT, inet:ADDRESS:"}},
    {"[milter]\nsocket = inet:[::1]:\n", {":17: socket: \"inet:[::1]:\" is"}},
    {"[milter]\nsocket = unix:sdr.sock\n", {":17: socket: \"sdr.sock\""}},
    {"[milter]\nmetrics-file = x.prom\n", {":17: metrics-file: \"x.prom\" is"}},
    {"[replica]\nmetrics-file = /x\n", {":17: metrics-file: \"/x\" is not"}},
    {"[milter]\nmetrics-file = /x.prom\n[replica]\nmetrics-file = /x.prom\n",
     {":17: metrics-file: the same file as in [replica]"}},
    {"catch-all = @example.com\n",
     {":16: catch-all: \"@example.com\" is not an ASCII local part"}},
    {"catch-all = a b\n",
     {":16: catch-all: \"a b\" is not an ASCII local part"}},
    {"profile = laser\nhold-value = x\n",
     {":17: hold-value: needs a hold-attribute"}},
    {"[milter]\nmap-socket = inet:0\n", {":17: map-socket: \"inet:0\" is not"}},
    {"[milter]\nmap-socket = inet:1\nsocket = inet:1\n",
     {":17: map-socket: the same as socket"}},
    {"[milter]\nkey-file = key\n", {":17: key-file: \"key\" does not begin"}},
    {"[milter]\nmap-socket = unix:\n", {":17: map-socket: \"\" is not"}},
    {"[milter]\nmap-socket = /x\nsocket = unix:/x\n",
     {":17: map-socket: the same as socket"}},
    {"[milter]\nsocket = /a123456789b123456789c123456789d123456789e123456789"
     "f123456789g123456789h123456789i123456789j123456789k1234567\n",
     {":17: socket: longer than 107 octets"}},
    {"[milter]\nmilter-route = x\n", {":17: milter-route: \"x\" is not"}},
    {"[milter]\nrewrite = both\n", {":17: rewrite: \"both\" is not"}},
    {"[milter]\nrewrite = tables\n", {":17: rewrite: \"tables\" needs map-s"}},
    /* given twice, merged sections included */
    {"timeout = 5\ntimeout = 5\n", {":17: timeout: given twice"}},
    {"default-owner = cloud\n", {":16: default-owner: given twice"}},
    {"[site hosted]\nrouting-domain = x.%d\n",
     {":17: routing-domain: given twice"}},
    /* missing */
    {"[site x]\n", {"[site x]: routing-domain is missing"}},
    {"[directory x]\nuri = ldap://localhost\ndefault-owner = cloud\n",
     {"[directory x]: search-base is missing"}},
    {"[directory x]\nsearch-base = dc=x\n",
     {"[directory x]: uri is missing",
      "[directory x]: default-owner is missing"}},
    /* sites that do not exist */
    {"[domain x.org]\nunknown = bogus\n",
     {":17: unknown: \"bogus\" is not reject or pass, and there is no [site "
      "bogus]"}},
    {"[domain x.org]\nunknown = 550 5.1.1\n",
     {":17: unknown: \"550 5.1.1\" is not reject or pass, and there is no "
      "[sit"}},
    {"[directory x]\nuri = ldap://localhost\nsearch-base = dc=x\n"
     "default-owner = bogus\n",
     {":19: default-owner: there is no [site bogus]"}},
    /* sites against each other */
    {"[site x]\nrouting-domain = x.%d\nowner-value = a\nowner-value = HOSTED\n",
     {":19: owner-value: \"HOSTED\" already means [site hosted]"}},
    {"[site x]\nrouting-domain = x.%d\nowner-value = MX.hosted.example.net\n",
     {":18: owner-value: \"MX.hosted"}},
    {"[site x]\nrouting-domain = hosted.%d\n",
     {":17: hosted.example.com has two meanings: routing-domain of [site "
      "hosted] for example.com, and routing-domain of [site x] for example."}},
    {"[site x]\nrouting-domain = example.com\n",
     {":17: example.com has two meanings: "}},
    {"[site x]\nrouting-domain = tenant.example.org\n",
     {"tenant.example.org has two meanings: "}},
    {"[site x]\nrouting-domain = x.example.org\n[domain example.org]\n",
     {":17: x.example.org has two meanings: routing-domain of [site x] for "
      "example.com, and routing-domain of [site x] for example.org"}},
    {"[domain hosted.example.com]\n",
     {":6: hosted.example.com has two meanings: "}},
    {"[site x]\nrouting-domain = x.%d\naccept-domain = example.com\n",
     {":18: example.com has two meanings: "}},
    {"[site x]\nrouting-domain = %s.%d\n",
     {":17: routing-domain: \"%s.%d\": %s means nothing; only %d does"}},
    {"[site x]\nrouting-domain = %d.x%\n",
     {":17: routing-domain: \"%d.x%\": % "}},
    {"[site x]\nrouting-domain = x.%d.%D\n", {": \"x.%d.%D\": %D means no"}},
    {"[site x]\nrouting-domain = x..%d\n", {":17: routing-domain: \"x..%d\""}},
    {"[site x]\nrouting-domain = [192.0.2.1]\n", {":17: routing-domain: "}},
    {"[site x]\nrouting-domain = x.%d\naccept-domain = a.b\n"
     "accept-domain = a b\n",
     {":19: accept-domain: \"a b\" is not a domain name"}},
    /* next hops */
    /* mailboxes to try */
    {"[site x]\nrouting-domain = x.%d\nverify-address = a@example.com\n"
     "verify-address = a@x.example.com\n",
     {":19: verify-address: \"a@x.example.com\" is not an address in a split"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = example.com\n",
     {":18: verify-address: \"example.com\" is not an address"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = <>\n",
     {":18: verify-address: \"<>\" is not an address"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = a@tenant.example.org\n",
     {":18: verify-address: \"a@tenant.example.org\" is not an address"}},
    {"[site x]\nrouting-domain = x.%d\nverify-address = "
     "jos\xc3\xa9@example.com\n",
     {":18: verify-address: "}},
    {"[site hosted]\ndelivery = route\n",
     {":17: delivery: route needs a next-hop"}},
    {"[site hosted]\nnext-hop = x:25\n",
     {":17: next-hop: only with delivery = route"}},
    {"[site hosted]\ndelivery = route\nnext-hop = x 25\n",
     {":18: next-hop: \"x 25\" is not host:port"}},
    {"[site onprem]\ndelivery = route\nnext-hop = x:25\n",
     {":17: delivery: route makes no sense for this-site"}},
    /* aliases */
    {"[domain x.org]\nalias-of = bogus.org\n",
     {":17: alias-of: there is no [domain bogus.org]"}},
    {"[domain x.org]\nalias-of = x.org\n",
     {":17: alias-of: [domain x.org] is an alias itself"}},
    {"[domain x.org]\nalias-of = example.com\n[domain y.org]\nalias-of = "
     "x.org\n",
     {":19: alias-of: [domain x.org] is an alias itself"}},
    {"[domain x.org]\nunknown = pass\nalias-of = example.com\n",
     {":17: unknown: not for an alias; set it in the domain that alias-of "
      "names"}},
    /* servers */
    {"uri = ldap1.example.com\n", {":16: uri: \"ldap1.example.com\" is not"}},
    {"uri = ldap://localhost\nuri = http://x\n", {":17: uri: \"http://x\""}},
    {"uri = ldap:///\n", {":16: uri: \"ldap:///\" is not"}},
    {"uri = ldaps:///\n", {":16: uri: \"ldaps:///\" is not"}},
    {"uri = cldap://x\n", {":16: uri: \"cldap://x\" is not"}},
    {"uri = pldap://x\n", {":16: uri: \"pldap://x\" is not"}},
    {"uri = ldap://x/dc=x\n", {":16: uri: \"ldap://x/dc=x\" is not"}},
    {"start-tls = yes\ntls-require-cert = no\nuri = ldapi://%2Fx\n",
     {":18: uri: \"ldapi://%2Fx\": start-tls is for ldap://"}},
    {"uri = ldaps://x\ntls-ca-file = /nonexistent\n",
     {":17: tls-ca-file: /nonexistent: No such file"}},
    {"uri = ldaps://x\ntls-ca-file = @PASSWORD_FILE@\n"
     "tls-cert-file = @PASSWORD_FILE@\n",
     {":18: tls-cert-file and tls-key-file: one needs the other"}},
    {"uri = ldaps://x\ntls-require-cert = no\n"
     "tls-key-file = /nonexistent\n",
     {":18: tls-cert-file and tls-key-file: one needs the other",
      ":18: tls-key-file: /nonexistent: No such file"}},
    {"tls-min-version = 1.1\n",
     {":16: tls-min-version: \"1.1\" is not 1.2 or 1.3"}},
    {"uri = ldap://x:99999\n", {":16: uri: \"ldap://x:99999\" is not"}},
    {"uri = ldap://x/?mail\n", {":16: uri: \"ldap://x/?mail\" is not"}},
    {"uri = ldap://x/??sub?(a=b)\n",
     {":16: uri: \"ldap://x/??sub?(a=b)\" is not"}},
    /* passwords */
    {"bind = simple\n",
     {":16: bind: simple needs bind-dn", ":16: bind: simple needs password-"}},
    {"bind = simple\nbind-dn = cn=x\n", {":16: bind: simple needs"}},
    {"bind = none\nbind-dn = cn=x\n",
     {":17: bind-dn: only with bind = simple"}},
    {"password-file = @PASSWORD_FILE@\n",
     {":16: password-file: only with bind = simple"}},
    {"bind = external\nbind-dn = cn=x\n",
     {":17: bind-dn: only with bind = simple"}},
    {"bind = gssapi\n", {":16: bind: gssapi needs keytab-file"}},
    {"bind = gssapi\nkeytab-file = /nonexistent\n",
     {":17: keytab-file: /nonexistent: No such file"}},
    {"keytab-file = @PASSWORD_FILE@\nprincipal = x\n",
     {":16: keytab-file: only with bind = gssapi",
      ":17: principal: only with bind = gssapi"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = /nonexistent\n",
     {":18: password-file: /nonexistent: No such file"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = /dev/null\n",
     {":18: password-file: /dev/null: not a regular file"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = @PASSWORD_FILE@\n"
     "uri = ldap://x.example\n",
     {":19: uri: \"ldap://x.example\" would send the password unencrypted"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = @PASSWORD_FILE@\n"
     "uri = ldap://127.0.0.1.example\n",
     {":19: uri: \"ldap://127.0.0.1.example\" would send the password"}},
    {"bind = simple\nbind-dn = cn=x\npassword-file = @PASSWORD_FILE@\n"
     "uri = pldap://x.example\n",
     {":19: uri: "}},
    /* the replica */
    {"[replica]\npath = replica\n",
     {":17: path: \"replica\" does not begin with /"}},
    {"[replica]\npath = /a\npath = /b\n", {":18: path: given twice"}},
    {"[replica]\nunknown-max-age = 4\n",
     {":17: unknown-max-age: \"4\" is not a number from 5 to 86400"}},
    {"[replica]\nunknown-max-age = 86401\n", {":17: unknown-max-age: "}},
    {"[replica]\nknown-max-age = 59\n",
     {":17: known-max-age: \"59\" is not a number from 60 to 31536000"}},
    {"[replica]\nknown-max-age = 31536001\n", {":17: known-max-age: "}},
    {"[replica]\nmax-removed = 101\n",
     {":17: max-removed: \"101\" is not a number from 0 to 100"}},
    {"[replica]\nmax-removed = 10%\n", {":17: max-removed: \"10%\" is no"}},
    {"[replica]\nreconcile = 31536001\n",
     {":17: reconcile: \"31536001\" is not a number from 0 to 31536000"}},
    {"[replica]\nmax-age = 1\n", {":17: max-age: unknown option"}},
    {"[replica x]\n", {"[replica x]: unknown section"}},
    /* files instead of servers */
    {EXPORT "uri = ldif:/x\n",
     {":19: uri: ldif: needs a [replica] with a path"}},
    {EXPORT "uri = ldif:/x\n[replica]\nreconcile = 0\n",
     {":19: uri: ldif: needs a [replica] with a path"}},
    {REPLICA EXPORT "uri = ldif:x\n",
     {":21: uri: \"ldif:x\" is not ldif:/PATH"}},
    {REPLICA EXPORT "uri = ldif:\n", {":21: uri: \"ldif:\" is not ldif:/PA"}},
    {REPLICA EXPORT "uri = ldif:/x\nuri = ldap://localhost\n",
     {":21: uri: an ldif: file must be the only uri"}},
    {REPLICA EXPORT "uri = ldap://localhost\nuri = ldif:/x\n",
     {":22: uri: \"ldif:/x\" is not ldap://HOST"}},
    {REPLICA EXPORT "uri = ldif:/x\nfilter = (a=b)\n",
     {":22: filter: cannot be used with ldif:"}},
};

static void
mistakes_are_reported_with_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_config *c = NULL;
        struct unit_lines mistakes;
        char text[2048];
        enum sdr_status status;
        unsigned n = 0;

        snprintf(text, sizeof text, "%s%s", UNIT_CONF, rows[i].more);
        status = unit_load(&c, text, &mistakes);
        for (; n < UNIT_COUNT(rows[i].mistake) && rows[i].mistake[n]; n++)
            unit_row(unit_is_reported(&mistakes, rows[i].mistake[n]),
                     "%s: not reported: %s, but %s", rows[i].more,
                     rows[i].mistake[n], mistakes.text);
        unit_row(status == SDR_CONFIG && c == NULL && mistakes.count == n,
                 "%s: %s, %u lines: %s", rows[i].more, sdr_status_name(status),
                 mistakes.count, mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

/* Texts that do not begin like UNIT_CONF. */
static void
all_forms_of_names_are_accepted(void **state)
{
    static const char *const good[] = {
        "owner-attribute = 1.2.840.113556.1.2.102\n",
        "hold-attribute = x_y;lang-de\naddress-attribute = m\n",
        "[directory x]\nuri = ldap://x\ndefault-owner = cloud\n"
        "search-base = <GUID=0123>\n",
        "[directory x]\nuri = ldap://x\ndefault-owner = cloud\n"
        "search-base = o=A\\, B + c=DE, DC=x\n",
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(good); i++) {
        struct sdr_config *c = NULL;
        struct unit_lines mistakes;
        char text[2048];
        enum sdr_status status;

        snprintf(text, sizeof text, "%s%s", UNIT_CONF, good[i]);
        status = unit_load(&c, text, &mistakes);
        unit_row(status == SDR_OK, "%s: %s: %s", good[i],
                 sdr_status_name(status), mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

static void
whole_files_are_judged(void **state)
{
    static const struct {
        const char *text, *mistake;
    } files[] = {
        {"", "this-site is missing"},
        {"", "there is no [domain ...]"},
        {"", "there is no [directory ...]"},
        {"this-site = x\n", ":1: this-site: there is no [site x]"},
        {"bogus = 1\nthis-site = x\n", ":1: bogus: unknown option"},
        {"nonsense\n", ":1: \"nonsense\" is neither"},
        {" [site x]\n bogus = 1\n", ":2: bogus: unknown option in [site]"},
        {"journal-directory = journal\n",
         ":1: journal-directory: \"journal\" does not begin with /"},
        {"loop-limit = 0\n", ":1: loop-limit: \"0\" is not a number"},
        {"recipient-delimiter = plus\n", ":1: recipient-delimiter: \"plus\""},
        {"recipient-delimiter = +0\n", ":1: recipient-delimiter: \"+0\" has"},
        {"loop-limit = 51\n", ":1: loop-limit: \"51\" is not a number"},
        {"this-site = a\nthis-site = b\n", ":2: this-site: given twice"},
        {"\xef\xbb\xbfthis-site = x\n", ":1: begins with a byte order mark"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        struct sdr_config *c;
        struct unit_lines mistakes;
        enum sdr_status status = unit_load(&c, files[i].text, &mistakes);

        unit_row(status == SDR_CONFIG
                     && unit_is_reported(&mistakes, files[i].mistake),
                 "%s: %s, %s", files[i].text, sdr_status_name(status),
                 mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

static void
all_mistakes_are_reported_in_the_order_of_the_file(void **state)
{
    static const char *const reported[] = {
        ":1: this-site: there is no [site bogus]",
        ":2: loop-limit: ",
        ":3: bogus: unknown option",
        ":4: [what]: unknown section",
        ":6: socket: ",
        ":7: [site a b]: the name must not",
        ":8: routing-domain: ",
        ":9: delivery: ",
        ":11: unknown: \"y\" is not reject or pass, and there is no [site y]",
        ":12: [directory d]: search-base is missing",
        ":13: uri: ",
        ":14: default-owner: there is no [site z]",
        ":15: bind: simple needs bind-dn",
        ":15: bind: simple needs password-file",
        ":16: [SITE c]: routing-domain is missing",
        ":17: zzz: unknown option",
    };
    struct sdr_config *c;
    struct unit_lines mistakes;

    (void)state;
    assert_int_equal(unit_load(&c,
                               "this-site = bogus\n"
                               "loop-limit = x\n"
                               "bogus = 1\n"
                               "[what]\n"
                               "[milter]\n"
                               "socket = x\n"
                               "[ site a b ]\n"
                               "routing-domain = %%\n"
                               "delivery = fly\n"
                               "[domain b]\n"
                               "unknown = y\n"
                               "[directory d]\n"
                               "uri = x\n"
                               "default-owner = z\n"
                               "bind = simple\n"
                               "[SITE c]\n"
                               "zzz = 1\n",
                               &mistakes),
                     SDR_CONFIG);
    for (unsigned i = 0; i < UNIT_COUNT(reported); i++)
        unit_row(unit_line_has(&mistakes, i, reported[i]), "not line %u: %s", i,
                 reported[i]);
    unit_row(mistakes.count == UNIT_COUNT(reported), "%s", mistakes.text);
    unit_end();
}

static void
more_sites_than_bits_are_a_mistake(void **state)
{
    struct sdr_config *c;
    struct unit_lines mistakes;
    char text[8192] = UNIT_CONF;

    (void)state;
    for (int i = 4; i <= SDR_SITES_MAX; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "[site s%d]\nrouting-domain = s%d.%%d\n", i, i);
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_OK);
    sdr_config_free(&c);
    strcat(text, "[site last]\nrouting-domain = last.%d\n");
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_CONFIG);
    assert_true(unit_is_reported(&mistakes, "more than 32 sites"));
}

/* A key of the replica has one octet for the directory. */
static void
more_directories_than_an_octet_knows_have_no_replica(void **state)
{
    struct sdr_config *c;
    struct unit_lines mistakes;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    fputs(UNIT_CONF, out);
    for (int i = 2; i <= 256; i++)
        fprintf(out,
                "[directory d%d]\nuri = ldap://localhost\n"
                "search-base = dc=x\ndefault-owner = cloud\n",
                i);
    fputs(REPLICA, out);
    fflush(out);
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_OK);
    sdr_config_free(&c);
    fputs(EXPORT "uri = ldap://localhost\n", out);
    fclose(out);
    assert_int_equal(unit_load(&c, text, &mistakes), SDR_CONFIG);
    assert_true(
        unit_is_reported(&mistakes, "path: a replica can hold at most 256"));
    free(text);
}

/* libini_config rejects some files without a reason: octets that are not UTF-8,
 * and section names that are not ASCII. */
static void
what_the_parser_cannot_take_is_reported(void **state)
{
    static const char *const texts[] = {
        "# caf\xe9\n", "filter = (cn=caf\xe9)\n", "[site caf\xe9]\n",
        "[site x\x01]\n", "[domain m\xc3\xbcll.example]\n"};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct sdr_config *c;
        struct unit_lines mistakes;
        char text[1024];
        enum sdr_status status;

        snprintf(text, sizeof text, "%s%s", UNIT_CONF, texts[i]);
        status = unit_load(&c, text, &mistakes);
        unit_row(
            status == SDR_CONFIG && unit_is_reported(&mistakes, "/sdr.conf"),
            "%s: %s, %s", texts[i], sdr_status_name(status), mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_reported_with_their_line),
        cmocka_unit_test(all_forms_of_names_are_accepted),
        cmocka_unit_test(whole_files_are_judged),
        cmocka_unit_test(all_mistakes_are_reported_in_the_order_of_the_file),
        cmocka_unit_test(more_sites_than_bits_are_a_mistake),
        cmocka_unit_test(more_directories_than_an_octet_knows_have_no_replica),
        cmocka_unit_test(what_the_parser_cannot_take_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
