/* config.h - the configuration, read from sdr.conf(5)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A configuration is loaded once and never changes: any number of threads may
 * read it until its owner frees it. All pointers belong to the configuration.
 * Sites, domains and directories are identified by their index. sdr.conf(5)
 * describes the options; lengths of time are in seconds.
 */
#ifndef SDR_CONFIG_H
#define SDR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "decision/address.h"
#include "status.h"
#include "trace.h"

#define SDR_CONFIG_PATH "/etc/sdr/sdr.conf"

enum { SDR_CONFIG_MAX_OCTETS = 1 << 20 };

/* A set of sites is a bit mask: bit I is the site with index I. */
#define SDR_SITES_MAX 32
typedef uint32_t sdr_sites;

/* The values of an option that may be given several times. */
struct sdr_list {
    const char **items;
    unsigned count;
};

enum sdr_delivery {
    SDR_REWRITE,    /* the recipient gets the site's routing domain */
    SDR_BY_NEXT_HOP /* the recipient is kept, the next hop is named */
};

struct sdr_site {
    const char *name;
    const char *routing_domain; /* a template: %d is the split domain */
    struct sdr_list owner_values;
    struct sdr_list accept_domains;
    enum sdr_delivery delivery;
    const char *next_hop; /* host:port; NULL unless delivered by next hop */
    bool strip_extension;
    struct sdr_list verify_addresses; /* in split domains, ASCII */
};

enum sdr_unknown { SDR_UNKNOWN_REJECT, SDR_UNKNOWN_PASS, SDR_UNKNOWN_SITE };

struct sdr_domain {
    const char *name; /* as written */
    const char *unknown_text, *alias_text;
    enum sdr_unknown unknown;
    unsigned unknown_site;          /* for SDR_UNKNOWN_SITE */
    unsigned canonical;             /* the domain it is an alias of; itself */
    char ascii[SDR_DOMAIN_MAX + 1]; /* as compared */
    char (*routing)[SDR_DOMAIN_MAX + 1]; /* by site: the routing domain */
};

/* What a domain name means here. */
enum sdr_name_kind {
    SDR_NAME_SPLIT,   /* a split domain, or an alias of one */
    SDR_NAME_ROUTING, /* a site's routing domain for a split domain */
    SDR_NAME_ACCEPT   /* another domain that a site takes mail for */
};

struct sdr_name {
    char domain[SDR_DOMAIN_MAX + 1];
    enum sdr_name_kind kind;
    unsigned site;  /* unless SPLIT */
    unsigned split; /* the domain's index, an alias resolved; unless ACCEPT */
};

enum sdr_bind {
    SDR_BIND_NONE,
    SDR_BIND_SIMPLE,
    SDR_BIND_EXTERNAL, /* the client's certificate, or its uid over ldapi:// */
    SDR_BIND_GSSAPI    /* Kerberos, with a keytab */
};

enum sdr_tls_version { SDR_TLS_1_2, SDR_TLS_1_3 };

/* How sdr-sync learns of changes. */
enum sdr_sync { SDR_SYNC_AUTO, SDR_SYNC_SYNCREPL, SDR_SYNC_USN, SDR_SYNC_FULL };

/* What becomes of a routing address outside every site. */
enum sdr_outside {
    SDR_OUTSIDE_BY_PROFILE,
    SDR_OUTSIDE_DEFERS,     /* mail waits until the entry is corrected */
    SDR_OUTSIDE_IS_IGNORED, /* the entry belongs to the default-owner */
    SDR_OUTSIDE_REDIRECTS   /* the mail goes there */
};

/* Which attribute means what: the profile with the overrides applied. */
struct sdr_mapping {
    struct sdr_list addresses; /* strongest first */
    bool explicit_addresses;   /* named in the configuration, each of them */
    const char *owner, *routing, *hold; /* NULL: there is none */
    const char *catch_all; /* a local part that stands for all; NULL: none */
    bool routing_wins;     /* our owner, yet a foreign routing address: go */
    bool contacts; /* with a routing address it may be no mailbox's entry */
    enum sdr_outside outside; /* never BY_PROFILE */
};

/* An address that each connection must find before its answers count. */
struct sdr_must_see {
    const char *text; /* as written */
    unsigned line;
    struct sdr_address address;
    bool has_site;
    unsigned site; /* that owns it */
};

struct sdr_config;

