/* postconf.h - Postfix's parameters and services, as postconf(1) tells them
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_POSTCONF_H
#define SDRCTL_POSTCONF_H

#include <stdbool.h>

#include "status.h"

enum { SERVICES_MAX = 128 };

struct service {
    char name[160]; /* "smtp/inet" */
    char command[64];
    bool chroot;
};

struct setting {
    const char *name, *value;
};

struct settings {
    char *text; /* holds them */
    struct setting *items;
    unsigned count;
};

struct postconf {
    const char *program;
    const char *folder;     /* of the configuration; NULL: the usual one */
    unsigned timeout;       /* seconds for each answer */
    struct settings main;   /* "relay_domains" */
    struct settings master; /* "smtp/inet/smtpd_milters" */
    unsigned service_count;
    struct service services[SERVICES_MAX];
};

/* Ask postconf->program about postconf->folder; the rest is zero. Returns
 * SDR_OK and something to be freed; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
postconf_read(struct postconf *postconf, struct sdr_error *error);

void
postconf_free(struct postconf *postconf);

/* The value of a parameter, as the service has it, or main.cf if SERVICE is
 * NULL; "" if there is none. Borrowed. */
const char *
postconf_get(const struct postconf *postconf, const struct service *service,
             const char *name);

/* The first service that runs this command; NULL if there is none. Borrowed. */
const struct service *
postconf_service(const struct postconf *postconf, const char *command);

#endif
