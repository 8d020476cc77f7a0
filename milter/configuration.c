/* configuration.c - see configuration.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "configuration.h"

#include <pthread.h>
#include <string.h>

#include "say.h"

static const char *config_path;
static bool verbose;
static struct sdr *current;
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;

/* Check that the milter can do what is configured. A milter edits recipients;
 * it cannot set a next hop. Tables can. */
static bool
can_serve(const struct sdr_config *config)
{
    bool ok = true;

    for (unsigned i = 0; i < config->site_count; i++) {
        if (config->sites[i].delivery == SDR_BY_NEXT_HOP
            && config->milter.rewrite == SDR_MILTER_REWRITES
            && config->milter.route == SDR_ROUTE_REFUSED) {
            say(LOG_ERR,
                "%s: [site %s]: delivery = route cannot be done by a milter; "
                "if the mail server's transport table does it, say "
                "milter-route = pass",
                config->path, config->sites[i].name);
            ok = false;
        }
    }
    return ok;
}

static enum sdr_status
open_config(struct sdr **sdr)
{
    int priority = LOG_ERR;
    struct sdr_trace mistakes = {say_line, &priority};
    enum sdr_status status = sdr_open(sdr, config_path, &mistakes);

    if (status == SDR_OK && !can_serve(sdr_get_config(*sdr))) {
        sdr_close(sdr);
        status = SDR_CONFIG;
    }
    if (status == SDR_TEMPFAIL)
        say(LOG_ERR, "%s: no memory", config_path);
    return status;
}

enum sdr_status
configuration_load(const char *path, bool is_verbose)
{
    config_path = path;
    verbose = is_verbose;
    return open_config(&current);
}

struct sdr *
configuration_get(void)
{
    struct sdr *sdr;

    pthread_mutex_lock(&current_lock);
    sdr = sdr_ref(current);
    pthread_mutex_unlock(&current_lock);
    return sdr;
}

bool
configuration_is_verbose(void)
{
    return verbose;
}

static bool
differ(const char *a, const char *b)
{
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0;
}

static bool
sockets_differ(const struct sdr_milter_options *a,
               const struct sdr_milter_options *b)
{
    return differ(a->socket, b->socket) || differ(a->map_socket, b->map_socket)
           || differ(a->socket_group, b->socket_group)
           || differ(a->key_file, b->key_file)
           || a->socket_mode != b->socket_mode;
}

void
configuration_reload(void)
{
    struct sdr *fresh = NULL;
    struct sdr *old;

    if (open_config(&fresh) != SDR_OK) {
        say(LOG_ERR, "keeping the old configuration");
        return;
    }
    pthread_mutex_lock(&current_lock);
    old = current;
    current = fresh;
    pthread_mutex_unlock(&current_lock);
    if (sockets_differ(&sdr_get_config(old)->milter,
                       &sdr_get_config(fresh)->milter))
        say(LOG_WARNING, "the sockets' options have changed: that needs a "
                         "restart");
    sdr_close(&old); /* messages in progress have their own references */
    say(LOG_NOTICE, "configuration reloaded");
}

void
configuration_unload(void)
{
    sdr_close(&current);
}
