/* uri.c - see uri.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/uri.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <ldap.h>

static bool
is_loopback(const char *host)
{
    struct in_addr v4;

    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "::1") == 0
        || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1
           && (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
}

bool
sdr_uri_exposes(const char *uri, bool start_tls)
{
    LDAPURLDesc *url = NULL;
    bool exposes;

    if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
        return false;
    exposes = strcmp(url->lud_scheme, "ldap") == 0 && !start_tls
              && (url->lud_host == NULL || !is_loopback(url->lud_host));
    ldap_free_urldesc(url);
    return exposes;
}
