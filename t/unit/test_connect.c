/* test_connect.c - connecting to what is there, what is not and what is silent
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/clock.h"
#include "net/connect.h"
#include "net/resolve.h"

/* A socket that listens at 127.0.0.1, and its port. */
static int
listen_somewhere(int backlog, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void
test_connected_socket_is_ready_for_use(void **state)
{
    struct sdr_error error = {""};
    uint16_t port;
    int listener = listen_somewhere(5, &port);
    int fd = -1, keepalive = 0;
    socklen_t len = sizeof keepalive;

    (void)state;
    if (sdr_connect("localhost", port, sdr_clock() + 5000, &fd, &error)
        != SDR_OK)
        fail_msg("%s", error.text);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &len),
                     0);
    assert_int_equal(keepalive, 1);
    close(fd);
    close(listener);
}

static void
test_failures_have_a_reason(void **state)
{
    static const struct {
        const char *host, *reason;
    } rows[] = {
        {"127.0.0.1", "connect to 127.0.0.1 port 1: Connection refused"},
        {"::1", "connect to ::1 port 1: "},
        {"localhost", " port 1: Connection refused"},
        {"", ": "},
        {"a..b", "a..b: "},
        {"a\nb", "a\nb: "},
        {"name.invalid", "name.invalid: "},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_error error = {""};
        int fd = -1;
        enum sdr_status status =
            sdr_connect(rows[i].host, 1, sdr_clock() + 2000, &fd, &error);

        unit_row(status == SDR_TEMPFAIL && fd == -1
                     && strstr(error.text, rows[i].reason) != NULL,
                 "%s: %s %s", rows[i].host, sdr_status_name(status),
                 error.text);
    }
    unit_end();
}

/* The kernel drops connections that do not fit into a listener's queue. */
static void
test_silent_host_times_out(void **state)
{
    struct sdr_error error = {""};
    uint16_t port;
    int listener = listen_somewhere(0, &port);
    int fds[16];
    int64_t deadline = 0;
    unsigned n = 0;
    enum sdr_status status = SDR_OK;

    (void)state;
    while (status == SDR_OK && n < UNIT_COUNT(fds)) {
        deadline = sdr_clock() + 300;
        status = sdr_connect("127.0.0.1", port, deadline, &fds[n], &error);
        if (status == SDR_OK)
            n++;
    }
    assert_int_equal(status, SDR_TEMPFAIL);
    assert_true(sdr_clock() >= deadline);
    assert_non_null(strstr(error.text, "timed out"));
    while (n > 0)
        close(fds[--n]);
    close(listener);
}

static void
test_addresses_carry_the_port(void **state)
{
    struct sdr_addresses addresses;
    struct sdr_error error = {""};
    const struct sockaddr_in *v4;

    (void)state;
    assert_int_equal(
        sdr_resolve("192.0.2.7", 636, sdr_clock() + 2000, &addresses, &error),
        SDR_OK);
    assert_int_equal(addresses.count, 1);
    v4 = (const struct sockaddr_in *)&addresses.items[0].address;
    assert_int_equal(v4->sin_family, AF_INET);
    assert_int_equal(ntohs(v4->sin_port), 636);
    assert_int_equal(ntohl(v4->sin_addr.s_addr), 0xc0000207);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connected_socket_is_ready_for_use),
        cmocka_unit_test(test_failures_have_a_reason),
        cmocka_unit_test(test_silent_host_times_out),
        cmocka_unit_test(test_addresses_carry_the_port),
    };

    sdr_resolve_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
