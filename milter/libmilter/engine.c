/* engine.c - see engine.h: Sendmail's libmilter as the engine
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The reference for our own engine, and for those who want the vendor's
 * library. Pitfalls of libmilter are described where they are handled.
 */
#include "engine.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "net/inet.h"
#include "listen.h"
#include "protocol/negotiation.h"
#include "protocol/packet.h"
#include "recipients.h"
#include "say.h"
#include "configuration.h"
#include "thread.h"

enum { PATIENCE_MS = 1000 }; /* for a self-probe */

const char engine_name[] = " (libmilter)";
const bool engine_ends_on_hangup = true;

struct mta {
    SMFICTX *ctx;
    struct message message;
    sfsistat refusal; /* the status to return with the reply */
};

/* The listening address; a reload does not change it. */
static struct sockaddr_storage listening;
static socklen_t listening_len;
static char *listening_at;

/* libmilter's arguments are not constant, but it does not change them. */
static char *
text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* ---- functions of mta.h ---- */

const char *
mta_macro(const struct mta *mta, const char *name)
{
    return smfi_getsymval(mta->ctx, text_of(name));
}

enum mta_answer
mta_reply(struct mta *mta, const struct sdr_reply *reply)
{
    char text[MTA_REPLY_MAX];

    mta_reply_text(reply, text);
    if (smfi_setreply(mta->ctx, text_of(reply->code), text_of(reply->enhanced),
                      text)
        != MI_SUCCESS)
        return MTA_TEMPFAIL;
    mta->refusal = reply->code[0] == '5' ? SMFIS_REJECT : SMFIS_TEMPFAIL;
    return MTA_REPLIED;
}

/* libmilter rejects actions that were not negotiated. */
bool
mta_add_recipient(struct mta *mta, const char *path, const char *parameters)
{
    return smfi_addrcpt_par(mta->ctx, text_of(path), text_of(parameters))
               == MI_SUCCESS
           || smfi_addrcpt(mta->ctx, text_of(path)) == MI_SUCCESS;
}

bool
mta_delete_recipient(struct mta *mta, const char *text)
{
    return smfi_delrcpt(mta->ctx, text_of(text)) == MI_SUCCESS;
}

bool
mta_add_header(struct mta *mta, const char *name, const char *value)
{
    return smfi_addheader(mta->ctx, text_of(name), text_of(value))
           == MI_SUCCESS;
}

/* The MTA has received them already. */
void
mta_cancel_edits(struct mta *mta)
{
    (void)mta;
}

/* ---- callbacks ---- */

/* Negotiate. libmilter answers steps for which an MTA waits, as our own engine
 * does. Without this callback it would reject an MTA that allows fewer actions
 * than xxfi_flags. */
static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
             unsigned long f2, unsigned long f3, unsigned long *our_actions,
             unsigned long *our_steps, unsigned long *our_f2,
             unsigned long *our_f3)
{
    (void)f2;
    (void)f3;
    *our_actions = negotiation_actions((uint32_t)actions);
    *our_steps = negotiation_steps((uint32_t)steps);
    *our_f2 = *our_f3 = 0;
    if ((actions & SMFIF_SETSYMLIST) != 0)
        smfi_setsymlist(ctx, SMFIM_ENVRCPT, text_of(NEGOTIATION_MACROS));
    return SMFIS_CONTINUE;
}

/* Returns the connection's state, which is created if necessary: on_close() has
 * freed it if another session follows on this connection (QUIT_NC), which
 * negotiates nothing and may not send CONNECT. NULL without memory. */
static struct mta *
get_mta(SMFICTX *ctx)
{
    struct mta *mta = smfi_getpriv(ctx);

    if (mta != NULL)
        return mta;
    mta = calloc(1, sizeof *mta);
    if (mta == NULL)
        return NULL;
    mta->ctx = ctx;
    smfi_setpriv(ctx, mta);
    return mta;
}

static sfsistat
status_of(const struct mta *mta, enum mta_answer answer)
{
    switch (answer) {
    case MTA_CONTINUE:
        return SMFIS_CONTINUE;
    case MTA_REPLIED:
        return mta->refusal;
    case MTA_TEMPFAIL:
    case MTA_BROKEN:
        return SMFIS_TEMPFAIL;
    }
    return SMFIS_TEMPFAIL;
}

static sfsistat
on_envfrom(SMFICTX *ctx, char **argv)
{
    struct mta *mta = get_mta(ctx);

    (void)argv;
    if (mta != NULL)
        recipients_begin(&mta->message);
    return SMFIS_NOREPLY;
}

