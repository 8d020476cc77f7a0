/* config.h - the configuration, read from sdr.conf(5)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * A configuration is loaded once and never changes, so any number of threads
 * may read it until it is freed. All pointers in it are borrowed: they are
 * valid until then. Sites, domains and directories are identified by their
 * index, from 0. sdr.conf(5) describes the options. Times are in seconds.
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

/* The longest file accepted. */
enum { SDR_CONFIG_MAX_OCTETS = 1 << 20 };

/* A set of sites is a bit mask: bit I is the site with index I. */
#define SDR_SITES_MAX 32
typedef uint32_t sdr_sites;

/* The values of a repeatable option, in the order of the file. */
struct sdr_list {
    const char **items;
    unsigned count;
};

enum sdr_delivery {
    SDR_REWRITE,    /* replace the domain by the site's routing domain */
    SDR_BY_NEXT_HOP /* keep the recipient and name the next hop */
};

struct sdr_site {
    const char *name;
    const char *routing_domain; /* template: %d stands for the split domain */
    struct sdr_list owner_values;
    struct sdr_list accept_domains;
    enum sdr_delivery delivery;
    const char *next_hop; /* host:port; NULL unless SDR_BY_NEXT_HOP */
    bool strip_extension;
    struct sdr_list verify_addresses; /* ASCII, in split domains */
};

enum sdr_unknown { SDR_UNKNOWN_REJECT, SDR_UNKNOWN_PASS, SDR_UNKNOWN_SITE };

struct sdr_domain {
    const char *name;                      /* as written */
    const char *unknown_text, *alias_text; /* as written; alias NULL: none */
    enum sdr_unknown unknown;
    unsigned unknown_site; /* only for SDR_UNKNOWN_SITE */
    unsigned canonical;    /* the domain that this is an alias of, or itself */
    char ascii[SDR_DOMAIN_MAX + 1];      /* lower-case A-labels */
    char (*routing)[SDR_DOMAIN_MAX + 1]; /* for each site; NULL for an alias */
};

/* The meaning of a domain name. */
enum sdr_name_kind {
    SDR_NAME_SPLIT,   /* a split domain, or an alias of one */
    SDR_NAME_ROUTING, /* a site's routing domain for a split domain */
    SDR_NAME_ACCEPT   /* another domain that a site accepts mail for */
};

struct sdr_name {
    char domain[SDR_DOMAIN_MAX + 1];
    enum sdr_name_kind kind;
    unsigned site;  /* not for SDR_NAME_SPLIT */
    unsigned split; /* index of the split domain, aliases resolved; not for
                       SDR_NAME_ACCEPT */
};

enum sdr_bind {
    SDR_BIND_NONE,
    SDR_BIND_SIMPLE,
    SDR_BIND_EXTERNAL, /* by client certificate, or by uid over ldapi:// */
    SDR_BIND_GSSAPI    /* Kerberos, with a keytab */
};

enum sdr_tls_version { SDR_TLS_1_2, SDR_TLS_1_3 };

/* How sdr-sync learns of changes. */
enum sdr_sync { SDR_SYNC_AUTO, SDR_SYNC_SYNCREPL, SDR_SYNC_USN, SDR_SYNC_FULL };

/* What to do with a routing address outside every site. */
enum sdr_outside {
    SDR_OUTSIDE_BY_PROFILE, /* not configured: as the profile says */
    SDR_OUTSIDE_DEFERS,     /* mail waits until the entry is corrected */
    SDR_OUTSIDE_IS_IGNORED, /* the entry belongs to the default-owner */
    SDR_OUTSIDE_REDIRECTS   /* the mail goes there */
};

/* The meaning of attributes: the profile with the overrides applied. */
struct sdr_mapping {
    struct sdr_list addresses; /* strongest first */
    bool explicit_addresses;   /* from address-attribute, not the profile */
    const char *owner, *routing, *hold; /* attributes; NULL: none */
    const char *catch_all; /* local part of the catch-all entry; NULL: none */
    bool routing_wins; /* a routing address at another site beats an owner that
                          is this site */
    bool contacts;     /* an entry with a routing address may be a contact, not
                          a mailbox */
    enum sdr_outside outside; /* never SDR_OUTSIDE_BY_PROFILE */
};

/* An address that each connection must find before its answers are used. */
struct sdr_must_see {
    const char *text; /* as written */
    unsigned line;
    struct sdr_address address;
    bool has_site;
    unsigned site; /* its owner; only with has_site */
};

struct sdr_config;

