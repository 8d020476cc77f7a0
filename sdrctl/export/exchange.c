/* exchange.c - commands for the Exchange Management Shell
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Values are in single quotes, where nothing is expanded and only the quote
 * itself is doubled. They are ASCII, because PowerShell also accepts other
 * quotes, such as U+2019.
 */
#include <stdio.h>
#include <string.h>

#include "export/export.h"
#include "print.h"

static void
put_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            putchar('\'');
        putchar(*text);
    }
    putchar('\'');
}

/* Print " NAME 'TEXT'". */
static void
put(const char *name, const char *text)
{
    printf(" %s ", name);
    put_quoted(text);
}

/* ---- domains ---- */

/* An authoritative domain rejects recipients without a mailbox or contact. */
static void
put_accepted_domain(const struct sdr_config *config,
                    const struct sdr_domain *domain)
{
    bool relay = domain->unknown == SDR_UNKNOWN_SITE
                 && domain->unknown_site != config->this_site;

    fputs("Set-AcceptedDomain", stdout);
    put("-Identity", domain->ascii);
    printf(" -DomainType %s\n", relay ? "InternalRelay" : "Authoritative");
    if (relay)
        puts("# Recipients that are unknown there need a connector for this "
             "domain too, to a host of the other site.");
}

static void
put_connector(const char *domain)
{
    fputs("New-SendConnector", stdout);
    put("-Name", domain);
    printf(" -AddressSpaces 'SMTP:%s;1' -DNSRoutingEnabled $true\n", domain);
    fputs("# Exchange Online, instead: New-OutboundConnector", stdout);
    put("-Name", domain);
    put("-RecipientDomains", domain);
    puts(" -ConnectorType Partner -UseMXRecord $true");
}

static void
begin(const struct export *export)
{
    const struct sdr_config *config = export->config;

    fputs("# Mail for people whose mailbox is not at ", stdout);
    print_clean(config->sites[config->this_site].name);
    puts(", by sdrctl export.");
    if (export->is_difference)
        return;
    for (unsigned d = 0; d < config->domain_count; d++) {
        put_accepted_domain(config, &config->domains[d]);
        for (unsigned s = 0; s < config->site_count; s++) {
            if (s != config->this_site && config->domains[d].canonical == d
                && config->sites[s].delivery == SDR_REWRITE)
                put_connector(config->domains[d].routing[s]);
        }
    }
}

/* ---- recipients ---- */

static void
put_removal(const char *address)
{
    fputs("if (Get-MailContact", stdout);
    put("-Identity", address);
    fputs(" -ErrorAction SilentlyContinue) { Remove-MailContact", stdout);
    put("-Identity", address);
    puts(" -Confirm:$false }");
}

/* Create or update a mail contact with this address; its mail goes to the
 * target. */
static void
put_contact(const char *address, const char *target)
{
    fputs("if (Get-MailContact", stdout);
    put("-Identity", address);
    fputs(" -ErrorAction SilentlyContinue) { Set-MailContact", stdout);
    put("-Identity", address);
    put("-ExternalEmailAddress", target);
    fputs(" } else { New-MailContact", stdout);
    put("-Name", address);
    put("-ExternalEmailAddress", target);
    put("-PrimarySmtpAddress", address);
    puts(" }");
}

static void
put_forwarding(const char *address, const char *target)
{
    fputs("Set-Mailbox", stdout);
    put("-Identity", address);
    put("-ForwardingSmtpAddress", target);
    puts(" -DeliverToMailboxAndForward $true");
}

static const char *
line(const struct export *export, const struct export_line *line)
{
    enum { NAME_MAX_OCTETS = 64 }; /* of the name of a contact */

    (void)export;
    if (line->count > 1)
        return "it has mailboxes at several other sites, and a contact has one "
               "target";
    if (line->action != EXPORT_COPY && strlen(line->address) > NAME_MAX_OCTETS)
        return "it is longer than the name of a contact can be";
    if (line->action == EXPORT_REMOVE)
        put_removal(line->address);
    else if (line->action == EXPORT_COPY)
        put_forwarding(line->address, line->targets[0].address);
    else
        put_contact(line->address, line->targets[0].address);
    return NULL;
}

/* In an identity, * and ? are wildcards, and / makes it a path to any object:
 * an address could match another contact. */
const struct export_format export_exchange = {.name = "exchange",
                                              .never = "*?/",
                                              .never_first = "",
                                              .begin = begin,
                                              .line = line};
