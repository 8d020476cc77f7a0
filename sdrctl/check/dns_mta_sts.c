/* dns_mta_sts.c - sdrctl check dns: the MTA-STS policy of a split domain
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * curl fetches the policy and verifies the certificate, as sending mail systems
 * do.
 */
#include <stdio.h>
#include <string.h>

#include "check/dns_check.h"
#include "check/mta/mta.h"
#include "check/mta_sts.h"

enum { HOST_SIZE = DNS_NAME_SIZE + sizeof "mta-sts." };

/* ---- fetching it ---- */

/* Write "HOST:443:ADDRESS,[ADDRESS]" for curl --resolve, so that curl does no
 * DNS lookup of its own. */
static void
write_addresses(const char *host, const struct sdr_addresses *addresses,
                char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s:443:", host);

    for (unsigned i = 0; i < addresses->count && used < size; i++) {
        const struct sockaddr_storage *address = &addresses->items[i].address;
        bool is_v4 = address->ss_family == AF_INET;
        char one[64];

        address_text(address, one, sizeof one);
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s",
                                 i > 0 ? "," : "", is_v4 ? "" : "[", one,
                                 is_v4 ? "" : "]");
    }
}

/* Run curl and parse its output. Returns SDR_OK, or SDR_TEMPFAIL with the
 * reason. */
static enum sdr_status
run_curl(const struct network *network, const char *curl, const char *host,
         const struct sdr_addresses *addresses, struct mta_sts *policy,
         struct sdr_error *error)
{
    struct mta run = {.timeout = network->timeout};
    const char *ca = network->tls_ca_file;
    char url[HOST_SIZE + 64], to[2048];
    const struct reply *reply;
    enum sdr_status status = SDR_OK;

    snprintf(url, sizeof url, "https://%s/.well-known/mta-sts.txt", host);
    write_addresses(host, addresses, to, sizeof to);
    reply = ask(&run, NULL, curl, "-q", "-sS", "--fail", "--proto", "=https",
                "--max-filesize", "65536", "--resolve", to, url,
                ca != NULL ? "--cacert" : (const char *)NULL, ca,
                (const char *)NULL);
    if (reply->code != 0) {
        sdr_error_set(error, "%s: %s", url, reply->why);
        status = SDR_TEMPFAIL;
    }
    for (const char *line = NULL; (line = next_line(reply, line)) != NULL;)
        mta_sts_read(policy, line);
    forget_replies(&run);
    return status;
}

static enum sdr_status
fetch(const struct dns_check *state, struct mta_sts *policy,
      struct sdr_error *error)
{
    const struct network *network = &state->check->network;
    struct dns_answer answer;
    char host[HOST_SIZE], curl[PROGRAM_SIZE];

    snprintf(host, sizeof host, "mta-sts.%s", state->domain);
    dns_query_addresses(network->dns, host, &answer);
    if (answer.status != DNS_FOUND)
        sdr_error_set(error, "%s: %s", host,
                      answer.status == DNS_NO_ANSWER ? answer.reason
                                                     : "it has no address");
    else if (!find_program("curl", curl))
        sdr_error_set(error, "no curl, which fetches it, is installed");
    else
        return run_curl(network, curl, host, &answer.addresses, policy, error);
    return SDR_TEMPFAIL;
}

/* ---- comparing it ---- */

/* Check the current MX hosts of the domain. */
static void
compare_now(struct dns_check *state, const struct mta_sts *policy)
{
    bool enforced = policy->mode == MTA_STS_ENFORCE;
    unsigned refused = 0;

    for (unsigned i = 0; i < state->mx.count; i++) {
        const char *host = state->mx.hosts[i].name;

        if (mta_sts_permits(policy, host))
            continue;
        refused++;
        report_finding(
            &state->worst, enforced ? CHECK_WRONG : CHECK_DOUBTFUL, "MTA-STS",
            "add \"mx: HOST\" with that host to the policy, then change the id "
            "in the TXT record",
            "the policy of %s does not name the MX host %s: mail systems that "
            "follow it %s",
            state->domain, host,
            enforced ? "do not deliver there"
                     : "report that, and will not deliver there once its mode "
                       "is enforce");
    }
    if (refused == 0)
        report_finding(&state->worst, CHECK_OK, "MTA-STS", NULL,
                       "the policy of %s names all its MX hosts (mode %s)",
                       state->domain, enforced ? "enforce" : "testing");
}

