/* noop-milter.c - a libmilter filter that does nothing
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: noop-milter unix:PATH
 *
 * It negotiates the steps that a filter of recipients needs, RCPT and end of
 * message, and the right to edit recipients and add headers. It always answers
 * "continue": the minimum cost of a filter that uses libmilter.
 */
#include <stdbool.h>
#include <stdio.h>
#include <sysexits.h>

#include <libmilter/mfapi.h>

static const unsigned long unwanted =
    SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NOMAIL | SMFIP_NODATA | SMFIP_NOHDRS
    | SMFIP_NOEOH | SMFIP_NOBODY | SMFIP_NOUNKNOWN;

static sfsistat
on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
             unsigned long f3, unsigned long *pf0, unsigned long *pf1,
             unsigned long *pf2, unsigned long *pf3)
{
    (void)ctx, (void)f2, (void)f3;
    *pf0 = f0 & (SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_ADDHDRS);
    *pf1 = f1 & unwanted;
    *pf2 = *pf3 = 0;
    return SMFIS_CONTINUE;
}

static sfsistat
on_envrcpt(SMFICTX *ctx, char **argv)
{
    (void)ctx, (void)argv;
    return SMFIS_CONTINUE;
}

static sfsistat
on_eom(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_CONTINUE;
}

int
main(int argc, char **argv)
{
    struct smfiDesc description = {
        .xxfi_name = (char[]){"noop"},
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_ADDHDRS,
        .xxfi_envrcpt = on_envrcpt,
        .xxfi_eom = on_eom,
        .xxfi_negotiate = on_negotiate,
    };

    if (argc != 2) {
        fputs("usage: noop-milter unix:PATH\n", stderr);
        return EX_USAGE;
    }
    if (smfi_setconn(argv[1]) != MI_SUCCESS
        || smfi_register(description) != MI_SUCCESS)
        return EX_UNAVAILABLE;
    return smfi_main() == MI_SUCCESS ? 0 : EX_UNAVAILABLE;
}
