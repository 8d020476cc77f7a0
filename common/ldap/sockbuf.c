/* sockbuf.c - see sockbuf.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/sockbuf.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openldap.h>

#include "net/clock.h"

/* A control option of our own; it must differ from libldap's. */
enum { SET_DEADLINE = 0x5344 };

/* The largest message accepted: a server's whole schema is half a megabyte. */
enum { MESSAGE_MAX = 16 * 1024 * 1024 };

/* The octets that one recv() may read ahead of libldap, which asks for the head
 * of a message and its rest separately, and waits in between. */
enum { AHEAD_SIZE = 16 * 1024 };

struct stream {
    int64_t deadline;
    size_t begin, end; /* of the octets received and not yet read */
    char octets[AHEAD_SIZE];
};

static int
setup(Sockbuf_IO_Desc *layer, void *deadline)
{
    struct stream *stream = malloc(sizeof *stream);

    layer->sbiod_pvt = stream;
    if (stream == NULL)
        return -1;
    stream->deadline = *(const int64_t *)deadline;
    stream->begin = stream->end = 0;
    return 0;
}

static int
tear_down(Sockbuf_IO_Desc *layer)
{
    free(layer->sbiod_pvt);
    layer->sbiod_pvt = NULL;
    return 0;
}

/* libldap polls the socket only if no layer has data ready. */
static int
control(Sockbuf_IO_Desc *layer, int option, void *value)
{
    struct stream *stream = layer->sbiod_pvt;

    if (option == LBER_SB_OPT_DATA_READY)
        return stream->begin < stream->end;
    if (option != SET_DEADLINE)
        return 0;
    stream->deadline = *(const int64_t *)value;
    return 1;
}

static ber_socket_t
socket_of(const Sockbuf_IO_Desc *layer)
{
    ber_socket_t fd = -1;

    ber_sockbuf_ctrl(layer->sbiod_sb, LBER_SB_OPT_GET_FD, &fd);
    return fd;
}

/* Wait until the socket is ready. Returns false, with errno, if that fails or
 * the deadline passes. */
static bool
await(const Sockbuf_IO_Desc *layer, int fd, short events)
{
    const struct stream *stream = layer->sbiod_pvt;
    struct pollfd waiting = {.fd = fd, .events = events};
    int64_t left;

    while ((left = stream->deadline - sdr_clock()) > 0) {
        int n = poll(&waiting, 1, left > 60000 ? 60000 : (int)left);

        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
    errno = ETIMEDOUT;
    return false;
}

/* Returns true if the call was interrupted, or if the socket was not ready and
 * now is. */
static bool
may_go_on(const Sockbuf_IO_Desc *layer, int fd, short events)
{
    if (errno == EINTR)
        return true;
    return (errno == EAGAIN || errno == EWOULDBLOCK)
           && await(layer, fd, events);
}

static ssize_t
receive_now(const Sockbuf_IO_Desc *layer, void *octets, size_t len)
{
    ber_socket_t fd = socket_of(layer);
    ssize_t n;

    do
        n = recv(fd, octets, len, MSG_DONTWAIT);
    while (n < 0 && may_go_on(layer, fd, POLLIN));
    return n;
}

static ber_slen_t
receive(Sockbuf_IO_Desc *layer, void *octets, ber_len_t len)
{
    struct stream *stream = layer->sbiod_pvt;
    size_t ready;

    if (stream->begin == stream->end) {
        ssize_t n = receive_now(layer, stream->octets, sizeof stream->octets);

        if (n <= 0)
            return n;
        stream->begin = 0;
        stream->end = (size_t)n;
    }
    ready = stream->end - stream->begin;
    if (ready > len)
        ready = len;
    memcpy(octets, stream->octets + stream->begin, ready);
    stream->begin += ready;
    return (ber_slen_t)ready;
}

static ber_slen_t
transmit(Sockbuf_IO_Desc *layer, void *octets, ber_len_t len)
{
    ber_socket_t fd = socket_of(layer);
    ssize_t n;

    do
        n = send(fd, octets, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && may_go_on(layer, fd, POLLOUT));
    return n;
}

static int
hang_up(Sockbuf_IO_Desc *layer)
{
    ber_socket_t fd = socket_of(layer);

    return fd >= 0 ? close(fd) : 0;
}

/* ---- a gate above TLS ----
 *
 * After a failed write, GnuTLS retries the record that it could not send,
 * whatever data it is given next, and libldap loses count. So the gate allows
 * no write after a failed one, not even libldap's unbind. */

static int
gate_setup(Sockbuf_IO_Desc *layer, void *unused)
{
    (void)unused;
    layer->sbiod_pvt = NULL; /* open */
    return 0;
}

static int
gate_nothing(Sockbuf_IO_Desc *layer)
{
    (void)layer;
    return 0;
}

static int
gate_control(Sockbuf_IO_Desc *layer, int option, void *value)
{
    return LBER_SBIOD_CTRL_NEXT(layer, option, value);
}

static ber_slen_t
gate_receive(Sockbuf_IO_Desc *layer, void *octets, ber_len_t len)
{
    return LBER_SBIOD_READ_NEXT(layer, octets, len);
}

static ber_slen_t
gate_transmit(Sockbuf_IO_Desc *layer, void *octets, ber_len_t len)
{
    ber_slen_t n = -1;

    if (layer->sbiod_pvt == NULL)
        n = LBER_SBIOD_WRITE_NEXT(layer, octets, len);
    else
        errno = EPIPE;
    if (n > 0 && (ber_len_t)n <= len)
        return n;
    layer->sbiod_pvt = layer; /* closed */
    return -1;
}

enum sdr_status
sdr_sockbuf_open(LDAP **ld, int fd, const char *uri, int64_t deadline,
                 struct sdr_error *error)
{
    static Sockbuf_IO io = {setup,   tear_down, control,
                            receive, transmit,  hang_up};
    static Sockbuf_IO gate = {gate_setup,   gate_nothing,  gate_control,
                              gate_receive, gate_transmit, gate_nothing};
    ber_len_t message_max = MESSAGE_MAX;
    Sockbuf *socket_buffer = NULL;
    int rc = ldap_init_fd(fd, LDAP_PROTO_EXT, uri, ld);

    if (rc == LDAP_SUCCESS) {
        ldap_get_option(*ld, LDAP_OPT_SOCKBUF, &socket_buffer);
        if (ber_sockbuf_add_io(socket_buffer, &io, LBER_SBIOD_LEVEL_PROVIDER,
                               &deadline)
                == 0
            && ber_sockbuf_add_io(socket_buffer, &gate,
                                  LBER_SBIOD_LEVEL_APPLICATION, NULL)
                   == 0
            && ber_sockbuf_ctrl(socket_buffer, LBER_SB_OPT_SET_MAX_INCOMING,
                                &message_max)
                   == 1)
            return SDR_OK;
        ldap_unbind_ext(*ld, NULL, NULL);
        *ld = NULL;
        rc = LDAP_NO_MEMORY;
    }
    close(fd);
    sdr_error_set(error, "%s", ldap_err2string(rc));
    return SDR_TEMPFAIL;
}

void
sdr_sockbuf_deadline(LDAP *ld, int64_t deadline)
{
    Sockbuf *socket_buffer = NULL;

    ldap_get_option(ld, LDAP_OPT_SOCKBUF, &socket_buffer);
    if (socket_buffer != NULL)
        ber_sockbuf_ctrl(socket_buffer, SET_DEADLINE, &deadline);
}