/* Check the MX hosts of the other sites. A missing one is harmless until the MX
 * is switched to that site. */
static void
compare_sites(struct dns_check *state, const struct mta_sts *policy,
              unsigned split)
{
    const struct sdr_config *config = state->check->config;
    unsigned canonical = config->domains[split].canonical;

    for (unsigned i = 0; i < config->site_count; i++) {
        struct mx mx;

        if (i == config->this_site
            || config->sites[i].delivery == SDR_BY_NEXT_HOP)
            continue;
        mx_find(&mx, state->check->network.dns, &state->check->network.local,
                config->domains[canonical].routing[i]);
        for (unsigned j = 0; j < mx.count; j++) {
            if (!mta_sts_permits(policy, mx.hosts[j].name))
                report_finding(&state->worst, CHECK_OK, "MTA-STS", NULL,
                               "before you switch the MX of %s to the site "
                               "%s, add \"mx: %s\" to the policy, and wait %lu "
                               "s (max_age)",
                               state->domain, config->sites[i].name,
                               mx.hosts[j].name, policy->max_age);
        }
    }
}

static void
compare(struct dns_check *state, const struct mta_sts *policy, unsigned split)
{
    if (policy->mode == MTA_STS_NONE) {
        report_finding(&state->worst, CHECK_OK, "MTA-STS", NULL,
                       "the policy of %s is switched off (mode none)",
                       state->domain);
        return;
    }
    compare_now(state, policy);
    compare_sites(state, policy, split);
}

static void
check_policy(struct dns_check *state, unsigned split)
{
    struct sdr_error error = {""};
    struct mta_sts policy = {0};

    if (fetch(state, &policy, &error) != SDR_OK)
        report_finding(&state->worst, CHECK_DOUBTFUL, "MTA-STS",
                       "publish it there, with a certificate for that name; or "
                       "remove the TXT record",
                       "%s announces a policy that cannot be read, and mail "
                       "systems use the one they have, or none: %s",
                       state->domain, error.text);
    else if (mta_sts_check(&policy, &error) != SDR_OK)
        report_finding(&state->worst, CHECK_DOUBTFUL, "MTA-STS",
                       "correct the policy (RFC 8461, 3.2)",
                       "the policy of %s is ignored: %s", state->domain,
                       error.text);
    else
        compare(state, &policy, split);
}

void
dns_check_mta_sts(struct dns_check *state, unsigned split)
{
    char name[DNS_NAME_SIZE + sizeof "_mta-sts."];
    struct dns_answer answer;

    snprintf(name, sizeof name, "_mta-sts.%s", state->domain);
    dns_query_text(state->check->network.dns, name, "v=STSv1;", &answer);
    if (answer.status == DNS_NO_ANSWER)
        report_finding(&state->worst, CHECK_UNREACHABLE, "MTA-STS",
                       "try again later, or check the name servers", "%s: %s",
                       name, answer.reason);
    else if (answer.text_count == 0)
        report_finding(&state->worst, CHECK_OK, "MTA-STS", NULL,
                       "%s has no policy", state->domain);
    else if (answer.text_count > 1)
        report_finding(&state->worst, CHECK_DOUBTFUL, "MTA-STS",
                       "keep one of them",
                       "%s has %u TXT records of MTA-STS: mail systems ignore "
                       "the policy (RFC 8461, 3.1)",
                       name, answer.text_count);
    else
        check_policy(state, split);
}