struct sdr_directory_options {
    const struct sdr_config *config; /* the one it belongs to */
    unsigned index;                  /* in config->directories */
    const char *name;
    struct sdr_list uris;
    const char *ldif_path; /* of a URI ldif:PATH; NULL: LDAP servers */
    const char *profile;
    const char *search_base;
    const char *filter; /* NULL: none */
    const char *default_owner_text;
    unsigned default_owner;
    enum sdr_bind bind;
    const char *bind_dn;
    const char *password_file;
    char *password;            /* from password_file; NULL: none */
    const char *keytab_file;   /* NULL: use the process's tickets */
    const char *principal;     /* NULL: the first in the keytab */
    const char *admin_bind_dn; /* changes owners, for sdrctl; NULL: none */
    const char *admin_password_file;
    bool allow_plaintext_bind;
    bool start_tls;
    bool tls_require_cert;
    const char *tls_ca_file;
    const char *tls_cert_file, *tls_key_file; /* NULL: none */
    enum sdr_tls_version tls_min_version;
    unsigned timeout;         /* seconds, for a whole look-up */
    unsigned max_connections; /* per URI */
    enum sdr_sync sync;
    unsigned sync_interval; /* seconds; 0: the default of the method */
    struct sdr_list address_attributes;
    const char *owner_attribute, *routing_attribute, *hold_attribute;
    const char *catch_all;
    struct sdr_list hold_values; /* none: every value except FALSE */
    enum sdr_outside outside;
    struct sdr_list must_see_texts;
    struct sdr_must_see *must_see;
    unsigned must_see_count;
    struct sdr_mapping mapping;
};

/* What sdr-milter does if a site has delivery = route. */
enum sdr_milter_route {
    SDR_ROUTE_REFUSED, /* reject the configuration */
    SDR_ROUTE_PASSES   /* pass: the MTA's transport table routes the mail */
};

/* What rewrites recipients. Never both: each would undo or duplicate the
 * changes of the other. */
enum sdr_rewrite {
    SDR_MILTER_REWRITES, /* sdr-milter edits the envelope of each message */
    SDR_TABLES_REWRITE   /* the MTA rewrites with the lookup table "route" */
};

struct sdr_milter_options {
    const char *socket;       /* a path, or "inet:...", see net/inet.h */
    const char *map_socket;   /* likewise; NULL: no lookup tables */
    const char *key_file;     /* NULL: MAP-SOCKET.key, if that is a path */
    const char *socket_group; /* NULL: the group of the process */
    unsigned socket_mode;
    enum sdr_milter_route route;
    enum sdr_rewrite rewrite;
    const char *metrics_file; /* NULL: none */
};

struct sdr_replica_options {
    const char *path;         /* NULL: no replica */
    unsigned unknown_max_age; /* seconds for which "no entry" is used */
    unsigned known_max_age;   /* seconds for which an entry is used */
    unsigned max_removed;     /* percent of the entries, at once */
    unsigned max_moved;       /* percent of the entries, at once */
    unsigned reconcile;       /* seconds between full reads; 0: never */
    const char *metrics_file; /* NULL: none */
};

struct sdr_config {
    const char *path;
    unsigned long serial; /* from 1, a new one for each load in this process;
                             0 if is_compiled */
    const char *this_site_text;
    unsigned this_site;
    const char *recipient_delimiter; /* "" for none */
    unsigned loop_limit;
    struct sdr_list always_local;  /* patterns of fnmatch(3) */
    const char *journal_directory; /* where sdrctl records its changes */
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
    bool is_compiled; /* read from its compiled form: see config/compiled.h */
    void *texts;      /* private: the memory of the texts */
    void (*free_texts)(struct sdr_config *config); /* private; NULL: none */
    char **section_names; /* private: the memory of the sections' names */
};

/* Read the file at PATH, of at most SDR_CONFIG_MAX_OCTETS, and the password
 * files that it names. Reports every error to MISTAKES, which may be NULL, as a
 * line "FILE:LINE: OPTION: REASON", in the order of the file; those without a
 * line, "FILE: REASON", come last. Returns SDR_OK and a configuration that the
 * caller frees with sdr_config_free(). Otherwise *CONFIG is NULL: returns
 * SDR_CONFIG after at least one error, or SDR_TEMPFAIL without memory. With
 * effective user ID 0 the file, the files that it names, and their folders must
 * belong to root and be writable by nobody else. Uses no network. Any thread.
 */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_config_load(struct sdr_config **config, const char *path,
                const struct sdr_trace *mistakes);

/* Free the configuration, wipe its passwords, and set *CONFIG to NULL. Does
 * nothing if *CONFIG is NULL. Any thread, once no other uses it. */
SDR_PUBLIC void
sdr_config_free(struct sdr_config **config);

/* Returns the meaning of DOMAIN (lower-case A-labels, see struct sdr_address),
 * borrowed from the configuration; NULL if it has none. Any thread. */
SDR_PUBLIC const struct sdr_name *
sdr_config_name(const struct sdr_config *config, const char *domain);

/* Returns the index of the site with this name, ignoring ASCII case; -1 if
 * there is none. Any thread. */
int
sdr_config_find_site(const struct sdr_config *config, const char *name);

/* Returns the site that an owner value of LEN octets means, as a set of one; 0
 * if there is none. Compares VALUE, which needs no final NUL, with the name and
 * the owner-values of each site. Ignores ASCII case, surrounding blanks, the
 * final dot of a host name, and in a distinguished name the way of escaping
 * (RFC 4514) and blanks around separators (RFC 2253, 4). Any thread. */
sdr_sites
sdr_config_owner(const struct sdr_config *config, const char *value,
                 size_t len);

/* Returns true if any site has delivery = route. Any thread. */
SDR_PUBLIC bool
sdr_config_has_next_hop(const struct sdr_config *config);

#endif
