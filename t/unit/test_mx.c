/* test_mx.c - the order in which the hosts of a domain are tried, and how far
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/mx.h"

#include "unit.h"

static unsigned
first(unsigned below)
{
    (void)below;
    return 0;
}

static unsigned
last(unsigned below)
{
    return below - 1;
}

/* "20 b, 10 a, 10 c!": preference and name; "!" is this host. */
static void
read_hosts(struct mx *mx, const char *text)
{
    memset(mx, 0, sizeof *mx);
    mx->kind = MX_NAMED;
    while (*text != '\0') {
        struct mx_host *host = &mx->hosts[mx->count++];
        int used = 0;

        assert_int_equal(sscanf(text, "%u %255[^!,]%n", &host->preference,
                                host->name, &used),
                         2);
        host->local = text[used] == '!';
        text += used + host->local;
        text += strspn(text, ", ");
    }
}

static void
write_hosts(const struct mx *mx, char *text, size_t size)
{
    text[0] = '\0';
    for (unsigned i = 0; i < mx->count; i++) {
        size_t used = strlen(text);

        snprintf(text + used, size - used, "%s%s", i > 0 ? " " : "",
                 mx->hosts[i].name);
    }
}

static const struct {
    const char *hosts;
    const char *order, *other_order; /* with the last and the first chance */
    unsigned usable;
} rows[] = {
    {"", "", "", 0},
    {"10 a", "a", "a", 1},
    {"20 b, 10 a", "a b", "a b", 2},
    {"10 a, 10 b", "a b", "b a", 2},
    {"30 d, 10 a, 20 c, 20 b", "a c b d", "a b c d", 4},
    {"0 a, 65535 b", "a b", "a b", 2},
    /* named twice */
    {"20 a, 10 A, 15 b", "A b", "A b", 2},
    {"10 a, 10 a", "a", "a", 1},
    /* this host is among them (RFC 5321, 5.1): only better hosts are used */
    {"10 a!", "a", "a", 0},
    {"10 a!, 20 b", "a b", "a b", 0},
    {"10 a, 20 b!", "a b", "a b", 1},
    {"10 a, 20 b!, 20 c, 30 d", "a b c d", "a c b d", 1},
    {"10 a!, 10 b", "a b", "b a", 0},
    {"10 a, 15 b, 20 c!, 30 d!", "a b c d", "a b c d", 2},
};

static void
test_hosts_are_tried_in_order(void **state)
{
    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        struct mx a, b;
        char order[256], other[256];

        read_hosts(&a, rows[i].hosts);
        b = a;
        mx_order(&a, last);
        mx_order(&b, first);
        mx_choose(&a);
        mx_choose(&b);
        write_hosts(&a, order, sizeof order);
        write_hosts(&b, other, sizeof other);
        unit_row(strcmp(order, rows[i].order) == 0
                     && strcmp(other, rows[i].other_order) == 0
                     && a.usable == rows[i].usable
                     && b.usable == rows[i].usable,
                 "%s: %s (%u), %s (%u)", rows[i].hosts, order, a.usable, other,
                 b.usable);
    }
    unit_end();
}

static unsigned
by_chance(unsigned below)
{
    return (unsigned)rand() % below;
}

/* Each of equal hosts is the first about as often as the others. */
static void
test_equal_hosts_share_the_work(void **state)
{
    unsigned firsts[3] = {0};

    (void)state;
    srand(1);
    for (int i = 0; i < 3000; i++) {
        struct mx mx;

        read_hosts(&mx, "10 a, 10 b, 10 c");
        mx_order(&mx, by_chance);
        firsts[mx.hosts[0].name[0] - 'a']++;
    }
    for (unsigned i = 0; i < 3; i++)
        unit_row(firsts[i] > 850 && firsts[i] < 1150, "%u", firsts[i]);
    unit_end();
}

static void
test_this_host_is_known_by_its_addresses(void **state)
{
    static const struct {
        const char *address;
        bool local;
    } addresses[] = {
        {"127.0.0.1", true},    {"0.0.0.0", true},       {"::", true},
        {"192.0.2.1", true},    {"2001:DB8:0::1", true}, {"203.0.113.9", false},
        {"2001:db8::2", false},
    };
    struct local_addresses local;

    (void)state;
    local_addresses_find(&local);
    assert_true(local_addresses_add(&local, "192.0.2.1"));
    assert_true(local_addresses_add(&local, "2001:db8::1"));
    assert_false(local_addresses_add(&local, "mx.example.com"));
    assert_false(local_addresses_add(&local, "192.0.2.1:25"));
    for (unsigned i = 0; i < UNIT_COUNT(addresses); i++) {
        struct sockaddr_storage address;

        assert_true(parse_address(addresses[i].address, &address));
        unit_row(local_addresses_has(&local, &address) == addresses[i].local,
                 "%s", addresses[i].address);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_are_tried_in_order),
        cmocka_unit_test(test_equal_hosts_share_the_work),
        cmocka_unit_test(test_this_host_is_known_by_its_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