struct sdr_directory_options {
    const struct sdr_config *config; /* that it belongs to */
    unsigned index;                  /* there */
    const char *name;
    struct sdr_list uris;
    const char *ldif_path; /* the one URI is ldif:PATH; NULL: LDAP servers */
    const char *profile;
    const char *search_base;
    const char *filter; /* NULL: none */
    const char *default_owner_text;
    unsigned default_owner;
    enum sdr_bind bind;
    const char *bind_dn;
    const char *password_file;
    char *password;            /* read from password_file; wiped when freed */
    const char *keytab_file;   /* NULL: the tickets of the process */
    const char *principal;     /* NULL: the keytab's first */
    const char *admin_bind_dn; /* changes ownership; NULL: none */
    const char *admin_password_file;
    bool allow_plaintext_bind;
    bool start_tls;
    bool tls_require_cert;
    const char *tls_ca_file;
    const char *tls_cert_file, *tls_key_file; /* NULL: none */
    enum sdr_tls_version tls_min_version;
    unsigned timeout; /* seconds for the whole question */
    unsigned max_connections;
    enum sdr_sync sync;
    unsigned sync_interval; /* seconds; 0: as the method has it */
    struct sdr_list address_attributes;
    const char *owner_attribute, *routing_attribute, *hold_attribute;
    const char *catch_all;
    struct sdr_list hold_values; /* none: all but FALSE */
    enum sdr_outside outside;
    struct sdr_list must_see_texts;
    struct sdr_must_see *must_see;
    unsigned must_see_count;
    struct sdr_mapping mapping;
};

/* What sdr-milter does with sites that are reached by their next hop. */
enum sdr_milter_route {
    SDR_ROUTE_REFUSED, /* it refuses such a configuration */
    SDR_ROUTE_PASSES   /* it passes: a transport table of the MTA does it */
};

/* Who rewrites recipients. Never both: each would undo or double the other's
 * changes. */
enum sdr_rewrite {
    SDR_MILTER_REWRITES, /* sdr-milter edits the envelope of each message */
    SDR_TABLES_REWRITE   /* the MTA does, by the lookup table "route" */
};

struct sdr_milter_options {
    const char *socket;     /* a path, or "inet:", see net/inet.h */
    const char *map_socket; /* another; NULL: no lookup tables */
    const char *key_file;   /* NULL: MAP-SOCKET.key, if that is a path */
    const char *socket_group;
    unsigned socket_mode;
    enum sdr_milter_route route;
    enum sdr_rewrite rewrite;
    const char *metrics_file; /* NULL: none */
};

struct sdr_replica_options {
    const char *path;         /* NULL: there is no replica */
    unsigned unknown_max_age; /* seconds */
    unsigned known_max_age;   /* seconds */
    unsigned max_removed;     /* percent */
    unsigned max_moved;       /* percent */
    unsigned reconcile;       /* seconds between full reads; 0: none */
    const char *metrics_file; /* NULL: none */
};

struct sdr_config {
    const char *path;
    unsigned long serial; /* no other load in this process has it */
    const char *this_site_text;
    unsigned this_site;
    const char *recipient_delimiter; /* "" for none */
    unsigned loop_limit;
    struct sdr_list always_local;  /* patterns of fnmatch(3) */
    const char *journal_directory; /* what sdrctl has changed */
    struct sdr_site *sites;
    unsigned site_count;
    struct sdr_domain *domains;
    unsigned domain_count;
    struct sdr_directory_options *directories;
    unsigned directory_count;
    struct sdr_milter_options milter;
    struct sdr_replica_options replica;
    struct sdr_name *names; /* sorted by domain */
    unsigned name_count;
    bool is_compiled; /* it has no more than decisions from a replica need */
    void *texts;      /* holds the texts */
    void (*free_texts)(struct sdr_config *config); /* NULL: there are none */
    char **section_names; /* holds the names of sites and so on */
};

/* Read the file at PATH, at most SDR_CONFIG_MAX_OCTETS. All errors go to
 * MISTAKES (NULL: to nobody), each as a line "FILE:LINE: OPTION: REASON", in
 * the order of the file; at last those without a line, "FILE: REASON". Returns
 * SDR_OK and a configuration that the caller frees with sdr_config_free();
 * SDR_CONFIG after at least one error; or SDR_TEMPFAIL without memory. *CONFIG
 * is NULL unless the result is SDR_OK. With effective user id 0 the file, its
 * folder and the files that it names must belong to root and be writable by
 * nobody else. Reads the password files; uses no network. Any thread. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_config_load(struct sdr_config **config, const char *path,
                const struct sdr_trace *mistakes);

/* Free the configuration, wipe its passwords, and set the pointer to NULL. Does
 * nothing if the pointer is NULL. No thread may still be using it. */
SDR_PUBLIC void
sdr_config_free(struct sdr_config **config);

/* The meaning of DOMAIN (lower-case A-labels, see struct sdr_address); NULL if
 * it has none. Borrowed from the configuration. Any thread. */
SDR_PUBLIC const struct sdr_name *
sdr_config_name(const struct sdr_config *config, const char *domain);

/* The index of the site with this name, compared without regard to case; -1 if
 * there is none. Any thread. */
int
sdr_config_find_site(const struct sdr_config *config, const char *name);

/* The set of sites that an owner value means: the names and owner-values of the
 * sites are compared without regard to case, surrounding blanks, a final dot of
 * a host name, and the escapes in a distinguished name (RFC 4514). 0 if no site
 * answers to it. LEN octets; VALUE need not end with NUL. */
sdr_sites
sdr_config_owner(const struct sdr_config *config, const char *value,
                 size_t len);

/* True if any site has delivery = route. Any thread. */
SDR_PUBLIC bool
sdr_config_has_next_hop(const struct sdr_config *config);

#endif