static int
connect_to_ourselves(void)
{
    int fd = socket(listening.ss_family,
                    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0
        && (connect(fd, (const struct sockaddr *)&listening, listening_len) == 0
            || errno == EINPROGRESS))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Make libmilter start a thread. It does so for a client only if it counts no
 * idle thread. Clients that send at the same moment are all left to the same
 * idle thread, and wait for each other's answers, possibly from a silent
 * directory. A new connection makes libmilter count again. */
static void
wake_a_thread(void)
{
    int fd = connect_to_ourselves();

    if (fd >= 0)
        close(fd);
}

static bool
may_wait(const struct mta *mta, const char *given)
{
    const char *resolved = mta_macro(mta, "{rcpt_addr}");
    struct sdr *sdr = configuration_get();
    bool waits = sdr_needs_directory(sdr, given)
                 || (resolved != NULL && sdr_needs_directory(sdr, resolved));

    sdr_close(&sdr);
    return waits;
}

static sfsistat
on_envrcpt(SMFICTX *ctx, char **argv)
{
    struct rcpt_parameters parameters = {NULL, NULL};
    struct mta *mta = get_mta(ctx);

    if (mta == NULL)
        return SMFIS_TEMPFAIL;
    for (char **argument = argv + 1; *argument != NULL; argument++)
        recipients_parameter(&parameters, *argument);
    if (may_wait(mta, argv[0]))
        wake_a_thread();
    return status_of(mta,
                     recipients_add(mta, &mta->message, argv[0], &parameters));
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
    struct mta *mta = get_mta(ctx);

    if (mta != NULL)
        recipients_header(&mta->message, name, value);
    return SMFIS_NOREPLY;
}

static sfsistat
on_eom(SMFICTX *ctx)
{
    struct mta *mta = get_mta(ctx);

    if (mta == NULL)
        return SMFIS_TEMPFAIL;
    return status_of(mta, recipients_end(mta, &mta->message));
}

static sfsistat
on_abort(SMFICTX *ctx)
{
    struct mta *mta = smfi_getpriv(ctx);

    if (mta != NULL)
        message_clear(&mta->message);
    return SMFIS_CONTINUE;
}

static sfsistat
on_close(SMFICTX *ctx)
{
    on_abort(ctx);
    free(smfi_getpriv(ctx));
    smfi_setpriv(ctx, NULL);
    return SMFIS_CONTINUE;
}

/* ---- the engine ---- */

static bool
register_steps(void)
{
    struct smfiDesc description = {
        .xxfi_name = text_of("sdr-milter"),
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = negotiation_all_actions,
        .xxfi_envfrom = on_envfrom,
        .xxfi_envrcpt = on_envrcpt,
        .xxfi_header = on_header,
        .xxfi_eom = on_eom,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };

    return smfi_register(description) == MI_SUCCESS;
}

/* Set the listening address, and write it in libmilter's form. Returns false
 * without memory. */
static bool
set_listening(const char *socket, char name[], size_t size)
{
    struct sockaddr_un *path = (struct sockaddr_un *)&listening;
    struct sdr_inet inet;
    char host[NI_MAXHOST], port[NI_MAXSERV];

    listening_at = strdup(socket); /* a reload frees the caller's */
    if (!sdr_inet_parse(socket, &inet)) {
        path->sun_family = AF_UNIX;
        listening_len = sizeof *path;
        snprintf(path->sun_path, sizeof path->sun_path, "%s", socket);
        snprintf(name, size, "unix:%s", socket);
        return listening_at != NULL;
    }
    listening = inet.address;
    listening_len = inet.len;
    (void)getnameinfo((const struct sockaddr *)&listening, listening_len, host,
                      sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(name, size, "%s:%s@%s",
             listening.ss_family == AF_INET6 ? "inet6" : "inet", port, host);
    return listening_at != NULL;
}

/* libmilter creates its socket itself; the umask keeps others from connecting
 * before its mode is set. Its limit for packets, which excludes the command, is
 * 65,535 octets by default. */
bool
engine_open(const struct sdr_milter_options *options)
{
    char name[sizeof(struct sockaddr_un) + NI_MAXHOST + NI_MAXSERV];
    mode_t old = umask(0177);
    bool ok;

    smfi_setmaxdatasize(PACKET_MAX - 1);
    errno = 0;
    ok = set_listening(options->socket, name, sizeof name) && register_steps()
         && smfi_setbacklog(LISTEN_BACKLOG) == MI_SUCCESS
         && smfi_setconn(name) == MI_SUCCESS
         && smfi_opensocket(listening.ss_family == AF_UNIX) == MI_SUCCESS;
    if (!ok)
        say(LOG_ERR, "%s: cannot listen: %s", options->socket,
            errno != 0 ? strerror(errno) : "libmilter cannot");
    umask(old);
    return ok
           && (listening.ss_family != AF_UNIX
               || listen_set_access(options->socket, options));
}

/* Run libmilter. It waits for SIGHUP, SIGTERM and SIGINT like the main thread,
 * takes one that arrives while that is busy, and ends within five seconds. */
static void *
serve(void *arg)
{
    if (smfi_main() == MI_SUCCESS) {
        pthread_kill(*(pthread_t *)arg, SIGTERM);
        return NULL;
    }
    say(LOG_ERR, "libmilter cannot serve: see the mail log");
    _exit(EX_OSERR);
}

bool
engine_start(unsigned clients_max)
{
    static pthread_t caller;
    pthread_t thread;
    int rc;

    (void)clients_max; /* libmilter has no limit */
    caller = pthread_self();
    rc = thread_start(&thread, serve, &caller);
    if (rc != 0)
        say(LOG_ERR, "cannot start a thread: %s", strerror(rc));
    return rc == 0;
}

/* The probe waits in the backlog like other connections. */
bool
engine_is_alive(void)
{
    int fd = connect_to_ourselves();
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    char octet;
    bool alive;

    if (fd < 0)
        return false;
    alive = send(fd, NEGOTIATION_QUESTION, sizeof NEGOTIATION_QUESTION - 1,
                 MSG_NOSIGNAL)
                == (ssize_t)sizeof NEGOTIATION_QUESTION - 1
            && poll(&answer, 1, PATIENCE_MS) == 1
            && recv(fd, &octet, sizeof octet, 0) == (ssize_t)sizeof octet;
    close(fd);
    return alive;
}

/* libmilter's own shutdown takes five seconds and destroys locks that its
 * threads still use. So its threads are left running: their answers are lost,
 * and the clients reconnect. */
bool
engine_end(void)
{
    listen_remove(listening_at);
    return false;
}
