/* config.h - the configuration, read from sdr.conf(5)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Loaded once, then constant: any number of threads may read it until its owner
 * frees it. All pointers belong to the configuration. Sites, domains and
 * directories are known by their index.
 */
#ifndef SDR_CONFIG_H
#define SDR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "status.h"
#include "trace.h"

#define SDR_CONFIG_PATH "/etc/sdr/sdr.conf"

struct ini_cfgobj;

/* A set of sites is a bit mask. */
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

/* What a domain name means to us. */
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

/* Which attribute means what: a profile with the overrides applied. */
struct sdr_mapping {
    struct sdr_list addresses; /* strongest first */
    bool explicit_addresses;   /* named in the configuration, each of them */
    const char *owner, *routing, *hold; /* NULL: there is none */
    bool routing_wins;       /* our owner, yet a foreign routing address: go */
    bool routing_outside_ok; /* outside every site: as if there were none */
};

struct sdr_directory_options {
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
    const char *keytab_file;   /* NULL: the own tickets of who runs this */
    const char *principal;     /* NULL: the keytab's first */
    const char *admin_bind_dn; /* of who changes ownership; NULL: none */
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
    struct sdr_mapping mapping;
};

/* What sdr-milter does with sites that are reached by their next hop. */
enum sdr_milter_route {
    SDR_ROUTE_REFUSED, /* it refuses such a configuration */
    SDR_ROUTE_PASSES   /* it passes: a transport table of the MTA does it */
};

struct sdr_milter_options {
    const char *socket;     /* a path, "unix:" taken off */
    const char *map_socket; /* another; NULL: no lookup tables */
    const char *socket_group;
    unsigned socket_mode;
    enum sdr_milter_route route;
    const char *metrics_file; /* NULL: none */
};

struct sdr_replica_options {
    const char *path;         /* NULL: there is no replica */
    unsigned unknown_max_age; /* seconds */
    unsigned known_max_age;   /* seconds */
    unsigned max_removed;     /* percent */
    unsigned reconcile;       /* seconds between full reads; 0: none */
    const char *metrics_file; /* NULL: none */
};

struct sdr_config {
    const char *path;
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
    struct ini_cfgobj *parsed; /* holds the texts */
    char **section_names;      /* holds the names of sites and so on */
};

/* Read the file at PATH. Every mistake goes as a line "FILE:LINE: what" to
 * MISTAKES. Returns SDR_OK and a configuration that the caller frees;
 * SDR_CONFIG with at least one line told; or SDR_TEMPFAIL if there is no
 * memory. *config is NULL unless SDR_OK. With effective user id 0 the file, its
 * folder and the files it names must belong to root and be writable by nobody
 * else. Opens files, asks no network. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_config_load(struct sdr_config **config, const char *path,
                const struct sdr_trace *mistakes);

/* Free it and set the pointer to NULL; NULL is fine. */
SDR_PUBLIC void
sdr_config_free(struct sdr_config **config);

/* What the domain (A-labels, see struct sdr_address) means; NULL if nothing.
 * Borrowed from the configuration. */
SDR_PUBLIC const struct sdr_name *
sdr_config_name(const struct sdr_config *config, const char *domain);

/* The set of sites that an owner value means: by a site's name or one of its
 * owner values, case-insensitively; 0 if no site answers to it. */
sdr_sites
sdr_config_owner(const struct sdr_config *config, const char *value,
                 size_t len);

#endif
