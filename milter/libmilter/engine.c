/* engine.c - see engine.h: Sendmail's libmilter as the engine
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The reference for our own engine, and for those who want the vendor's
 * library. Its traps are named where they are handled.
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
#include "protocol/packet.h"
#include "recipients.h"
#include "say.h"
#include "service.h"
#include "thread.h"

enum { PATIENCE_MS = 1000 }; /* for an answer to ourselves */

const char engine_name[] = " (libmilter)";
const bool engine_ends_on_hangup = true;

struct mta {
    SMFICTX *ctx;
    struct message message;
    sfsistat refusal; /* what goes with the reply that was set */
};

/* Where it listens; that does not change with a reload. */
static struct sockaddr_storage listening;
static socklen_t listening_len;
static char *listening_at;

/* libmilter's arguments are not constant, but it does not change them. */
static char *
text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* ---- what recipients and edits call ---- */

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

/* libmilter sends nothing that was not agreed on. */
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

/* They are with the MTA already. */
void
mta_cancel_edits(struct mta *mta)
{
    (void)mta;
}

/* ---- the steps of an MTA ---- */

/* What routing needs, and what we use if the MTA lets us; the steps that we do
 * not need; and those that we never answer. To an MTA that waits for an answer
 * libmilter gives one. As our own engine, see ../protocol/session.c. */
static const unsigned long recipient_actions = SMFIF_ADDRCPT | SMFIF_DELRCPT;
static const unsigned long wanted_actions =
    SMFIF_ADDHDRS | SMFIF_ADDRCPT_PAR | SMFIF_SETSYMLIST;
static const unsigned long unwanted_steps = SMFIP_NOCONNECT | SMFIP_NOHELO
                                            | SMFIP_NODATA | SMFIP_NOEOH
                                            | SMFIP_NOBODY | SMFIP_NOUNKNOWN;
static const unsigned long silent_steps = SMFIP_NR_MAIL | SMFIP_NR_HDR;

/* Without this libmilter would turn away an MTA that allows less than
 * xxfi_flags. */
static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
             unsigned long f2, unsigned long f3, unsigned long *our_actions,
             unsigned long *our_steps, unsigned long *our_f2,
             unsigned long *our_f3)
{
    (void)f2;
    (void)f3;
    recipients_negotiate((actions & recipient_actions) == recipient_actions,
                         (actions & SMFIF_ADDHDRS) != 0);
    *our_actions = actions & (recipient_actions | wanted_actions);
    *our_steps = steps & (unwanted_steps | silent_steps);
    *our_f2 = *our_f3 = 0;
    if ((actions & SMFIF_SETSYMLIST) != 0)
        smfi_setsymlist(ctx, SMFIM_ENVRCPT,
                        text_of("i v {rcpt_mailer} {rcpt_addr}"));
    return SMFIS_CONTINUE;
}

/* Made if there is none: on_close() has freed it where the MTA's next
 * connection comes on this one (QUIT_NC), which negotiates nothing and need not
 * say CONNECT. NULL without memory. */
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

/* libmilter starts a thread for a peer if it knows of no idle one. Peers that
 * speak in the same moment are all left to the same idle one, and then wait for
 * each other's answers, one after the other from a directory that is silent. A
 * new peer makes it count again. */
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
    struct sdr *sdr = service_get();
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
        .xxfi_flags = recipient_actions | wanted_actions,
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

/* Sets where it listens, and writes how libmilter calls that. False without
 * memory. */
static bool
set_listening(const char *socket, char name[], size_t size)
{
    struct sockaddr_un *path = (struct sockaddr_un *)&listening;
    struct sdr_inet inet;
    char host[NI_MAXHOST], port[NI_MAXSERV];

    listening_at = strdup(socket); /* a reload frees that one */
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

/* libmilter makes its socket itself. Nobody else connects before its mode is
 * set. It would take no packet of more than 65,535 octets; it counts them
 * without the command. */
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

/* libmilter waits for SIGHUP, SIGTERM and SIGINT as well as the main thread: it
 * takes one that comes while that is busy, and ends within five seconds. */
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

    (void)clients_max; /* it knows no limit */
    caller = pthread_self();
    rc = thread_start(&thread, serve, &caller);
    if (rc != 0)
        say(LOG_ERR, "cannot start a thread: %s", strerror(rc));
    return rc == 0;
}

/* What an MTA says first: version 6, all actions, all steps. Then QUIT. */
static const char question[] = "\0\0\0\015O\0\0\0\6\0\0\1\377\0\37\377\377"
                               "\0\0\0\1Q";

/* It has to stand in the backlog with all others. */
bool
engine_is_alive(void)
{
    int fd = connect_to_ourselves();
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    char octet;
    bool alive;

    if (fd < 0)
        return false;
    alive = send(fd, question, sizeof question - 1, MSG_NOSIGNAL)
                == (ssize_t)sizeof question - 1
            && poll(&answer, 1, PATIENCE_MS) == 1
            && recv(fd, &octet, sizeof octet, 0) == (ssize_t)sizeof octet;
    close(fd);
    return alive;
}

/* libmilter's own end takes five seconds and destroys locks that its threads
 * still take. So its threads are left at work: what they answer is lost, the
 * clients come again. */
bool
engine_end(void)
{
    listen_remove(listening_at);
    return false;
}
